"""ONNX graphs that move, merge or fix their samples, resize images or take elements apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.loading import load_model
from test.runtime.model.test_exchange import compare, numbers, session, written
from test.runtime.model.test_exchange_import import node, number, whole

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

Graph = tuple[list[Any], dict[str, list[int]], list[Any]]


def attention() -> Graph:
    """Two heads as torch has them: steps first, then heads and samples merged, then apart."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("MatMul", "t W", "qk"),
        node("Split", "qk", "q k", axis=2),
        node("Shape", "x", "n", start=0, end=1),
        node("Mul", "n two", "heads"),
        node("Concat", "five heads four", "merged", axis=0),
        node("Reshape", "q merged", "q1"),
        node("Reshape", "k merged", "k1"),
        node("Transpose", "q1", "q2", perm=[1, 0, 2]),
        node("Transpose", "k1", "k2", perm=[1, 2, 0]),
        node("MatMul", "q2 k2", "s"),
        node("Add", "s mask", "sm"),
        node("Softmax", "sm", "p", axis=-1),
        node("Transpose", "k1", "v", perm=[1, 0, 2]),
        node("MatMul", "p v", "h"),
        node("Transpose", "h", "h1", perm=[1, 0, 2]),
        node("Concat", "minus eight", "rows", axis=0),
        node("Reshape", "h1 rows", "flat"),
        node("Gemm", "flat G b", "g", transB=1),
        node("Concat", "five n eight", "back", axis=0),
        node("Reshape", "g back", "o"),
        node("Transpose", "o", "y", perm=[1, 0, 2]),
        node("Concat", "n two five five", "apart", axis=0),
        node("Reshape", "p apart", "w"),
        node("ReduceMean", "w", "m", axes=[1], keepdims=0),
    ]
    mask = np.triu(np.full((5, 5), -np.inf, np.float32), 1)
    constants = [numbers("W", 8, 16), numbers("G", 8, 8), numbers("b", 8)]
    constants += [onnx.numpy_helper.from_array(mask, "mask")]
    lists = {"two": 2, "four": 4, "five": 5, "eight": 8, "minus": -1}
    constants += [whole(name, value) for name, value in lists.items()]
    return nodes, {"x": [5, 8], "y": [5, 8], "m": [5, 5]}, constants


def token() -> Graph:
    """A token and places that all samples share in front, a mask, stacks that broadcast."""
    nodes = [
        node("Shape", "x", "n", start=0, end=1),
        node("Concat", "n one three", "target", axis=0),
        node("Expand", "cls target", "first"),
        node("Concat", "first x", "all", axis=1),
        node("Add", "all places", "h"),
        node("Unsqueeze", "h one", "h4"),
        node("MatMul", "stack h4", "left"),
        node("Transpose", "h4", "ht", perm=[0, 1, 3, 2]),
        node("MatMul", "left ht", "square"),
        node("MatMul", "M h", "mixed"),
        node("Einsum", "h h", "e", equation="bid,bjd->bij"),
        node("Einsum", "mixed W", "e2", equation="...j,kj->...k"),
        node("Greater", "e zero", "seen"),
        node("Where", "seen e low", "masked"),
        node("Trilu", "masked", "tri", upper=0),
        node("CumSum", "tri two", "c"),
    ]
    sizes = {"x": [4, 3], "square": [2, 5, 5], "e2": [2, 6], "c": [5, 5]}
    constants = [numbers("cls", 1, 1, 3), numbers("places", 1, 5, 3), numbers("stack", 2, 5, 5)]
    constants += [numbers("M", 2, 5), numbers("W", 6, 3), number("zero", 0), number("low", -9)]
    return nodes, sizes, [*constants, whole("one", 1), whole("two", 2), whole("three", 3)]


def parts() -> Graph:
    """Elements that indices name, backwards, copies, remainders, whole numbers."""
    nodes = [
        node("Gather", "x order", "g", axis=2),
        node("Slice", "x last first two two_", "s"),
        node("Tile", "x copies", "t"),
        node("Transpose", "x", "xt", perm=[1, 2, 0]),
        node("GatherND", "xt grid", "gt"),
        node("Transpose", "gt", "gn", perm=[2, 0, 1]),
        node("GatherND", "xt some", "st"),
        node("Transpose", "st", "sn", perm=[1, 0]),
        node("Mod", "x half", "f", fmod=1),
        node("Round", "xx", "r"),
        node("Mul", "x three", "xx"),
        node("Cast", "xx", "i", to=7),
        node("Cast", "i", "c", to=1),
        node("IsNaN", "x", "nan"),
        node("ArgMax", "x", "a", axis=-1, keepdims=0),
        node("Cast", "a", "am", to=1),
        node("Max", "x xx c", "mx"),
        node("ReduceL1", "x", "l1", axes=[-1]),
    ]
    nodes[9], nodes[10] = nodes[10], nodes[9]
    sizes = {"x": [3, 4], "g": [3, 2, 2], "s": [3, 2], "t": [6, 4], "gn": [2, 3], "sn": [2]}
    sizes |= {"f": [3, 4], "r": [3, 4], "c": [3, 4], "am": [3], "mx": [3, 4], "l1": [3, 1]}
    grid = [[[2, 0], [2, 1], [2, 3]], [[0, 0], [0, 1], [0, 3]]]
    constants = [number("half", 0.5), number("three", 3.0), whole("copies", 1, 2, 1)]
    constants += [whole("last", -1), whole("first", -9), whole("two", 2), whole("two_", -2)]
    for name, places in (("grid", grid), ("some", [[1, 2], [0, 3]]), ("order", [[3, 0], [1, 1]])):
        constants.append(onnx.numpy_helper.from_array(np.array(places), name))
    return nodes, sizes, constants


