"""ONNX graphs as exporters write them for today's networks, against onnxruntime."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.loading import load_model
from test.runtime.model.test_exchange import compare, numbers, written

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

ACTIVATIONS = (
    "Elu HardSigmoid HardSwish LeakyRelu Selu Softplus Softsign Erf Ceil Atan Asinh Tan".split()
)

LATER = "Celu Gelu Mish Shrink Sign ThresholdedRelu".split()


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def whole(name: str, *values: int) -> Any:
    return onnx.numpy_helper.from_array(np.array(values, np.int64), name)


def number(name: str, value: float) -> Any:
    return onnx.numpy_helper.from_array(np.array(value, np.float32), name)


def images() -> tuple[list[Any], dict[str, list[int]], list[Any]]:
    """Groups of channels, strides that do not divide, ceil mode, gates of channels."""
    windows = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        node("Conv", "x W", "c", **windows),
        node("Clip", "c zero six", "r"),
        node("Conv", "r D", "d", group=4, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Conv", "d G b", "g", group=2, kernel_shape=[1, 1]),
        node("MaxPool", "g", "m", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("GlobalAveragePool", "g", "p"),
        node("Sigmoid", "p", "s"),
        node("Mul", "g s", "y"),
        node("PRelu", "y slope", "q"),
        node("InstanceNormalization", "q one b", "i", epsilon=0.1),
        node("Resize", "i none twice", "u", mode="nearest"),
        node("Pad", "i pads", "v"),
        node("ConvTranspose", "v T", "t", strides=[2, 2], kernel_shape=[2, 2]),
        node("Softmax", "t", "z", axis=1),
    ]
    sizes = {"x": [3, 8, 8], "y": [4, 4, 4], "m": [4, 2, 2], "u": [4, 8, 8], "z": [2, 12, 12]}
    shapes = {"W": (4, 3, 3, 3), "D": (4, 1, 3, 3), "G": (4, 2, 1, 1), "b": (4,)}
    shapes |= {"slope": (4, 1, 1), "one": (4,), "T": (4, 2, 2, 2)}
    constants = [numbers(name, *shape) for name, shape in shapes.items()]
    scales = onnx.numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice")
    empty = onnx.numpy_helper.from_array(np.zeros(0, np.float32), "none")
    pads = whole("pads", 0, 0, 1, 1, 0, 0, 1, 1)
    return nodes, sizes, [*constants, number("zero", 0), number("six", 6), scales, empty, pads]


def values() -> tuple[list[Any], dict[str, list[int]], list[Any]]:
    """Shapes that the graph computes, normalisation, choices, products of samples."""
    nodes = [
        node("LayerNormalization", "x g b", "n", axis=-1, epsilon=0.01),
        node("Shape", "n", "shape"),
        node("Gather", "shape zero", "count", axis=0),
        node("Concat", "count two four", "target", axis=0),
        node("Reshape", "n target", "r"),
        node("Transpose", "r", "t", perm=[0, 2, 1]),
        node("MatMul", "r t", "mm"),
        node("Split", "t", "one other", axis=1),
        node("Sub", "one other", "d"),
        node("Greater", "d half", "above"),
        node("Not", "above", "below"),
        node("Where", "below one other", "w"),
        node("Pow", "w three", "p"),
        node("ReduceL2", "p", "l", axes=[2], keepdims=0),
        node("Gather", "x last", "e", axis=1),
        node("Sum", "n n b", "su"),
        node("Slice", "x one_ eight_ one_ three_", "st"),
    ]
    sizes = {"x": [8], "mm": [2, 2], "p": [2, 2], "l": [2], "e": [1], "su": [8], "st": [3]}
    constants = [numbers("g", 8), numbers("b", 8), number("half", 0.5), number("three", 3)]
    lists = [whole("zero", 0), whole("two", 2), whole("four", 4), whole("last", -1)]
    lists += [whole("one_", 1), whole("eight_", 8), whole("three_", 3)]
    return nodes, sizes, [*constants, *lists]


def activations() -> tuple[list[Any], dict[str, list[int]], list[Any]]:
    nodes = [node(kind, "x", kind) for kind in ACTIVATIONS]
    return nodes, {"x": [5], **{kind: [5] for kind in ACTIVATIONS}}, []


def places() -> tuple[list[Any], dict[str, list[int]], list[Any]]:
    """Channels and elements that change places, near channels, activations of later opsets."""
    nodes = [
        node("DepthToSpace", "x", "d", blocksize=2),
        node("DepthToSpace", "x", "c", blocksize=2, mode="CRD"),
        node("SpaceToDepth", "x", "s", blocksize=2),
        node("LRN", "x", "l", size=5, alpha=0.3, beta=0.6, bias=2.0),
        *[node(kind, "x", kind) for kind in LATER],
        node("Gelu", "x", "tanh", approximate="tanh"),
    ]
    sizes = {"x": [8, 2, 4], "d": [2, 4, 8], "c": [2, 4, 8], "s": [32, 1, 2], "l": [8, 2, 4]}
    return nodes, {**sizes, **{kind: [8, 2, 4] for kind in (*LATER, "tanh")}}, []


@pytest.mark.parametrize("graph", [images, values, activations, places], ids=lambda g: g.__name__)
def test_imported_graphs_compute_the_same(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *graph(), opset=20 if graph is places else 17)
    compare(bs.load(path), path)


def test_constants_are_not_blown_up(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(40)]
    nodes = [node("Concat", f"{a} {a}", b, axis=0) for a, b in pairwise(names)]
    nodes.append(node("Add", f"x {names[-1]}", "y"))
    path = tmp_path / "net.onnx"
    written(path, nodes, {"x": [1], "y": [1]}, [numbers("c0", 1024)])
    with pytest.raises(BrainScriptError, match="elements"):
        load_model(path)
