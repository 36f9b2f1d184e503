"""Making operations, parameters and inputs from BrainScript's options."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr

from brainscript.diagnostic import BrainScriptError, Span
from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.net.leaves import initialiser, make_input, make_parameter, takes_seed
from brainscript.dialects.net.parameters import ReadOp
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import TensorType, f64, type_of

PLACE = FileLineColLoc(StringAttr("net.bs"), IntAttr(4), IntAttr(7))


def read(name: str, *shape: int):
    return ReadOp(name, TensorType.of(shape)).result


@pytest.mark.parametrize(
    ("mapped", "result"), [(-1, (5, 3, 2)), (0, (5,)), (1, (5, 2)), (2, (5, 3, 2))]
)
def test_times_infers_axes_to_map(mapped: int, result: tuple[int, ...]):
    x = make_input("x", {"dims": [4, 3, 2]})
    op = KINDS["Times"].make([read("W", 5, -1), x.result], {"inferInputRankToMap": mapped}, "z")
    assert type_of(op.result) == TensorType.of(result, axis="*")


def test_infer_gives_the_type_without_an_operation():
    kind = TensorType.of((4, 3), axis="*")
    options = {"AXIS": 2.0, "reductionOp": "Max"}
    assert KINDS["ReduceElements"].infer([kind], options) == kind.with_shape((4, 1))


@pytest.mark.parametrize(
    ("kind", "shapes", "options", "code", "title"),
    [
        ("Times", [(5, 4), (3,)], {}, "BS0403", "the dimensions of a product do not fit"),
        ("Times", [(5, 4), (4,)], {"outputRank": 3}, "BS0404", "the ranks of a product"),
        ("Times", [(5, 4), (4,)], {"outputRank": 0}, "BS0404", "outputRank must be at least 1"),
        ("Times", [(5, 4)], {}, "BS0413", "'Times' takes 2 inputs, not 1"),
        ("Logistic", [(1,)], {}, "BS0413", "'Logistic' takes 2 to 3 inputs, not 1"),
        ("Plus", [(2,), (3,)], {}, "BS0401", "shapes do not match"),
        ("SquareError", [(2,), (2, 2)], {}, "BS0401", "label and prediction differ in shape"),
        ("ReduceElements", [(2,)], {"axis": 2}, "BS0407", "there is no such axis"),
        ("ReduceElements", [(2,)], {"axis": 0.5}, "BS0402", "'axis' must be a whole number"),
        ("ReduceElements", [(2,)], {"axes": 1}, "BS0414", "has no option 'axes'"),
        ("TransposeTimes", [(2, 2, 2), (2,)], {}, "BS0404", "a vector or a matrix"),
        ("Reshape", [(4, 3)], {"dims": (5, 2)}, "BS0420", "keeps the number of elements"),
        ("Reshape", [(4, 3)], {"dims": (0, 0)}, "BS0420", "infer one dimension only"),
        ("Reshape", [(4,)], {"dims": (4,), "beginAxis": 3}, "BS0407", "there is no such axis"),
        ("LegacyReshape", [(4,)], {"numRows": 8}, "BS0420", "change the number of frames"),
        ("Slice", [(4,)], {"beginIndex": 2, "endIndex": 6}, "BS0421", "a slice beyond"),
        ("Slice", [(4,)], {"beginIndex": 2, "endIndex": 2}, "BS0421", "a slice beyond"),
        ("RowStack", [(4,)], {"axis": 0}, "BS0407", "along a static axis"),
        ("RowStack", [(4, 2), (4, 3)], {}, "BS0401", "shapes do not match"),
        ("RowRepeat", [(4,)], {"numRepeats": 0}, "BS0402", "must be 1 or more"),
        ("TransposeDimensions", [(4,)], {"axis1": 2, "axis2": 3}, "BS0407", "no such axis"),
        ("Diagonal", [(4, 3)], {}, "BS0401", "one square matrix"),
        ("LookupTable", [(3, 5), (7,)], {}, "BS0403", "do not fit the lookup table"),
    ],
)
def test_wrong_use_is_a_diagnostic_at_the_place(
    kind: str, shapes: list[tuple[int, ...]], options: dict[str, object], code: str, title: str
):
    inputs = [read(f"x{i}", *shape) for i, shape in enumerate(shapes)]
    with pytest.raises(BrainScriptError) as caught:
        KINDS[kind].make(inputs, options, "h.z", PLACE)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.path) == (code, "h.z")
    assert title in diagnostic.title
    assert diagnostic.span == Span("net.bs", 4, 7)


@pytest.mark.parametrize(
    ("options", "init", "seed"),
    [
        ({}, "uniform", True),
        ({"value": 3}, "uniform", True),
        ({"initValue": 3}, "constant", False),
        ({"initFromFilePath": "w.txt"}, "fromFile", False),
        ({"initFromLiteral": "1 2"}, "uniform", True),
        ({"init": "fixedValue", "value": 3}, "constant", False),
        ({"init": "zero"}, "constant", False),
        ({"init": "HENORMAL"}, "heNormal", True),
        ({"init": "TruncNormal", "randomSeed": 0}, "truncNormal", False),
        ({"init": "bilinear"}, "bilinear", False),
    ],
)
def test_choice_of_the_initialisation(options: dict[str, object], init: str, seed: bool):
    assert initialiser(options) == init
    assert takes_seed(options) == seed


def test_parameter_keeps_what_its_initialisation_needs():
    options = {"dims": [3, 0], "init": "gaussian", "initValueScale": 2, "learningRateMultiplier": 0}
    op = make_parameter("h.W", options, 9, f64, PLACE)
    assert str(op) == (
        'net.parameter @h.W : !net.t<[3 x ?], f64> {init = "gaussian", '
        "learning_rate_multiplier = 0.0, seed = 9, scale = 2.0}"
    )
    assert make_parameter("W", options | {"randomSeed": 4}, 9).seed is not None
    zero = make_parameter("b", {"dims": 3, "initValue": 0.5}, 1)
    assert str(zero) == 'net.parameter @b : !net.t<[3], f32> {init = "constant", value = 0.5}'
    fixed = {"dims": 3, "init": "fixedValue", "initValue": 3}
    assert "value = 0.0" in str(make_parameter("b", fixed, 1))
    assert "value = 2.0" in str(make_parameter("b", fixed | {"value": 2}, 1))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"dims": [2, -1]}, "BS0402", "dimension of -1"),
        ({"dims": [2.5]}, "BS0402", "a whole number, not 2.5"),
        ({"dims": "2"}, "BS0402", "must be a number"),
        ({}, "BS0402", "'dims' is missing"),
        ({"dims": 2, "init": "henormel"}, "BS0409", "unknown initialisation"),
        ({"dims": 2, "init": "fromFile"}, "BS0409", "needs 'initFromFilePath'"),
        ({"dims": 2, "initValue": [1, 2]}, "BS0409", "must be one number"),
        ({"dims": 2, "learningRateMultiplier": "x"}, "BS0402", "must be a number"),
        ({"dims": 2, "learningRateMultiplier": -1}, "BS0402", "must be 0 or more, not -1"),
    ],
)
def test_wrong_parameters_are_refused(options: dict[str, object], code: str, words: str):
    with pytest.raises(BrainScriptError) as caught:
        make_parameter("W", options, 1, location=PLACE)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    assert words in diagnostic.title
    assert diagnostic.span is not None


def test_misspelt_initialisation_is_corrected():
    with pytest.raises(ShapeError) as caught:
        initialiser({"init": "glorotUnifrom"})
    assert caught.value.help == "did you mean 'glorotUniform'?"


def test_input_needs_all_dimensions_and_may_name_its_axis():
    op = make_input("x", {"dims": 3, "dynamicAxis": "t", "sparse": True}, location=PLACE)
    assert str(op).endswith('net.input "x" {sparse = true} : !net.t<[3], f32, @t>')
    with pytest.raises(BrainScriptError):
        make_input("x", {"dims": [3, 0]})
