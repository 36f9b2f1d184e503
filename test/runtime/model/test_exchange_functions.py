"""ONNX operations that are functions of others, and windows with gaps or groups of channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.loading import load_model
from test.runtime.model.test_exchange import compare, numbers, written
from test.runtime.model.test_exchange_import import node, whole

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

Graph = tuple[list[Any], dict[str, list[int]], list[Any]]


def functions() -> Graph:
    """Attention and its normalisations, as one operation each."""
    heads = {"q_num_heads": 2, "kv_num_heads": 2}
    nodes = [
        node("RMSNormalization", "x g", "r"),
        node("Attention", "r r r", "a", is_causal=1, **heads),
        node("Attention", "a x x", "b", scale=0.3, softcap=2.0, **heads),
        node("GroupNormalization", "b h h", "n", num_groups=3),
        node("MeanVarianceNormalization", "n", "m", axes=[2]),
    ]
    sizes = {name: [6, 8] for name in "xabm"}
    return nodes, sizes, [numbers("g", 8), numbers("h", 6)]


def windows() -> Graph:
    """Gaps in the windows of a pooling; groups of channels of a transposed convolution."""
    spread = {"kernel_shape": [3, 2], "dilations": [2, 3], "strides": [1, 2]}
    twice = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        node("MaxPool", "x", "p", pads=[1, 1, 2, 1], **spread),
        node("AveragePool", "x", "a", ceil_mode=1, count_include_pad=1, **twice),
        node("ConvTranspose", "x W b", "g", group=2, output_padding=[1, 1], **twice),
        node("ConvTranspose", "x D", "d", group=4, kernel_shape=[2, 2], strides=[2, 2]),
    ]
    sizes = {"x": [4, 8, 11], "p": [4, 7, 5], "a": [4, 5, 6], "g": [6, 16, 22], "d": [4, 16, 22]}
    return nodes, sizes, [numbers("W", 4, 3, 3, 3), numbers("b", 6), numbers("D", 4, 1, 2, 2)]


def largest() -> Graph:
    """The largest elements along the last axis, the smallest ones along another."""
    nodes = [
        node("TopK", "x two", "a ai"),
        node("TopK", "x two", "b bi", axis=1, largest=0),
        node("Cast", "ai", "af", to=1),
        node("Cast", "bi", "bf", to=1),
        node("Size", "c", "size"),
        node("Cast", "size", "sf", to=1),
        node("Mul", "a sf", "s"),
    ]
    sizes = {"x": [3, 5], "a": [3, 2], "af": [3, 2], "b": [2, 5], "bf": [2, 5], "s": [3, 2]}
    return nodes, sizes, [whole("two", 2), numbers("c", 2, 3)]


OPSETS = {functions: 23, windows: 17, largest: 17}


@pytest.mark.parametrize("graph", OPSETS, ids=lambda g: g.__name__)
def test_imported_graphs_compute_the_same(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *graph(), opset=OPSETS[graph])
    compare(bs.load(path), path)


@pytest.mark.parametrize("graph", OPSETS, ids=lambda g: g.__name__)
def test_imported_graphs_are_written_again(graph: Any, tmp_path: Path) -> None:
    """Twice, so that names that writing makes are met when they are there already."""
    before = tmp_path / "net0.onnx"
    written(before, *graph(), opset=OPSETS[graph])
    for number in (1, 2):
        model, after = bs.load(before), tmp_path / f"net{number}.onnx"
        model.export_onnx(after)
        compare(model, after)
        before = after
    kinds = [n.op_type for n in onnx.load(before).graph.node]
    assert ("ConvTranspose" in kinds) == (graph is windows)


def test_layers_are_written_with_nothing_between_them(tmp_path: Path) -> None:
    """And what is read back is written with the same nodes."""
    model = bs.compile("""x = Input {4} ; z = LinearLayer {2} (DenseLayer {3, activation=ReLU} (x))
        outputNodes = (z)""")
    for number in range(2):
        path = tmp_path / f"net{number}.onnx"
        model.export_onnx(path)
        kinds = [n.op_type for n in onnx.load(path).graph.node]
        assert kinds == ["MatMul", "Add", "Relu", "MatMul", "Add"]
        model = bs.load(path)


@pytest.mark.parametrize(
    ("maps", "step", "shared", "why"),
    [(4, 1, "false", "overlap, or leave"), (2, 2, "true", "does not cover all channels")],
)
def test_windows_along_channels_that_onnx_has_not(
    maps: int, step: int, shared: str, why: str, tmp_path: Path
) -> None:
    model = bs.compile(f"""x = Input {{(3:3:4)}} ; W = ParameterTensor {{(2:2:2:{maps})}}
        z = Convolution (W, x, (2:2:2), mapDims={maps}, stride=(1:1:{step}), autoPadding=false,
            sharing=(true:true:{shared}), transpose=true)
        outputNodes = (z)""")
    with pytest.raises(BrainScriptError, match=why):
        model.export_onnx(tmp_path / "net.onnx")


def test_loops_are_told(tmp_path: Path) -> None:
    path, helper = tmp_path / "net.onnx", onnx.helper
    infos = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (("i", 7, []), ("c", 9, []), ("v", 1, ["n", 4]), ("w", 1, None))
    ]
    inner = [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Neg", ["v"], ["w"])]
    going = helper.make_tensor_value_info("d", 9, [])
    body = helper.make_graph(inner, "body", infos[:3], [going, infos[3]])
    loop = helper.make_node("Loop", ["times", "", "x"], ["y"], body=body)
    written(path, [loop], {"x": [4], "y": [4]}, [whole("times", 3)])
    with pytest.raises(BrainScriptError, match=r"'y' .* the operation 'Loop' is not known"):
        load_model(path)
