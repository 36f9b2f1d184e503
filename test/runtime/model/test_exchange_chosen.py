"""ONNX graphs that name elements by indices or take one of two branches, against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from test.runtime.model.test_exchange import compare, numbers, written
from test.runtime.model.test_exchange_import import node, number, whole

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

Graph = tuple[list[Any], dict[str, list[int]], list[Any]]


def places(name: str, value: Any) -> Any:
    return onnx.numpy_helper.from_array(np.array(value, np.int64), name)


def marked() -> Graph:
    """Numbers from -4 to 4 as places on a new axis behind the others, and in front of them."""
    nodes = [
        node("Clip", "x low high", "c"),
        node("Cast", "c", "r", to=7),
        node("OneHot", "r five values", "y"),
        node("OneHot", "r five values", "z", axis=1),
    ]
    sizes = {"x": [3, 7], "y": [3, 7, 5], "z": [5, 3, 7]}
    values = onnx.numpy_helper.from_array(np.array([-1, 2.5], np.float32), "values")
    return nodes, sizes, [number("low", -4), number("high", 4), whole("five", 5), values]


def moved() -> Graph:
    """Rows and single elements taken from others, put into others, added to others."""
    nodes = [
        node("Shape", "x", "n", start=0, end=1),
        node("Squeeze", "n", "count"),
        node("Range", "zero count one", "range"),
        node("Reshape", "range column", "samples"),
        node("Concat", "n three one_", "target", axis=0),
        node("Expand", "samples target", "first"),
        node("Expand", "rows target", "second"),
        node("Concat", "first second", "index", axis=-1),
        node("Slice", "x b e axes", "part"),
        node("Mul", "part two", "new"),
        node("ScatterND", "x index new", "s"),
        node("Transpose", "s", "t", perm=[1, 2, 0]),
        node("Concat", "three n", "tall", axis=0),
        node("Expand", "tens tall", "more"),
        node("ScatterND", "t pairs more", "a", reduction="add"),
        node("Transpose", "a", "y", perm=[2, 0, 1]),
        node("Concat", "n four two_", "wide", axis=0),
        node("Expand", "columns wide", "taken"),
        node("GatherElements", "y taken", "z", axis=-1),
        node("Neg", "z", "m"),
        node("ScatterElements", "x taken m", "w", axis=2),
    ]
    sizes = {"x": [4, 5], "s": [4, 5], "y": [4, 5], "z": [4, 2], "w": [4, 5]}
    lists = {"b": 0, "e": 3, "axes": 1, "three": 3, "one_": 1, "four": 4, "two_": 2}
    constants = [whole(name, value) for name, value in lists.items()]
    constants += [places("zero", 0), places("one", 1), whole("column", -1, 1, 1)]
    constants += [places("rows", [[[3], [-4], [1]]]), places("pairs", [[0, 1], [3, 4], [0, 1]])]
    constants += [places("columns", [[[0, -1], [2, 3], [4, 1], [1, 0]]]), number("two", 2)]
    tens = np.array([[10], [20], [30]], np.float32)
    return nodes, sizes, [*constants, onnx.numpy_helper.from_array(tens, "tens")]


def padded() -> Graph:
    """Elements of the edge, or of the other end, around a value; less than the value."""
    nodes = [
        node("Pad", "x all", "e", mode="edge"),
        node("Pad", "x all", "w", mode="wrap"),
        node("Pad", "x less five", "l"),
        node("Pad", "x back none axis", "r", mode="edge"),
    ]
    sizes = {"x": [3, 4], "e": [6, 8], "w": [6, 8], "l": [2, 5], "r": [3, 2]}
    lists = [whole("all", 0, 1, 2, 0, 2, 2), whole("less", 0, -1, 3, 0, 0, -2), whole("axis", 2)]
    return nodes, sizes, [*lists, whole("back", -1, -1), number("none", 0), number("five", 5)]


def branch(name: str, nodes: list[Any], output: str, constants: list[Any] | None = None) -> Any:
    info = onnx.helper.make_tensor_value_info(output, 1, None)
    return onnx.helper.make_graph(nodes, name, [], [info], constants or [])


def branches() -> Graph:
    """What the sizes decide; a branch inside of a branch, with names that are there already."""
    inner = [
        branch("a", [node("Add", "h b", "y")], "y", [number("b", 3)]),
        branch("b", [node("Neg", "h", "y")], "y"),
    ]
    nested = onnx.helper.make_node(
        "If", ["more"], ["w"], then_branch=inner[0], else_branch=inner[1]
    )
    outer = [
        branch("c", [node("Relu", "x", "h"), nested], "w"),
        branch("d", [node("ReduceMean", "x", "h", axes=[2], keepdims=0)], "h"),
    ]
    nodes = [
        node("Shape", "x", "s", start=1, end=2),
        node("Greater", "s three", "more"),
        onnx.helper.make_node("If", ["more"], ["k"], then_branch=outer[0], else_branch=outer[1]),
        node("Mul", "k b", "y"),
        node("Tanh", "y", "h"),
    ]
    sizes = {"x": [4, 5], "y": [4, 5], "h": [4, 5]}
    return nodes, sizes, [whole("three", 3), numbers("b", 5)]


@pytest.mark.parametrize("graph", [marked, moved, branches, padded], ids=lambda g: g.__name__)
def test_imported_graphs_compute_the_same(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *graph(), opset=19 if graph is padded else 17)
    compare(bs.load(path), path)


REFUSED = {
    "names a place twice": [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("ScatterND", "t twice new", "y"),
    ],
    "reduces in the way 'max'": [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("ScatterND", "t once new", "y", reduction="max"),
    ],
    "its places lie outside of the value": [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("ScatterND", "t far new", "y"),
    ],
    "its places differ from sample to sample": [node("ScatterND", "x once new", "y")],
    "it takes some samples alone": [node("GatherElements", "x line", "y", axis=1)],
    "it works along the samples": [node("GatherElements", "x line", "y", axis=0)],
    "'i' .* it must be a constant": [
        node("Cast", "x", "i", to=7),
        node("GatherElements", "x i", "y", axis=1),
    ],
    "which branch of this 'If' is taken is not known": [
        node("Greater", "x zero", "c"),
        onnx.helper.make_node(
            "If",
            ["c"],
            ["y"],
            then_branch=branch("a", [node("Neg", "x", "p")], "p"),
            else_branch=branch("b", [node("Abs", "x", "q")], "q"),
        ),
    ],
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(why: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    lists = {"twice": [[1], [1]], "once": [[1], [2]], "far": [[3], [4]], "line": [[1, 2]]}
    constants = [*(places(name, value) for name, value in lists.items()), number("zero", 0)]
    written(path, REFUSED[why], {"x": [4], "y": [4]}, [*constants, numbers("new", 2, 1)])
    with pytest.raises(BrainScriptError, match=why):
        bs.load(path)
