"""The functions of NDL as nodes of BrainScript, with the defaults that they have in NDL."""

from __future__ import annotations

from collections.abc import Callable

from brainscript.frontend import flat
from brainscript.frontend.ndl import images
from brainscript.frontend.ndl.arguments import Arguments
from brainscript.frontend.ndl.names import SAME
from brainscript.frontend.syntax import Expression

Make = Callable[[Arguments], Expression]

_FROZEN = ("needGradient", "needsGradient", "computeGradient")


def expression_of(given: Arguments) -> Expression:
    """The node that one call makes."""
    function = given.node.function
    if function in SAME:
        given.expect(1, 1000)
        return flat.new_node(given.span, function, given.inputs())
    return _SPECIAL[function](given)


def makes_parameter(function: str) -> bool:
    """Whether the function makes a parameter: these are made first, in the order of the script."""
    return function in ("LearnableParameter", "ImageParameter")


def _input(given: Arguments, sparse: bool = False) -> Expression:
    given.expect(1, 32)
    return _input_of(given, given.numbers(), sparse)


def _input_of(given: Arguments, dims: list[float], sparse: bool) -> Expression:
    options = {
        "dims": flat.shape(given.span, dims),
        "sparse": sparse,
        "dynamicAxis": given.text("dynamicAxis"),
    }
    return flat.new_node(given.span, "InputValue", (), options)


def _image_input(given: Arguments, sparse: bool = False) -> Expression:
    given.expect(3, 4)
    dims = images.arranged(given, [given.number(i) for i in range(3)], "HWC")
    return _input_of(given, dims, sparse)


def _parameter(given: Arguments) -> Expression:
    given.expect(1, 32)
    return _parameter_of(given, given.numbers())


def _image_parameter(given: Arguments) -> Expression:
    given.expect(3, 32)
    dims = given.numbers()
    return _parameter_of(given, [*dims[:-3], *images.arranged(given, dims[-3:], "HWC")])


def _parameter_of(given: Arguments, dims: list[float]) -> Expression:
    frozen = any(given.has(name) and not given.flag(name, True) for name in _FROZEN)
    options: dict[str, Expression | float | str | bool] = {
        "dims": flat.shape(given.span, dims),
        "init": given.text("init", "uniform"),
        "initValueScale": given.number_option("initValueScale", 1.0),
        "value": given.number_option("value", 0.0),
        "initFromFilePath": given.text("initFromFilePath"),
        "initOnCPUOnly": given.flag("initOnCPUOnly", False),
        "randomSeed": given.number_option("randomSeed", -1.0),
        "learningRateMultiplier": given.number_option("learningRateMultiplier", 1.0),
    }
    if frozen:
        options["learningRateMultiplier"] = 0.0
    if options["init"] == "bilinear":
        options["kernelWidth"] = given.number_option("kernelWidth", 0.0)
        options["kernelHeight"] = given.number_option("kernelHeight", 0.0)
    return flat.new_node(given.span, "LearnableParameter", (), options)


def _constant(given: Arguments) -> Expression:
    given.expect(1, 1)
    dims = [given.number_option("rows", 1.0), given.number_option("cols", 1.0)]
    options = {
        "dims": flat.shape(given.span, dims),
        "learningRateMultiplier": 0.0,
        "initValue": given.number(0),
    }
    return flat.new_node(given.span, "LearnableParameter", (), options)


def _negative_samples(given: Arguments) -> Expression:
    given.expect(4, 4)
    options = {"numShifts": given.constant(2), "numNegSamples": given.constant(3)}
    return flat.new_node(given.span, given.node.function, given.inputs()[:2], options)


def _row_slice(given: Arguments) -> Expression:
    given.expect(3, 3)
    bounds = [flat.literal(given.span, given.number(i)) for i in range(2)]
    return flat.call(given.span, "RowSlice", [*bounds, given.input(2)])


def _row_repeat(given: Arguments) -> Expression:
    given.expect(2, 2)
    count = flat.literal(given.span, given.number(1))
    return flat.call(given.span, "RowRepeat", [given.input(0), count])


def _delay(function: str) -> Make:
    """`PastValue(rows, x)`, or `PastValue(rows, cols, x)` whose columns mean nothing."""

    def make(given: Arguments) -> Expression:
        given.expect(2, 3)
        steps = given.number_option("delayTime", 1.0)
        options = {
            "timeStep": given.number_option("timeStep", steps),
            "defaultHiddenActivation": given.number_option("defaultHiddenActivity", 0.1),
        }
        rows = flat.literal(given.span, given.number(0))
        return flat.call(given.span, function, [rows, given.input(len(given) - 1)], options)

    return make


def _transpose(given: Arguments) -> Expression:
    given.expect(1, 1)
    return flat.call(given.span, "Transpose", given.inputs())


_SPECIAL: dict[str, Make] = {
    "InputValue": _input,
    "SparseInputValue": lambda given: _input(given, True),
    "ImageInput": _image_input,
    "SparseImageInput": lambda given: _image_input(given, True),
    "LearnableParameter": _parameter,
    "ImageParameter": _image_parameter,
    "Constant": _constant,
    "CosDistanceWithNegativeSamples": _negative_samples,
    "RowSlice": _row_slice,
    "RowRepeat": _row_repeat,
    "PastValue": _delay("PastValue"),
    "FutureValue": _delay("FutureValue"),
    "Transpose": _transpose,
    "Reshape": images.reshape,
    "Convolution": images.convolution,
    "Pooling": images.pooling,
    "MaxUnpooling": images.unpooling,
    "MaxPooling": images.old_pooling("MaxPooling"),
    "AveragePooling": images.old_pooling("AveragePooling"),
    "BatchNormalization": images.batch_normalization,
    "Crop": images.crop,
}
