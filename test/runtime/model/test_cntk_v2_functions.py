"""Functions of the CNTK 2 library that BrainScript has no name for, against numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.cntk_v2.dictionary import Axis
from brainscript.runtime.model.cntk_v2.encode import Int, Size
from brainscript.runtime.model.cntk_v2.operations import DYNAMIC
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.spelling.foreign import UNKNOWN
from test.runtime.model.test_cntk_v2 import function, network, store, variable

SHAPE = (4, 3)
"""The dims of x; an array of samples is [samples, 3, 4]."""
Formula = Callable[[Any], Any]


def static(index: int) -> Axis:
    return Axis(index, f"staticAxisIdx={index}")


def sizes(*numbers: int) -> list[Size]:
    return [Size(n) for n in numbers]


def pad(mode: int, value: float = 0.0) -> dict[str, Any]:
    return {
        "paddingHead": sizes(1, 0),
        "paddingFoot": sizes(2, 1),
        "paddingMode": Size(mode),
        "paddingConstantValue": value,
    }


PADDING = ((0, 0), (0, 1), (1, 2))
SOURCE = np.arange(10, dtype=np.float32).reshape(5, 2)
WEIGHTS = np.linspace(0.5, 1.5, 12, dtype=np.float32).reshape(SHAPE[::-1])
WHOLE = {"axis": Axis(2147483646), "reductionOpName": "Sum"}
CASES: list[tuple[str, dict[str, Any], tuple[Any, ...], Formula]] = [
    ("Tan", {}, (), np.tan),
    ("Atan", {}, (), lambda x: np.arctan(100 * x)),
    ("Asinh", {}, (), np.arcsinh),
    ("Atanh", {}, (), np.arctanh),
    ("ExponentialLinearUnit", {"alpha": 0.5}, (), lambda x: np.fmax(x, np.expm1(x) / 2)),
    ("Pow", {}, (2.0,), np.square),
    ("Pow", {}, (-3.0,), lambda x: x**-3.0),
    ("Pow", {}, (0.0,), np.ones_like),
    ("Pow", {}, (21.0,), lambda x: x**21),
    ("Pow", {}, (0.5,), lambda x: np.sqrt(np.maximum(x, 0))),
    ("StopGradient", {}, (), lambda x: x),
    ("StraightThrough", {}, (), lambda x: np.where(x > 0, 1, -1)),
    ("Cast", {"newDataType": Size(1)}, (), lambda x: x),
    ("ConstantOp", {"fillValue": 2.5}, (), lambda x: np.full_like(x, 2.5)),
    ("Pad", pad(0, 7.0), (), lambda x: np.pad(x, PADDING, constant_values=7)),
    ("Pad", pad(1), (), lambda x: np.pad(x, PADDING, "reflect")),
    ("Pad", pad(2), (), lambda x: np.pad(x, PADDING, "symmetric")),
    (
        "OneHot",
        {"numClass": Size(5), "oneHotOutputSparse": False, "onehotAxis": static(0)},
        (),
        lambda x: (x[..., None] == np.arange(5)).astype(np.float32),
    ),
    (
        "OneHot",
        {"numClass": Size(5), "oneHotOutputSparse": False, "onehotAxis": Axis(-1)},
        (),
        lambda x: (x[:, None] == np.arange(5)[:, None, None]).astype(np.float32),
    ),
    ("Gather", {}, (SOURCE,), lambda x: SOURCE[x.astype(int)]),
    (
        "Slice",
        {"axis": Axis(-2), "beginIndex": Int(1), "endIndex": Int(3)},
        (),
        lambda x: x[..., 1:3],
    ),
    (
        "Slice",
        {
            "axisVec": [static(0), static(1)],
            "beginIndexVec": [Int(1), Int(0)],
            "endIndexVec": [Int(4), Int(3)],
            "sliceStridesVec": [Int(2), Int(2)],
        },
        (),
        lambda x: x[:, ::2, 1::2],
    ),
    (
        "Slice",
        {"axis": static(0), "beginIndex": Int(0), "endIndex": Int(4), "sliceStrides": Int(3)},
        (),
        lambda x: x[..., ::3],
    ),
]


NUMBERS = ("OneHot", "Gather")
"""The operations on whole numbers."""


def data(*, whole: bool) -> Any:
    chance = np.random.default_rng(5)
    if whole:
        return chance.integers(0, 5, (2, *SHAPE[::-1])).astype(np.float32)
    return chance.uniform(-0.9, 0.9, (2, *SHAPE[::-1])).astype(np.float32)


@pytest.mark.parametrize("form", ["eval", "cntk1", "cntk2"])
def test_values_are_those_of_numpy(form: Any, tmp_path: Path) -> None:
    """All functions in one network; also written and read again."""
    variables = [variable("Input1", 0, SHAPE, name="x")]
    functions: list[Any] = []
    names: list[str] = []
    for number, (op, attributes, more, _) in enumerate(CASES):
        inputs, operands = ["Input1"], list[str]()
        if op == "Atan":
            variables.append(variable("Hundred", 3, (), np.array(100, np.float32)))
            functions.append(function("Far", "ElementTimes", ["Input1", "Hundred"]))
            inputs = ["Far_Output_0"]
        for value in more:
            array = np.asarray(value, np.float32)
            uid = f"Constant{number}"
            variables.append(variable(uid, 3, array.shape[::-1], array))
            operands.append(uid)
        names.append(f"f{number}")
        functions.append(function(f"F{number}", op, inputs + operands, attributes, name=names[-1]))
    functions.append(function("Combine", "Combine", [f"F{n}_Output_0" for n in range(len(names))]))
    path = store(tmp_path / "a.model", network(variables, functions, "Combine"))
    if form != "eval":
        bs.load(path).save(tmp_path / "b.model", form)
        path = tmp_path / "b.model"
    model = bs.load(path)
    for whole in (False, True):
        cases = zip(names, CASES, strict=True)
        chosen = {name: case for name, case in cases if (case[0] in NUMBERS) == whole}
        x = data(whole=whole)
        found = model.eval(list(chosen), x=x)
        for name, (op, _, _, formula) in chosen.items():
            np.testing.assert_allclose(found[name], formula(x), 2e-5, 2e-6, err_msg=f"{name} {op}")


def test_gradients_stop_where_the_file_says(tmp_path: Path) -> None:
    w = np.array([2.0, 3.0], np.float32)
    variables = [variable("Input1", 0, (2,), name="x"), variable("W1", 2, (2,), w, "w")]
    functions = [
        function("Stop2", "StopGradient", ["W1"]),
        function("Times3", "ElementTimes", ["W1", "Stop2_Output_0"]),
        function("Times4", "ElementTimes", ["Input1", "Times3_Output_0"]),
        function("Error5", "SquareError", ["Times4_Output_0", "Input1"]),
    ]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Error5")))
    x = np.ones((1, 2), np.float32)
    found = model.grad("Error5", x=x)["w"]
    np.testing.assert_allclose(found, 2 * (w * w - 1) * w, rtol=1e-5)


def largest(x: Any, k: int, axis: int) -> tuple[Any, Any]:
    """The k largest along an axis and where they are, the largest first."""
    places = np.argsort(-x, axis=axis, kind="stable").take(range(k), axis)
    return np.take_along_axis(x, places, axis), places


@pytest.mark.parametrize(("k", "axis"), [(1, 0), (2, 0), (4, 0), (3, 1)])
def test_the_largest_elements(k: int, axis: int, tmp_path: Path) -> None:
    variables = [variable("Input1", 0, SHAPE, name="x"), variable("W1", 2, SHAPE, WEIGHTS, "w")]
    functions = [
        function("Scaled1", "ElementTimes", ["Input1", "W1"]),
        function("Top2", "TopK", ["Scaled1_Output_0"], {"axis": static(axis), "numItems": Size(k)}),
        function("Pass3", "Pass", ["Top2_Output_1"], name="places"),
        function("Pass4", "Pass", ["Top2_Output_0"], name="top"),
        function("Sum5", "ReduceElements", ["Top2_Output_0"], WHOLE, name="sum"),
        function("Combine6", "Combine", [f"{uid}_Output_0" for uid in ("Pass3", "Pass4", "Sum5")]),
    ]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Combine6")))
    x = data(whole=False)
    x[0, 0, :2] = x[0, 0].max() + 1
    values, places = largest(x * WEIGHTS, k, 2 - axis)
    found = model.eval(x=x)
    np.testing.assert_array_equal(found["places"], places)
    np.testing.assert_allclose(found["top"], values, 1e-6)
    slope = np.zeros_like(x)
    np.put_along_axis(slope, places, np.take_along_axis(x, places, 2 - axis), 2 - axis)
    np.testing.assert_allclose(model.grad("sum", x=x)["w"], slope.sum(axis=0), 1e-5, 1e-6)


def test_more_items_than_there_are(tmp_path: Path) -> None:
    top = function("Top2", "TopK", ["Input1"], {"axis": static(0), "numItems": Size(5)}, name="t")
    path = store(tmp_path / "a.model", network([variable("Input1", 0, SHAPE)], [top], "Top2"))
    with pytest.raises(BrainScriptError, match=r"'t' .*number 5 of items out of 4"):
        load_model(path)


def batch_only(uid: str, dims: tuple[int, ...], name: str) -> dict[str, Any]:
    """An input with one sample for each sequence."""
    axes = [Axis(DYNAMIC, "defaultBatchAxis")]
    return {**variable(uid, 0, dims, name=name), "dynamic_axis": axes}


def test_steps_of_an_axis(tmp_path: Path) -> None:
    """Each sequence has the first steps of its sample, beside an input with real steps."""
    variables = [
        batch_only("Input1", (*SHAPE, 5), "x"),
        variable("Input2", 0, (1,), name="like"),
        variable("W1", 2, SHAPE, WEIGHTS, "w"),
    ]
    functions = [
        function("Steps3", "ToSequenceLike", ["Input1", "Input2"], name="steps"),
        function("Scaled4", "ElementTimes", ["Steps3_Output_0", "W1"]),
        function("Sum5", "ReduceElements", ["Scaled4_Output_0"], WHOLE, name="sum"),
        function("Combine6", "Combine", ["Steps3_Output_0", "Sum5_Output_0"]),
    ]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Combine6")))
    x = np.random.default_rng(1).normal(size=(3, 5, *SHAPE[::-1])).astype(np.float32)
    like = [np.zeros((n, 1), np.float32) for n in (2, 5, 1)]
    for sample, steps in zip(x, model.eval(["steps"], x=x, like=like)["steps"], strict=True):
        np.testing.assert_allclose(steps, sample[: len(steps)], 1e-6)
    slope = sum(sample[: len(steps)].sum(axis=0) for sample, steps in zip(x, like, strict=True))
    np.testing.assert_allclose(model.grad("sum", x=x, like=like)["w"], slope, 1e-5, 1e-5)


def drawing(uid: str, kind: str, numbers: list[float], inputs: list[str]) -> dict[str, Any]:
    attributes = {
        "randomDistributionType": kind,
        "randomDistributionArgs": numbers,
        "rngSeed": Size(7),
        "rngOffset": Size(0),
    }
    more = {} if inputs else {"newShape": SHAPE, "newDataType": Int(1)}
    return function(uid, "RandomDistribution", inputs, {**attributes, **more}, name=f"{kind}{uid}")


@pytest.mark.parametrize("like", [True, False])
def test_numbers_are_drawn(like: bool, tmp_path: Path) -> None:
    inputs = ["Input1"] if like else []
    given = {"uniform": [1.0, 3.0], "normal": [5.0, 0.1], "gumbel": [9.0, 0.1], "bernoulli": [0.5]}
    functions = [drawing(f"D{n}", k, v, inputs) for n, (k, v) in enumerate(given.items())]
    roots = [f"D{n}_Output_0" for n in range(4)]
    functions.append(function("Combine9", "Combine", roots))
    variables = [variable("Input1", 0, SHAPE, name="x")]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Combine9")))
    x = np.zeros((400, *SHAPE[::-1]), np.float32)
    found = list(model.eval(**({"x": x} if like else {})).values())
    for value, mean, spread in zip(found, (2, 5, 9.06, 0.5), (1, 1, 2, 0.5), strict=True):
        assert value.shape == (x.shape if like else SHAPE[::-1])
        assert abs(value - mean).max() <= spread
        assert abs(value.mean() - mean) < (0.1 if like else 0.6)


def squeezed() -> dict[str, Any]:
    x = variable("Input1", 0, (1, 4, 1), name="x")
    functions = [
        function("Squeeze2", "Squeeze", ["Input1"], {"axisVec": [static(0)]}, name="one"),
        function("Squeeze3", "Squeeze", ["Input1"], name="all"),
        function("Combine4", "Combine", ["Squeeze2_Output_0", "Squeeze3_Output_0"]),
    ]
    return network([x], functions, "Combine4")


def test_axes_of_one_element_go(tmp_path: Path) -> None:
    model = bs.load(store(tmp_path / "a.model", squeezed()))
    assert model.outputs == {"one": (4, 1), "all": (4,)}


LEFT_OUT = [
    function("Assign2", "Assign", ["W1", "Input1"], name="kept"),
    function("Steps2", "ToSequence", ["Input1"], name="kept"),
    function("Batch2", "ToBatch", ["W1"], name="kept"),
    function("Unpacked2", "UnpackSequence", ["Input1"], name="kept"),
    {
        "type": "UserDefinedFunction",
        "version": Size(0),
        "uid": "Own2",
        "name": "kept",
        "inputs": ["Input1"],
        "native": False,
        "user_defined_state": {"class": "Own", "module": "own"},
    },
]


@pytest.mark.parametrize("unknown", LEFT_OUT, ids=lambda f: f["uid"])
def test_what_cannot_be_computed_is_left_out(unknown: Any, tmp_path: Path) -> None:
    variables = [variable("Input1", 0, (2,), name="x"), variable("W1", 2, (2,), np.ones(2), "w")]
    uid = unknown["uid"]
    functions = [
        function("Plus1", "Plus", ["Input1", "W1"], name="z"),
        unknown,
        function("Plus3", "Plus", [f"{uid}_Output_{int(uid == 'Unpacked2')}", "W1"], name="y"),
        function("Combine4", "Combine", ["Plus1_Output_0", "Plus3_Output_0"]),
    ]
    path = store(tmp_path / "a.model", network(variables, functions, "Combine4"))
    model = load_model(path)
    (remark,) = model.remarks
    assert (remark.code, remark.severity) == ("BS0516", "warning")
    assert "'kept'" in remark.title
    assert "'y'" in remark.help
    assert bs.load(path).outputs == {"z": (2,)}
    alone = store(tmp_path / "b.model", network(variables, functions, "Plus3"))
    with pytest.raises(BrainScriptError, match="is not supported"):
        load_model(alone).module()


def test_the_page_of_what_is_refused_lists_them() -> None:
    page = (Path(__file__).parents[3] / "docs" / "refused.md").read_text()
    rows = page[page.index("## Nodes of model files") :].splitlines()[6:]
    assert rows == [f"| {name} | {why} |" for name, why in UNKNOWN.items()]


def test_the_axis_of_steps_that_are_found(tmp_path: Path) -> None:
    """The last step of each sequence, as the library writes it."""
    found = Axis(DYNAMIC, "found", True)
    axes = {"newDynamicAxes": [found, Axis(DYNAMIC, "defaultBatchAxis")]}
    variables = [
        variable("Input1", 0, (2,), name="x"),
        variable("One", 3, (), np.array(1, np.float32)),
    ]
    functions = [
        function(
            "Sum2",
            "ReduceElements",
            ["Input1"],
            {"axis": Axis(2147483646), "reductionOpName": "Sum"},
        ),
        function("Zero3", "Minus", ["Sum2_Output_0", "Sum2_Output_0"]),
        function("Last4", "FutureValue", ["Zero3_Output_0", "One"], {"offset": Size(1)}),
        function("Where5", "Where", ["Last4_Output_0"], axes),
        function("Index6", "PackedIndex", ["Input1", "Where5_Output_0"]),
        function("Last7", "GatherPacked", ["Input1", "Index6_Output_0"], name="last"),
    ]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Last7")))
    x = [np.arange(2 * n, dtype=np.float32).reshape(n, 2) for n in (3, 1, 2)]
    for value, sequence in zip(model.eval(x=x)["last"], x, strict=True):
        np.testing.assert_array_equal(np.reshape(value, 2), sequence[-1])
