"""What is written, read and written again has the same nodes; made names are new."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_expanded
from brainscript.runtime.model.exchange.export import export
from brainscript.runtime.model.exchange.source.names import renamed
from brainscript.runtime.model.store import values_of
from test.runtime.model.test_exchange import compare, numbers, session, written
from test.runtime.model.test_exchange_import import activations, images, node, number, places
from test.runtime.model.test_exchange_import import values as shapes
from test.runtime.model.test_exchange_samples import attention, parts, token

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

Graph = tuple[list[Any], dict[str, list[int]], list[Any]]


def layers() -> Graph:
    """Normalisations and softmaxes that stay what they are."""
    nodes = [
        node("LayerNormalization", "x g b", "l", axis=-1, epsilon=0.01),
        node("LayerNormalization", "l G", "k", axis=2),
        node("InstanceNormalization", "k i j", "n", epsilon=0.1),
        node("Softmax", "n", "s", axis=2),
        node("LogSoftmax", "n", "t", axis=1),
        node("Add", "s t", "y"),
    ]
    sizes = {name: [3, 5, 7] for name in "xy"}
    constants = [numbers("g", 7), numbers("b", 7), numbers("G", 5, 7), numbers("i", 3)]
    return nodes, sizes, [*constants, numbers("j", 3)]


def rest() -> Graph:
    """What is like a layer and is none: the centred value is read elsewhere; an epsilon learns."""
    nodes = [
        node("ReduceMean", "x", "m", axes=[-1]),
        node("Sub", "x m", "c"),
        node("Mul", "c c", "q"),
        node("ReduceMean", "q", "v", axes=[-1]),
        node("Add", "v e", "w"),
        node("Sqrt", "w", "d"),
        node("Div", "c d", "n"),
        node("Mul", "n g", "z"),
        node("Sub", "z c", "y"),
        node("Log", "y", "log"),
    ]
    return nodes, {name: [4, 5] for name in ("x", "z", "y")}, [number("e", 0.1), numbers("g", 5)]


def kinds(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


GRAPHS = [activations, attention, images, layers, parts, places, rest, shapes, token]


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g.__name__)
def test_the_nodes_stay_the_same(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    written(path, *graph(), opset=20 if graph is places else 17)
    found: list[Counter[str]] = []
    for _ in range(3):
        model = bs.load(path)
        model.export_onnx(path)
        found.append(kinds(path))
    compare(bs.load(path), path)
    assert found[1] == found[2]
    if graph is layers:
        assert found[0] == Counter(n.op_type for n in layers()[0])
    else:
        assert sum(found[1].values()) <= 1.1 * sum(found[0].values())


def test_roots_of_negative_numbers(tmp_path: Path) -> None:
    """They are 0; where none can come, the root alone is written."""
    path, model = (
        tmp_path / "net.onnx",
        bs.compile("""x = Input {5}
        r = Sqrt (x) ; s = Sqrt (ReduceMean (x .* x) .* Exp (x)) ; outputNodes = (r : s)"""),
    )
    for _ in range(2):
        model.export_onnx(path)
        assert kinds(path) == {"Relu": 1, "Sqrt": 2, "Mul": 2, "ReduceMean": 1, "Exp": 1}
        compare(model, path)
        model = bs.load(path)


def test_reciprocals_of_zero(tmp_path: Path) -> None:
    """They are 0; where no zero can come, the reciprocal alone is written."""
    path, model = (
        tmp_path / "net.onnx",
        bs.compile("""x = Input {5} ; p = ReLU (x)
        r = Reciprocal (p) ; s = Reciprocal (Sqrt (x .* x + 0.5)) ; outputNodes = (r : s)"""),
    )
    for _ in range(2):
        model.export_onnx(path)
        assert kinds(path)["Reciprocal"] == 2
        assert kinds(path)["Where"] == 1
        compare(model, path)
        model = bs.load(path)


LOOPS = """
x = Input {2}
h = Tanh (x + 0.5 .* PastValue (2, h, timeStep=2))
a = Sigmoid (x) ; b = ReLU (a + x) ; c = Exp (b) ; d = Sin (c + a) ; e = Cosh (d) ; f = Abs (e + x)
g = Tanh (f + h + 0.5 .* PastValue (2, g))
outputNodes = (h : g : f)
"""


def made_names(graph: Any) -> list[str]:
    """The results of all nodes, also those inside of loops."""
    found: list[str] = []
    for one in graph.node:
        found += one.output
        for attribute in one.attribute:
            found += [value.name for value in attribute.g.input]
            found += made_names(attribute.g)
    return found


def test_nodes_that_are_called_as_loops_call_theirs(tmp_path: Path) -> None:
    """The nodes a to e get the names that were made for the loops, one after the other."""
    path, model = tmp_path / "net.onnx", bs.compile(LOOPS)
    model.export_onnx(path)
    graph, numbers = describe_expanded(model.network.module)
    arrays = {**values_of(model.network, ("parameter",)), **numbers}
    expected = values(path)
    taken = [name for name in made_names(onnx.load(path).graph) if name not in graph.nodes]
    assert {"h/inner", "x/step", "h/out"} < set(taken)
    for start in range(0, len(taken), 5):
        new = dict(zip("abcde", taken[start:], strict=False))
        nodes = {new.get(name, name): renamed(node, new) for name, node in graph.nodes.items()}
        export(path, replace(graph, nodes=nodes), arrays, [])
        names = made_names(onnx.load(path).graph)
        assert len(names) == len(set(names))
        for name, value in values(path).items():
            np.testing.assert_array_equal(value, expected[name])


def values(path: Path) -> dict[str, Any]:
    """What onnxruntime computes, for three sequences of five steps."""
    x = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)
    return dict(zip("hgf", session(path).run(list("hgf"), {"x": x}), strict=True))


def test_names_of_a_file_are_not_made_again(tmp_path: Path) -> None:
    """Values called as the parts of another one, before it and behind it."""
    nodes = [
        node("Sigmoid", "x", "y/left"),
        node("Tanh", "x", "y/right/matrix"),
        node("MatMul", "y/left y/right/matrix", "y"),
        node("Relu", "y", "y/products"),
        node("HardSwish", "y/products", "z"),
        node("Neg", "z", "z.Plus4"),
        node("Add", "z.Plus4 y/left", "z.Constant2"),
    ]
    names = ("x", "y", "z", "y/products", "z.Plus4", "z.Constant2")
    path = tmp_path / "net.onnx"
    written(path, nodes, {name: [3, 3] for name in names}, [])
    compare(bs.load(path), path)
    nodes[2] = node("ReduceProd", "y/left", "y")
    written(path, nodes, {"x": [3, 3], "y": [3, 3]}, [])
    with pytest.raises(BrainScriptError, match="'y' cannot be imported from ONNX: it reduces over"):
        bs.load(path)
