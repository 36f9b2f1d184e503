"""The nodes of an ONNX graph as those of a network; the first axis of a value are the samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.model.exchange.emit import onnx_module
from brainscript.runtime.model.exchange.folding import FOLDED
from brainscript.runtime.model.file_values import FileValues
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.rewrites import spelled_out
from brainscript.stored_graph import INPUT, PARAMETER, StoredGraph, StoredNode

Attributes = Mapping[str, Any]
DOUBLE, EXTERNAL = 11, 1


SAMPLES = 1009
"""Stands for the number of samples where a file leaves it open: no other size is like it."""


class Importer:
    """Turns the nodes of one ONNX graph into those of a network."""

    def __init__(self, file: ModelFile, source: Any, readers: Mapping[str, Reader]):
        self._readers = readers
        self.file = file
        self.source = source
        self.arrays: dict[str, NDArray[Any]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.double = any(t.data_type == DOUBLE for t in source.initializer)
        self.dtype = np.dtype(np.float64 if self.double else np.float32)
        self.values = FileValues(file, self.dtype)
        self.nodes: dict[str, StoredNode] = {}
        self.names: dict[str, str] = {}
        self.outputs: list[str] = []
        self._numpy: Any = onnx_module("onnx.numpy_helper")
        self._helper: Any = onnx_module("onnx.helper")

    def graph(self) -> StoredGraph:
        """All nodes in order; the outputs of the graph are the output group."""
        for tensor in self.source.initializer:
            self.arrays[tensor.name] = self._array(tensor)
        for info in (*self.source.input, *self.source.value_info, *self.source.output):
            dims = info.type.tensor_type.shape.dim
            self.shapes[info.name] = tuple(int(d.dim_value) for d in dims)
        inputs = [i for i in self.source.input if i.name not in self.arrays]
        for info in inputs:
            dims = self.sample(info.name)[::-1] or (1,)
            self.add(StoredNode(info.name, INPUT, (), {"sparse": False}, dims))
        for node in self.source.node:
            self._node(node)
        groups = {
            "feature": tuple(i.name for i in inputs),
            "output": tuple(self.name(o.name) for o in self.source.output),
        }
        precision = "double" if self.double else "float"
        return StoredGraph(self.file.path, precision, self.nodes, groups)

    def sample(self, name: str) -> tuple[int, ...]:
        """The axes of a value behind the samples, all known."""
        shape = self.shapes.get(name)
        if shape and shape[0] == 0:
            shape = (SAMPLES, *shape[1:])
        if not shape or any(dim < 1 or dim % SAMPLES == 0 for dim in shape[1:]):
            raise self.refuse(name, f"its shape is not known: {shape}")
        return shape[1:]

    def name(self, value: str) -> str:
        """The node that gives a value; an initializer becomes a parameter."""
        if value in self.arrays and value not in self.names:
            self.parameter(value, self.arrays[value])
            self.names[value] = value
        return self.names.get(value, value)

    def operand(self, value: str, rank: int) -> str:
        """As `name`; a leading axis that stands for the samples is taken off a parameter."""
        array = self.arrays.get(value)
        if array is not None and array.ndim == rank + 1 and array.shape[0] == 1:
            short = f"{value}/sample"
            if short not in self.nodes:
                self.parameter(short, array[0])
            return short
        return self.name(value)

    def parameter(self, name: str, array: NDArray[Any], learns: bool = True) -> str:
        """A parameter with this value; its dims are the reversed shape."""
        self.values.add(name, np.ascontiguousarray(array, self.dtype).reshape(array.shape))
        options = {"learning_rate_multiplier": 1.0 if learns else 0.0}
        self.add(StoredNode(name, PARAMETER, (), options, array.shape[::-1]))
        return name

    def constant(self, value: str) -> NDArray[Any]:
        """The array of an input that must be known."""
        if value not in self.arrays:
            raise self.refuse(value, "it must be a constant")
        return self.arrays[value]

    def add(self, node: StoredNode) -> None:
        """One more node, as those that BrainScript has."""
        for made in spelled_out(node):
            self.nodes[made.name] = made

    def refuse(self, name: str, why: str) -> BrainScriptError:
        """The error for what has no counterpart here."""
        title = f"'{self.file.path}': '{name}' cannot be imported from ONNX: {why}"
        return BrainScriptError(Diagnostic("BS0516", title, path=name))

    def _array(self, tensor: Any) -> NDArray[Any]:
        if tensor.data_location == EXTERNAL:
            raise self.refuse(tensor.name, "its data lie outside of the file, and are never read")
        return cast("NDArray[Any]", self._numpy.to_array(tensor))

    def _literal(self, output: str, attributes: Attributes) -> NDArray[Any]:
        """The value of a `Constant` in any of its forms."""
        if "value" in attributes:
            return self._array(attributes["value"])
        for name in ("value_float", "value_floats", "value_int", "value_ints"):
            if name in attributes:
                kind = np.int64 if "int" in name else np.float32
                return np.array(attributes[name], kind)
        raise self.refuse(output, "it is no constant tensor")

    def _node(self, node: Any) -> None:
        attributes: dict[str, Any] = {
            a.name: self._helper.get_attribute_value(a) for a in node.attribute
        }
        output = str(node.output[0])
        self.outputs = [str(name) for name in node.output]
        if node.op_type == "Constant":
            self.arrays[output] = self._literal(output, attributes)
            return
        if node.op_type == "Shape":
            self.arrays[output] = np.array(self.shapes[node.input[0]], np.int64)
            return
        known = all(name in self.arrays for name in node.input if name)
        if node.op_type in FOLDED and known:
            found = FOLDED[node.op_type]([self.arrays[n] for n in node.input if n], attributes)
            self.arrays[output] = found
            return
        if node.domain or node.op_type not in self._readers:
            raise self.refuse(output, f"the operation '{node.op_type}' is not known")
        self._readers[node.op_type](self, output, [str(i) for i in node.input], attributes)


Reader = Callable[[Importer, str, list[str], Attributes], None]
