"""Writing ONNX nodes: values with their leading axes, constants, names.

A value with a dynamic axis has leading axes in front of its reversed dims: [samples], or
[steps, sequences] in a network with delays, and [sequences] inside of a loop over the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.stored_graph import StoredGraph, StoredNode

OPSET, IR_VERSION = 17, 8
END = (1 << 63) - 1
Arrays = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Value:
    """An ONNX value: its name, how many leading axes it has, its dims (column-major)."""

    name: str
    lead: int
    dims: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes behind the leading ones."""
        return self.dims[::-1]

    @property
    def size(self) -> int:
        """The elements of one sample."""
        return prod(self.dims)


@dataclass
class Scope:
    """The nodes of one graph: the network, or the body of a loop."""

    nodes: list[Any] = field(default_factory=list[Any])
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    lead: int = 1


class Emitter:
    """Collects the nodes of a model."""

    def __init__(self, graph: StoredGraph, arrays: Arrays, lead: int):
        self.graph = graph
        self.arrays = arrays
        self.dtype = np.dtype(np.float64 if graph.precision == "double" else np.float32)
        self.helper: Any = onnx_module("onnx.helper")
        self.numpy: Any = onnx_module("onnx.numpy_helper")
        self.scope = Scope(lead=lead)
        self.constants: dict[str, Any] = {}
        self.known: dict[str, NDArray[Any]] = {}
        """The values of all constants."""
        self._count = 0
        self._names: set[str] = set()
        self._shared: dict[tuple[str, bytes, tuple[int, ...]], str] = {}

    def value(self, name: str) -> Value:
        """The value of a node that has been written."""
        return self.scope.values[name]

    def inputs(self, node: StoredNode) -> list[Value]:
        """The values of the inputs of a node."""
        return [self.value(name) for name in node.inputs]

    def fresh(self, base: str = "value") -> str:
        """A name that no node has."""
        self._count += 1
        return self.unique(f"{base}/{self._count}")

    def unique(self, name: str) -> str:
        """The name, with `_` behind it where something has it."""
        while name in self.graph.nodes or name in self._names:
            name += "_"
        self._names.add(name)
        return name

    def op(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Write one ONNX node with one output; its name."""
        name = output or self.fresh(kind)
        node = self.helper.make_node(kind, list(inputs), [name], name=name, **attributes)
        self.scope.nodes.append(node)
        return name

    def constant(self, array: NDArray[Any], name: str = "") -> str:
        """An initializer; equal ones without a name of their own are shared."""
        kept = np.ascontiguousarray(array)
        key = (kept.dtype.str, b"" if name or kept.nbytes > 64 else kept.tobytes(), array.shape)
        if key[1] and key in self._shared:
            return self._shared[key]
        found = name or self.fresh("constant")
        self.known[found] = kept.reshape(array.shape)
        self.constants[found] = self.numpy.from_array(kept.reshape(array.shape), found)
        if key[1]:
            self._shared[key] = found
        return found

    def number(self, value: float) -> str:
        """A scalar constant of the network's element type."""
        return self.constant(np.array(value, self.dtype))

    def index(self, place: int) -> NDArray[np.int64]:
        """A place on an axis."""
        return np.array(place, np.int64)

    def whole(self, *values: int) -> str:
        """A constant list of whole numbers."""
        return self.constant(np.array(values, np.int64))

    def set(self, node: StoredNode, name: str, dims: tuple[int, ...] | None = None) -> None:
        """Say which ONNX value is that of a node; its dims may differ from the node's."""
        lead = self.lead_of(node)
        found = Value(name, lead, node.dims or () if dims is None else dims)
        self.scope.values[node.name] = found

    def lead_of(self, node: StoredNode) -> int:
        """How many leading axes the value of a node has here."""
        if not is_dynamic(node):
            return 0
        return 1 if node.axis.endswith("/first") else self.scope.lead

    def reshaped(self, value: Value, shape: Sequence[int], output: str = "") -> str:
        """The value with other axes behind the leading ones."""
        if not output and tuple(shape) == value.shape:
            return value.name
        known = self.known.get(value.name)
        if known is not None and not output:
            return self.constant(known.reshape(shape), self.fresh(value.name))
        target = self.whole(*([0] * value.lead), *shape)
        return self.op("Reshape", [value.name, target], output)

    def padded(self, value: Value, rank: int) -> str:
        """The value with at least `rank` axes of a sample, so that axes meet from the last on."""
        if value.lead == 0 or len(value.dims) >= rank:
            return value.name
        return self.reshaped(value, (1,) * (rank - len(value.dims)) + value.shape)

    def flat(self, value: Value) -> str:
        """The value with one axis of all its elements."""
        return self.reshaped(value, (value.size,))

    def finish(self, node: StoredNode, name: str) -> None:
        """Give the result of a node its dims and its name."""
        shape = (node.dims or ())[::-1]
        target = self.whole(*([0] * self.lead_of(node)), *shape)
        self.set(node, self.op("Reshape", [name, target], node.name))

    def write(self, node: StoredNode) -> None:
        """Write one node by its operation."""
        raise self.refuse(node, "it is not known here")

    def refuse(self, node: StoredNode, why: str) -> BrainScriptError:
        """The error for what ONNX cannot say."""
        title = f"'{node.name}' ({node.operation}) cannot be exported to ONNX: {why}"
        help = "export a part of the network: name its outputs with --outputs"
        return BrainScriptError(Diagnostic("BS0520", title, help=help, path=node.name))


def is_dynamic(node: StoredNode) -> bool:
    """Whether there is one value for each sample."""
    return bool(node.axis) or node.operation == "InputValue"


def onnx_module(name: str) -> Any:
    """A module of the package onnx; a diagnostic when it is not there."""
    try:
        return import_module(name)
    except ImportError:
        title = "the package 'onnx' is not installed"
        help = "pip install 'brainscript[onnx]'"
        raise MissingFileError(Diagnostic("BS0521", title, help=help)) from None