def resized(output: str, last: str = "scales", **options: Any) -> Any:
    inputs = ["x", "", last] if last == "scales" else ["x", "", "", last]
    return onnx.helper.make_node("Resize", inputs, [output], **options)


def resizing() -> Graph:
    """All pairs of modes, one axis made larger and one smaller."""
    transforms = "align_corners asymmetric half_pixel half_pixel_symmetric pytorch_half_pixel"
    nodes = [
        resized(f"{mode}_{way}", mode=mode, coordinate_transformation_mode=way)
        for mode in ("nearest", "linear", "cubic")
        for way in transforms.split()
    ]
    kinds = ("floor", "ceil", "round_prefer_ceil")
    nodes += [resized(kind, nearest_mode=kind) for kind in kinds]
    sizes = {"x": [2, 4, 5], **{n.output[0]: [2, 8, 3] for n in nodes}}
    for mode in ("linear", "cubic"):
        nodes.append(resized(mode, "sizes", mode=mode, axes=[2, 3], antialias=1))
        sizes[mode] = [2, 3, 9]
    scales = onnx.numpy_helper.from_array(np.array([1, 1, 2, 0.6], np.float32), "scales")
    return nodes, sizes, [scales, whole("sizes", 3, 9)]


@pytest.mark.parametrize("graph", [attention, token, parts, resizing], ids=lambda g: g.__name__)
def test_imported_graphs_compute_the_same(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *graph(), opset=19 if graph is resizing else 17)
    compare(bs.load(path), path)


def test_what_no_training_changes_is_no_parameter_that_learns(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *attention())
    specs = bs.load(path).network.facts.parameters
    learning = {p.name for p in specs if p.learning_rate_multiplier}
    assert learning == {"W", "g/W", "g/b", "mask"}
    written(path, *token())
    specs = bs.load(path).network.facts.parameters
    assert "first" not in {p.name for p in specs if p.learning_rate_multiplier}


def one_sample(path: Path) -> None:
    """A graph for one sample, whose axis of one comes and goes."""
    make, kind = onnx.helper.make_node, onnx.TensorProto.FLOAT
    nodes = [
        make("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        make("Reshape", ["t", "heads"], ["h"]),
        make("Transpose", ["h"], ["ht"], perm=[1, 0, 2]),
        make("Transpose", ["ht"], ["hk"], perm=[0, 2, 1]),
        make("MatMul", ["ht", "hk"], ["s"]),
        make("Softmax", ["s"], ["p"], axis=-1),
        make("Unsqueeze", ["p", "zero"], ["u"]),
        make("ReduceSum", ["x", "zero"], ["all"], keepdims=0),
        make("Gather", ["x", "place"], ["g"], axis=0),
        make("Add", ["all", "g"], ["y"]),
    ]
    lists = [whole("heads", 4, 2, 3), whole("zero", 0)]
    lists.append(onnx.numpy_helper.from_array(np.array(0), "place"))
    shapes = {"x": [1, 4, 6], "u": [1, 2, 4, 4], "y": [4, 6], "p": [2, 4, 4]}
    infos = [onnx.helper.make_tensor_value_info(n, kind, s) for n, s in shapes.items()]
    graph = onnx.helper.make_graph(nodes, "g", infos[:1], infos[1:], lists)
    opsets = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path.write_bytes(model.SerializeToString())


def test_a_file_for_one_sample_is_a_network_for_many(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    one_sample(path)
    x = np.random.default_rng(0).normal(size=(3, 1, 4, 6)).astype(np.float32)
    names = ["u", "y", "p"]
    found = bs.load(path).eval(names, x=x[:, 0])
    for sample in range(3):
        expected = session(path).run(names, {"x": x[sample]})
        for name, value in zip(names, expected, strict=True):
            ours = found[name][sample].reshape(value.shape)
            np.testing.assert_allclose(ours, value, rtol=1e-5, atol=1e-6, err_msg=name)


REFUSED = {
    "mixes samples": [node("Reshape", "x turned", "y")],
    "along the samples": [node("Softmax", "x", "y", axis=0)],
    "reduces over samples": [node("ReduceSum", "x", "y", keepdims=0)],
    "the number of samples": [
        node("Shape", "x", "s", start=0, end=1),
        node("Cast", "s", "f", to=1),
        node("Mul", "x f", "y"),
    ],
    "in different axes": [
        node("Transpose", "x", "t", perm=[1, 0]),
        node("Reshape", "t all", "a"),
        node("Reshape", "x all", "b"),
        node("Add", "a b", "c"),
        node("Reshape", "c rows", "y"),
    ],
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_no_network_of_samples_does(why: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    shapes = [whole("turned", 4, -1), whole("all", -1), whole("rows", -1, 4)]
    written(path, REFUSED[why], {"x": [4], "y": [4]}, shapes)
    with pytest.raises(BrainScriptError, match=why):
        load_model(path)
