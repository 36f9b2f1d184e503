"""Writing a stack of layers as a legacy DBN file, in the form that CNTK's own reader takes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.dbn import HIDDEN, LINEAR, STARTS, Layer
from brainscript.stored_graph import INPUT, StoredGraph, StoredNode

Arrays = Mapping[str, NDArray[np.floating[Any]]]
COMMENT = b"written by brainscript\0"
SAME = ("Pass", "Dropout")


def file_parts(graph: StoredGraph, arrays: Arrays) -> list[bytes | memoryview]:
    """The file; BrainScriptError (BS0519) for a network that is no stack of layers."""
    stack = _Stack(graph, arrays)
    size = stack.layers[0].weights.shape[0]
    mean, deviation = stack.mean, stack.deviation
    mean = np.zeros(size, np.float32) if mean is None else mean
    deviation = np.ones(size, np.float32) if deviation is None else deviation
    prior = np.ones(stack.layers[-1].bias.size) if stack.prior is None else stack.prior
    prior = _filled(prior, stack.layers[-1].bias.size, "prior")
    layers = b"".join(map(_layer, stack.layers))
    head = b"BDBN" + struct.pack("<ii", 0, len(stack.layers))
    statistics = _matrix("gmean", mean) + _matrix("gstddev", deviation)
    parts = (STARTS[0], COMMENT, head, statistics, b"BNET", layers, b"ENET")
    return [b"".join((*parts, _matrix("Pu", prior), b"EDBN"))]


class _Stack:
    """The layers below an output, the first one first, and what stands around them."""

    def __init__(self, graph: StoredGraph, arrays: Arrays):
        self.graph = graph
        self.arrays = arrays
        self.layers: list[Layer] = []
        self.mean: NDArray[Any] | None = None
        self.deviation: NDArray[Any] | None = None
        self.prior: NDArray[Any] | None = None
        outputs = graph.groups.get("output", ())
        if len(outputs) != 1:
            raise _refused(f"it has {len(outputs)} outputs")
        node = self._without_prior(graph.nodes[outputs[0]])
        while not self._is_bottom(node):
            node = self._take_layer(node)
        if not self.layers or self.layers[-1].kind != LINEAR[1]:
            raise _refused("its output is no linear layer")

    def _node(self, name: str) -> StoredNode:
        node = self.graph.nodes[name]
        while node.operation in SAME:
            node = self.graph.nodes[node.inputs[0]]
        return node

    def _values(self, name: str) -> NDArray[Any]:
        if name not in self.arrays:
            raise _refused(f"'{name}' is computed")
        return np.asarray(self.arrays[name], np.float32)

    def _without_prior(self, node: StoredNode) -> StoredNode:
        """The layer below `z - Log (prior)`."""
        if node.operation != "Minus":
            return node
        logs = self._node(node.inputs[1])
        if logs.operation != "Log":
            return node
        self.prior = self._values(logs.inputs[0]).reshape(-1)
        return self._node(node.inputs[0])

    def _take_layer(self, node: StoredNode) -> StoredNode:
        """Enter the layer that ends with a node; what it stands on."""
        curved = node.operation == "Sigmoid"
        total = self._node(node.inputs[0]) if curved else node
        if total.operation != "Plus":
            raise _refused(f"'{total.name}' is a '{total.operation}'")
        terms = [self._node(name) for name in total.inputs]
        product = next((t for t in terms if t.operation == "Times"), None)
        bias = next((t for t in terms if t.name in self.arrays), None)
        if product is None or bias is None:
            raise _refused(f"'{total.name}' is no product and bias")
        weights = self._values(product.inputs[0])
        if weights.ndim != 2:
            raise _refused(f"'{product.inputs[0]}' is no matrix")
        kind = HIDDEN[1] if curved else LINEAR[1 if not self.layers else 0]
        below = self._node(product.inputs[1])
        if curved and self._is_bottom(below):
            kind = HIDDEN[0]
        values = _filled(self._values(bias.name), weights.shape[1], bias.name)
        self.layers.insert(0, Layer(kind, weights, values))
        return below

    def _is_bottom(self, node: StoredNode) -> bool:
        """Whether a node is the features, or these with mean 0 and deviation 1."""
        if node.operation == INPUT:
            return True
        names = node.inputs
        if node.operation == "ElementTimes":
            centred = self._node(names[0])
            if centred.operation != "Minus" or names[1] not in self.arrays:
                return False
            names = (*centred.inputs, names[1])
        elif node.operation != "PerDimMeanVarNormalization":
            return False
        if self._node(names[0]).operation != INPUT:
            return False
        self.mean = self._values(names[1]).reshape(-1)
        with np.errstate(divide="ignore"):
            self.deviation = 1 / self._values(names[2]).reshape(-1)
        return True


def _filled(vector: NDArray[Any], size: int, name: str) -> NDArray[Any]:
    """A value for each output; one number is that of all."""
    if vector.size not in (1, size):
        raise _refused(f"'{name}' has {vector.size} values for {size} outputs")
    return np.broadcast_to(vector.reshape(-1), (size,))


def _layer(layer: Layer) -> bytes:
    unused = np.zeros(layer.weights.shape[0], np.float32)
    parts = (_matrix("W", layer.weights), _matrix("a", layer.bias), _matrix("b", unused))
    return layer.kind.encode() + b"\0" + b"".join(parts)


def _matrix(name: str, array: NDArray[Any]) -> bytes:
    """A matrix column by column, or a vector as one column."""
    rows, cols = array.shape if array.ndim == 2 else (array.size, 1)
    numbers = np.ascontiguousarray(array.T, "<f4").tobytes()
    head = b"BMAT" + name.encode() + b"\0" + struct.pack("<ii", rows, cols)
    return head + numbers + b"EMAT"


def _refused(why: str) -> BrainScriptError:
    title = f"a DBN file holds a stack of layers alone: {why}"
    return BrainScriptError(Diagnostic("BS0519", title, help="write a model container instead"))
