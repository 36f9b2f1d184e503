"""The nodes of an ONNX graph as those of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.exchange.emit import onnx_module
from brainscript.runtime.model.exchange.reading.forms import SAMPLES, Form, form_of
from brainscript.runtime.model.exchange.source.folding import (
    FOLDED,
    LARGEST,
    SHAPE_PARTS,
    literal,
    note_fixed,
    once,
    shape_part,
)
from brainscript.runtime.model.exchange.source.guarded import merge_guards
from brainscript.runtime.model.exchange.source.names import FileNames, renamed
from brainscript.runtime.model.exchange.source.vetting import refused
from brainscript.runtime.model.file_values import FileValues
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.rewrites import spelled_out
from brainscript.stored_graph import INPUT, PARAMETER, StoredGraph, StoredNode

Attributes = Mapping[str, Any]
Fixed = dict[str, bool]
"""What no training changes, and whether it follows from the shape of a value."""
DOUBLE = 11
FEW, LIMIT = 64, 1e9
"""How many computed numbers are looked at for that of the samples, and up to which size."""

FIXED = "export the model with fixed sizes of all axes but that of the samples"
UNKNOWN = {
    "If": (
        "which branch of this 'If' is taken is not known before there are data",
        "export the model with the branch that is wanted alone",
    ),
    **{
        kind: (f"the operation '{kind}' is not known", "export the model with the loop written out")
        for kind in ("Loop", "Scan")
    },
}
"""Why operations that many files have are not read, and what helps."""


class Importer:
    """Turns the nodes of one ONNX graph into those of a network."""

    def __init__(
        self,
        file: ModelFile,
        source: Any,
        readers: Mapping[str, Reader],
        fixed: Fixed,
        opset: int,
    ):
        self._readers = readers
        self._fixed = fixed
        self.file = file
        self.source = source
        self.opset = opset
        self.arrays: dict[str, NDArray[Any]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.types: dict[str, int] = {}
        self.outers: dict[str, int] = {}
        self.batch = SAMPLES
        self.double = any(t.data_type == DOUBLE for t in source.initializer)
        self.dtype = np.dtype(np.float64 if self.double else np.float32)
        self.values = FileValues(file, self.dtype)
        self.nodes: dict[str, StoredNode] = {}
        self.names: dict[str, str] = {}
        self.outputs: list[str] = []
        self._same: dict[str, str] = {}
        self._moved: dict[str, str] = {}
        self._taken = FileNames(_names(source))
        self._numpy: Any = onnx_module("onnx.numpy_helper")
        self._helper: Any = onnx_module("onnx.helper")

    def graph(self) -> StoredGraph:
        """All nodes in order; the outputs of the graph are the output group."""
        for tensor in self.source.initializer:
            self.arrays[tensor.name] = self._array(tensor)
        merge_guards(self.source, self.arrays)
        for info in (*self.source.input, *self.source.value_info, *self.source.output):
            tensor = info.type.tensor_type
            self.shapes[info.name] = tuple(int(d.dim_value) for d in tensor.shape.dim)
            self.types[info.name] = int(tensor.elem_type)
        inputs = [i for i in self.source.input if i.name not in self.arrays]
        leads = {self.shapes[i.name][0] for i in inputs if self.shapes[i.name]}
        opened = any(SAMPLES in self.shapes[i.name] for i in inputs)
        self.batch = SAMPLES if opened or len(leads) != 1 else leads.pop()
        for info in inputs:
            dims = tuple(self.form(info.name).dims)
            self.add(StoredNode(info.name, INPUT, (), {"sparse": False}, dims))
        for node in self.source.node:
            self._node(node)
        outputs = tuple(self.name(o.name) for o in self.source.output)
        for name in outputs:
            if name not in self.nodes:
                raise self.refuse(name, "nothing computes it")
        groups = {"feature": tuple(i.name for i in inputs), "output": outputs}
        precision = "double" if self.double else "float"
        return StoredGraph(self.file.path, precision, self.nodes, groups)

    def form(self, name: str) -> Form:
        """How a value that has samples lies in the network."""
        try:
            return form_of(self.shapes.get(name, ()), self.batch, self.outers.get(name, 1))
        except ValueError as error:
            raise self.refuse(name, str(error), FIXED) from None

    def sample(self, name: str) -> tuple[int, ...]:
        """The axes of one sample, all known."""
        return self.form(name).sample

    def dims(self, name: str) -> list[int]:
        """The dims of one sample, column-major."""
        return self.form(name).dims

    def image(self, name: str) -> tuple[int, ...]:
        """The axes behind the samples of a value that has the samples first."""
        form = self.form(name)
        if form.place != 0 or form.factor > 1:
            raise self.refuse(name, "the samples are not its first axis")
        return form.sample

    def axis(self, name: str, axis: int) -> int:
        """An axis of a value as BrainScript counts it."""
        try:
            return self.form(name).number(axis)
        except ValueError as error:
            raise self.refuse(name, str(error)) from None

    def name(self, value: str) -> str:
        """The node that gives a value; an initializer becomes a parameter."""
        value = self._same.get(value, value)
        if value in self.arrays and value not in self.names:
            self.names[value] = self.parameter(value, self._data(value))
        return self.names.get(value, value)

    def operand(self, value: str, output: str) -> str:
        """As `name`, for a value whose axes meet those of `output` from the last one on."""
        value, form = self._same.get(value, value), self.form(output)
        array = self.arrays.get(value)
        if array is None:
            self._check_meeting(value, output)
            return self.name(value)
        short = self.aligned(array, form, value)
        if short.shape == array.shape:
            return self.name(value)
        name = f"{value}/sample"
        while name in self._taken or self._has_another(name, short.shape):
            name += "/sample"
        return name if name in self.nodes else self.parameter(name, self._numbers(value, short))

    def aligned(self, array: NDArray[Any], form: Form, name: str) -> NDArray[Any]:
        """A constant as each sample of a value of this form meets it."""
        place = len(form.shape) if form.place is None else form.place
        at = array.ndim - len(form.shape) + place
        if not 0 <= at < array.ndim:
            return array
        if array.shape[at] != 1:
            first = array[(*[slice(None)] * at, slice(0, 1))]
            plain = once(array)
            if not np.array_equal(np.broadcast_to(once(first), plain.shape), plain, equal_nan=True):
                raise self.refuse(name, "it differs from sample to sample")
            array = first
        return array.squeeze(at) if form.factor == 1 else array

    def parameter(self, name: str, array: NDArray[Any], learns: bool = True) -> str:
        """A parameter with this value; its dims are the reversed shape."""
        if not array.size or array.size > max(LARGEST, once(array).size):
            raise self.refuse(name, f"it is a constant of {array.size} elements")
        learns = learns and array.ndim > 0 and name not in self._fixed
        self.values.add(name, np.ascontiguousarray(array, self.dtype).reshape(array.shape))
        options = {"learning_rate_multiplier": 1.0 if learns else 0.0}
        self.add(StoredNode(name, PARAMETER, (), options, array.shape[::-1]))
        return name

    def ones(self, name: str, shape: tuple[int, ...]) -> str:
        """A constant of ones; its name."""
        if prod(shape) > LARGEST:
            raise self.refuse(name, f"it repeats elements more than {LARGEST} times")
        return self.parameter(name, np.ones(shape), learns=False)

    def constant(self, value: str) -> NDArray[Any]:
        """The array of an input that must be known."""
        if value not in self.arrays:
            raise self.refuse(value, "it must be a constant")
        return self.arrays[value]

    def add(self, node: StoredNode) -> None:
        """One more node, as those that BrainScript has."""
        for made in spelled_out(node):
            self.nodes[made.name] = made

    def keep(self, name: str, array: NDArray[Any], inputs: Sequence[str]) -> None:
        """Note a value that follows from constants."""
        self.arrays[name], self.shapes[name] = array, array.shape
        note_fixed(self._fixed, name, inputs)

    def step(
        self, kind: str, inputs: list[str], sizes: Sequence[int], name: str, **attributes: Any
    ) -> str:
        """One more operation of ONNX inside of another, whose result has these sizes; its name."""
        self.shapes[name] = tuple(sizes)
        if not self._fold(kind, name, inputs, attributes):
            self._read(kind, [name], inputs, attributes)
        return name

    def refuse(self, name: str, why: str, help: str = "") -> BrainScriptError:
        """The error for what has no counterpart here."""
        return refused(self.file.path, self._moved.get(name, name), why, help)

    def _has_another(self, name: str, shape: tuple[int, ...]) -> bool:
        return name in self.nodes and self.nodes[name].dims != shape[::-1]

    def _check_meeting(self, value: str, output: str) -> None:
        """Refuse operands that have their samples in axes that do not meet."""
        if self.batch == 1:
            return
        one, other = self.form(value), self.form(output)
        places = [len(f.shape) - (f.place or 0) for f in (one, other)]
        if places[0] != places[1] or (one.factor, one.outer) != (other.factor, other.outer):
            raise self.refuse(output, "its operands have their samples in different axes")

    def _data(self, value: str) -> NDArray[Any]:
        """A constant that is no shape: an axis of all samples has one value."""
        array = self.arrays[value]
        places = [n for n, size in enumerate(array.shape) if size == SAMPLES]
        if self._fixed.get(value) and self.batch == SAMPLES and len(places) == 1:
            array = self.aligned(array, Form(array.shape, places[0]), value)
        return self._numbers(value, array)

    def _numbers(self, value: str, array: NDArray[Any]) -> NDArray[Any]:
        """Numbers that were computed, of which none may be that of the samples."""
        if self._fixed.get(value) and self.batch == SAMPLES and array.size <= FEW:
            near = array[(array != 0) & (np.abs(array) < LIMIT)]
            if np.any(np.mod(near, SAMPLES) == 0):
                raise self.refuse(value, "it depends on the number of samples")
        return array

    def _array(self, tensor: Any) -> NDArray[Any]:
        return cast("NDArray[Any]", self._numpy.to_array(tensor))

    def _node(self, node: Any) -> None:
        attributes: dict[str, Any] = {
            a.name: self._helper.get_attribute_value(a) for a in node.attribute
        }
        outputs, inputs = [str(name) for name in node.output], [str(name) for name in node.input]
        if node.op_type == "Constant":
            self._fixed[outputs[0]] = False
            found = literal(self._plain(attributes))
            if found is None:
                raise self.refuse(outputs[0], "it is no constant tensor")
            self.arrays[outputs[0]] = found
        elif node.op_type in SHAPE_PARTS:
            self._fixed[outputs[0]] = True
            known = self.arrays.get(inputs[0])
            sizes = self.shapes[inputs[0]] if known is None else known.shape
            self.arrays[outputs[0]] = shape_part(node.op_type, sizes, attributes)
        elif node.domain not in ("", "ai.onnx"):
            raise self.refuse(outputs[0], f"the operation '{node.op_type}' is not known")
        elif not self._fold(node.op_type, outputs[0], inputs, attributes):
            self._read(node.op_type, outputs, inputs, attributes)

    def _fold(self, kind: str, output: str, inputs: list[str], attributes: Attributes) -> bool:
        """Compute what has constants alone as inputs."""
        if kind not in FOLDED or not all(name in self.arrays for name in inputs if name):
            return False
        if kind == "Identity":
            self._same[output] = self._same.get(inputs[0], inputs[0])
        arrays = [self.arrays[n] if n else np.zeros(0) for n in inputs]
        self.keep(output, FOLDED[kind](arrays, self._plain(attributes)), inputs)
        return True

    def _plain(self, attributes: Attributes) -> Attributes:
        """Attributes with arrays for tensors."""
        tensors = {n: self._array(a) for n, a in attributes.items() if hasattr(a, "data_type")}
        return {**attributes, **tensors}

    def _read(
        self, kind: str, outputs: list[str], inputs: list[str], attributes: Attributes
    ) -> None:
        if kind not in self._readers:
            raise self.refuse(
                outputs[0], *UNKNOWN.get(kind, (f"the operation '{kind}' is not known",))
            )
        before = self.outputs
        outers = {self.outers.get(name, 1) for name in inputs if self._merged(name)}
        if len(outers) == 1:
            (outer,) = outers
            self.outers.update({name: outer for name in outputs if self._merged(name)})
        self._read_apart(self._readers[kind], outputs, inputs, attributes)
        self.outputs = before

    def _read_apart(
        self, read: Reader, outputs: list[str], inputs: list[str], attributes: Attributes
    ) -> None:
        """Read an operation whose results go by other names while its nodes are made."""
        self.outputs = [self._taken.free(name) for name in outputs]
        real = dict(zip(self.outputs, outputs, strict=True))
        tables = (self.shapes, self.types, self.outers, self.arrays, self._fixed)
        moved = {alias: name for alias, name in real.items() if alias != name}
        self._moved |= moved
        for table, alias, name in ((t, a, n) for t in tables for a, n in moved.items()):
            _copy(table, name, alias)
        before = len(self.nodes)
        read(self, self.outputs[0], inputs, attributes)
        if not moved:
            return
        for table, alias, name in ((t, a, n) for t in tables for a, n in moved.items()):
            _copy(table, alias, name)
        for name in list(self.nodes)[before:]:
            node = renamed(self.nodes.pop(name), moved)
            self.nodes[node.name] = node

    def _merged(self, name: str) -> bool:
        """Whether an axis of a value has the samples and more."""
        merged = (dim % SAMPLES == 0 and dim > SAMPLES for dim in self.shapes.get(name, ()))
        return self.batch == SAMPLES and name not in self.arrays and any(merged)

    def same_size(self, one: str, other: str) -> bool:
        """Whether one sample of either has as many elements."""
        return prod(self.sample(one)) == prod(self.sample(other))


def _names(graph: Any) -> Iterator[str]:
    """The names of all values of a graph."""
    for value in (*graph.initializer, *graph.input):
        yield value.name
    for node in graph.node:
        yield from node.output


def _copy(table: dict[str, Any], name: str, other: str) -> None:
    """Let `other` have in a table what `name` has."""
    if name in table:
        table[other] = table[name]


Reader = Callable[[Importer, str, list[str], Attributes], None]
