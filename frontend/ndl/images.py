"""Functions of NDL on images: layouts, convolution, pooling, batch normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brainscript.frontend import flat
from brainscript.frontend.ndl.arguments import Arguments
from brainscript.frontend.syntax import Expression

LAYOUTS = {"chw": "CHW", "cudnn": "CHW", "hwc": "HWC", "legacy": "HWC"}
CONVOLUTIONS = (
    "write Convolution(W, x, kernelShape) or Convolution(W, x, kernelWidth, kernelHeight, "
    "channels, strideX, strideY): the size of the image is that of x"
)
Options = dict[str, Expression | float | str | bool]


def layout_of(given: Arguments, default: str) -> str:
    """The option `imageLayout`: `CHW` or `HWC`."""
    word = given.text("imageLayout", default)
    if word.lower() not in LAYOUTS:
        raise given.fail(f"imageLayout must be CHW or HWC, not '{word}'")
    return LAYOUTS[word.lower()]


def arranged(given: Arguments, sizes: Sequence[float], default: str) -> list[float]:
    """Width, height and channels as dimensions in the order of the layout."""
    width, height, channels = sizes
    if layout_of(given, default) == "CHW":
        return [width, height, channels]
    return [channels, width, height]


def reshape(given: Arguments) -> Expression:
    """`Reshape(x, rows)`, or with the sizes of an image."""
    given.expect(2, 2)
    dims = [given.number(1)]
    sizes = [given.number_option(f"image{name}", 0.0) for name in ("Width", "Height", "Channels")]
    if all(sizes):
        dims = arranged(given, sizes, "HWC")
    return flat.call(given.span, "NewReshape", [given.input(0), flat.shape(given.span, dims)])


def convolution(given: Arguments) -> Expression:
    """Seven arguments for images, or two and the shape of the kernel."""
    if len(given) not in (3, 7):
        raise given.fail(f"'Convolution' takes 3 or 7 arguments, not {len(given)}", CONVOLUTIONS)
    return _old_convolution(given) if len(given) == 7 else _convolution(given)


def _old_convolution(given: Arguments) -> Expression:
    width, height, channels, right, down = (given.number(i) for i in range(2, 7))
    pad = given.flag("zeroPadding", False)
    flags = [flat.literal(given.span, flag) for flag in (pad, pad, False)]
    options: Options = {
        "mapDims": flat.shape(given.span, (1.0, 1.0, channels)),
        "imageLayout": layout_of(given, "HWC"),
        "stride": flat.shape(given.span, (right, down)),
        "autoPadding": flat.array(given.span, flags),
        "maxTempMemSizeInSamples": given.number_option("maxTempMemSizeInSamples", 0.0),
    }
    kernel = flat.shape(given.span, (width, height))
    return flat.call(given.span, "Convolution", [*_two(given), kernel], options)


def _convolution(given: Arguments) -> Expression:
    options = _window_options(given)
    transposed = given.flag("transpose", False)
    options["mapDims"] = _shape(given, "mapCount", 0.0)
    options["sharing"] = _flags(given, "sharing", True)
    options["maxTempMemSizeInSamples"] = given.number_option("maxTempMemSizeInSamples", 0.0)
    if transposed and given.has("outputShape"):
        options["outputShape"] = _shape(given, "outputShape", 0.0)
    function = "ConvolutionTranspose" if transposed else "Convolution"
    kernel = flat.shape(given.span, given.shape(2))
    return flat.call(given.span, function, [*_two(given), kernel], options)


def pooling(given: Arguments) -> Expression:
    """`Pooling(x, max|average, kernelShape)`."""
    given.expect(3, 3)
    kind = given.word(1)
    if kind not in ("max", "average"):
        raise given.fail(f"the second argument of 'Pooling' is max or average, not '{kind}'")
    kernel = flat.shape(given.span, given.shape(2))
    inputs = [given.input(0), flat.literal(given.span, kind), kernel]
    return flat.call(given.span, "Pooling", inputs, _window_options(given))


def unpooling(given: Arguments) -> Expression:
    """`MaxUnpooling(x, mask, kernelShape)`."""
    given.expect(3, 3)
    kernel = flat.shape(given.span, given.shape(2))
    return flat.call(given.span, "MaxUnpooling", [*_two(given), kernel], _window_options(given))


def old_pooling(function: str) -> Callable[[Arguments], Expression]:
    """`MaxPooling(x, windowWidth, windowHeight, strideX, strideY)`."""

    def make(given: Arguments) -> Expression:
        given.expect(5, 5)
        sizes = [flat.literal(given.span, given.number(i)) for i in range(1, 5)]
        options: Options = {"imageLayout": layout_of(given, "HWC")}
        return flat.call(given.span, function, [given.input(0), *sizes], options)

    return make


def batch_normalization(given: Arguments) -> Expression:
    """The count of samples, the sixth input, is made where it is left out."""
    given.expect(5, 6)
    inputs = given.inputs()
    if len(inputs) == 5:
        inputs.append(given.extra(f"{given.node.name}.run_sample_count", [1.0], 0.0))
    engine = given.text("engine", "cntk").lower()
    options: Options = {
        "spatial": given.flag("spatial", False),
        "normalizationTimeConstant": given.number_option("normalizationTimeConstant", 0.0),
        "blendTimeConstant": given.number_option("blendTimeConstant", 0.0),
        "epsilon": given.number_option("epsilon", 0.00001),
        "useCntkEngine": engine != "cudnn",
        "imageLayout": layout_of(given, "CHW"),
    }
    options["runCount"] = inputs.pop()
    return flat.call(given.span, "BatchNormalization", inputs, options)


def crop(given: Arguments) -> Expression:
    """`Crop(a, b)`, with two offsets, or with two nodes that lie over each other."""
    if len(given) == 4 and all(given.is_number(i) for i in (2, 3)):
        offsets: Options = {"xOffset": given.number(2), "yOffset": given.number(3)}
        return flat.new_node(given.span, "Crop", _two(given), offsets)
    if len(given) not in (2, 4):
        raise given.fail(f"'Crop' takes 2 or 4 arguments, not {len(given)}")
    return flat.new_node(given.span, "Crop", given.inputs())


def _two(given: Arguments) -> list[Expression]:
    return [given.input(0), given.input(1)]


def _window_options(given: Arguments) -> Options:
    return {
        "stride": _shape(given, "stride", 1.0),
        "autoPadding": _flags(given, "autoPadding", True),
        "lowerPad": _shape(given, "lowerPad", 0.0),
        "upperPad": _shape(given, "upperPad", 0.0),
        "imageLayout": layout_of(given, "CHW"),
    }


def _shape(given: Arguments, option: str, default: float) -> Expression:
    return flat.shape(given.span, given.shape_option(option, [default]))


def _flags(given: Arguments, option: str, default: bool) -> Expression:
    values = [flat.literal(given.span, flag) for flag in given.flags(option, default)]
    return flat.array(given.span, values)
