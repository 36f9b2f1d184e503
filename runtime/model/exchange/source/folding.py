"""What is done to the constants of an ONNX graph at once: shapes and other small arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Attributes = Mapping[str, Any]
LARGEST, SMALL = 1 << 22, 1 << 16
"""The bounds on the elements of what is computed, and of what shapes may follow from."""
ROUNDS = 100
TYPES = {
    1: "f4",
    2: "u1",
    3: "i1",
    4: "u2",
    5: "i2",
    6: "i4",
    7: "i8",
    9: "?",
    10: "f2",
    11: "f8",
    12: "u4",
    13: "u8",
}
"""ONNX's numbers of element types."""


def _bounded(count: int) -> None:
    if count > LARGEST:
        raise ValueError(f"a constant of more than {LARGEST} elements")


def once(array: Array) -> Array:
    """The array with one element along every axis that repeats its elements."""
    return array[tuple(slice(0, 1 if step == 0 else None) for step in array.strides)]


def _list(array: Array) -> list[int]:
    return [int(n) for n in array.reshape(-1).tolist()]


def _axes(inputs: list[Array], attributes: Attributes) -> tuple[int, ...] | None:
    if len(inputs) > 1:
        return tuple(_list(inputs[1]))
    found = cast("Sequence[int] | None", attributes.get("axes"))
    return None if found is None else tuple(found)


def _reshaped(inputs: list[Array], attributes: Attributes) -> Array:
    kept = not attributes.get("allowzero", 0)
    sizes = attributes["shape"] if "shape" in attributes else _list(inputs[1])
    shape = [n if n or not kept else inputs[0].shape[i] for i, n in enumerate(sizes)]
    few = once(inputs[0])
    if few.size == 1 and -1 not in shape and prod(shape) == inputs[0].size:
        return np.broadcast_to(few.reshape(()), shape)
    if few.size < inputs[0].size:
        _bounded(inputs[0].size)
    return inputs[0].reshape(shape)


def _transposed(inputs: list[Array], attributes: Attributes) -> Array:
    return inputs[0].transpose(attributes.get("perm"))


def _itself(inputs: list[Array], attributes: Attributes) -> Array:
    return inputs[0]


def _unsqueezed(inputs: list[Array], attributes: Attributes) -> Array:
    return np.expand_dims(inputs[0], _axes(inputs, attributes) or ())


def _squeezed(inputs: list[Array], attributes: Attributes) -> Array:
    return np.squeeze(inputs[0], _axes(inputs, attributes))


def _joined(inputs: list[Array], attributes: Attributes) -> Array:
    _bounded(sum(array.size for array in inputs))
    return np.concatenate(inputs, attributes.get("axis", 0))


def _taken(inputs: list[Array], attributes: Attributes) -> Array:
    axis = attributes.get("axis", 0)
    _bounded(inputs[0].size // max(1, inputs[0].shape[axis]) * inputs[1].size)
    return np.take(inputs[0], inputs[1], axis)


def _sliced(inputs: list[Array], attributes: Attributes) -> Array:
    if len(inputs) > 1:
        begins, ends, *more = (_list(array) for array in inputs[1:])
    else:
        begins, ends = attributes["starts"], attributes["ends"]
        more = [attributes["axes"]] if "axes" in attributes else []
    axes = more[0] if more and more[0] else range(len(begins))
    steps = more[1] if len(more) > 1 else [1] * len(begins)
    places = [slice(None)] * inputs[0].ndim
    for axis, begin, end, step in zip(axes, begins, ends, steps, strict=True):
        stop = None if step < 0 and end < -inputs[0].shape[axis] else end
        places[axis] = slice(begin, stop, step)
    return inputs[0][tuple(places)]


def _each(work: Callable[..., Array], *arrays: Array) -> Array:
    """What is computed for every element; of those that are repeated for one."""
    few = [once(array) for array in arrays]
    count = prod(np.broadcast_shapes(*(array.shape for array in few)))
    if count > max(array.size for array in few):
        _bounded(count)
    return np.broadcast_to(work(*few), np.broadcast_shapes(*(array.shape for array in arrays)))


def _of_two(work: Callable[[Array, Array], Array]) -> Fold:
    def fold(inputs: list[Array], attributes: Attributes) -> Array:
        return reduce(partial(_each, work), inputs)

    return fold


def _of_one(work: Callable[[Array], Array]) -> Fold:
    def fold(inputs: list[Array], attributes: Attributes) -> Array:
        return _each(same, inputs[0])

    def same(x: Array) -> Array:
        return np.asarray(work(x), x.dtype)

    return fold


def _quotient(one: Array, other: Array) -> Array:
    if not np.issubdtype(one.dtype, np.integer):
        return one / other
    if np.any(other == 0):
        raise ValueError("a division of whole numbers by zero")
    return one // other


def _remainder(inputs: list[Array], attributes: Attributes) -> Array:
    work = np.fmod if attributes.get("fmod", 0) else np.mod
    if np.issubdtype(inputs[1].dtype, np.integer) and np.any(inputs[1] == 0):
        raise ValueError("a remainder of a division by zero")
    return _each(work, inputs[0], inputs[1])


def _filled(inputs: list[Array], attributes: Attributes) -> Array:
    shape = _list(inputs[0])
    if min(shape, default=0) < 0:
        raise ValueError(f"a constant of the shape {shape}")
    value = attributes.get("value")
    zero: Array = np.zeros(1, np.float32)
    number = cast("Array", value) if isinstance(value, np.ndarray) else zero
    return np.broadcast_to(number.reshape(-1)[0], shape)


def _spread(inputs: list[Array], attributes: Attributes) -> Array:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(_list(inputs[1])))
    return np.broadcast_to(inputs[0], shape)


def _repeated(inputs: list[Array], attributes: Attributes) -> Array:
    _bounded(inputs[0].size * prod(_list(inputs[1])))
    return np.tile(inputs[0], _list(inputs[1]))


def _range(inputs: list[Array], attributes: Attributes) -> Array:
    begin, end, step = (array.reshape(-1)[0] for array in inputs)
    _bounded(int(max(0.0, (float(end) - float(begin)) / float(step))) + 1)
    return np.arange(begin, end, step, dtype=inputs[0].dtype)


def _converted(inputs: list[Array], attributes: Attributes) -> Array:
    return _each(partial(np.asarray, dtype=TYPES[attributes["to"]]), inputs[0])


def _reduced(work: Callable[..., Array]) -> Fold:
    def fold(inputs: list[Array], attributes: Attributes) -> Array:
        axes = _axes(inputs, attributes)
        if not axes and attributes.get("noop_with_empty_axes", 0):
            return inputs[0]
        keep = bool(attributes.get("keepdims", 1))
        return work(inputs[0], axis=axes or None, keepdims=keep)

    return fold


def _chosen(inputs: list[Array], attributes: Attributes) -> Array:
    return _each(np.where, *inputs[:3])


def _triangle(inputs: list[Array], attributes: Attributes) -> Array:
    shift = int(inputs[1].reshape(-1)[0]) if len(inputs) > 1 else 0
    work = np.triu if attributes.get("upper", 1) else np.tril
    _bounded(inputs[0].size)
    return work(inputs[0], shift)


Fold = Callable[[list[Array], Attributes], Array]
FOLDED: dict[str, Fold] = {
    "Add": _of_two(np.add),
    "And": _of_two(np.logical_and),
    "Cast": _converted,
    "Ceil": _of_one(np.ceil),
    "Concat": _joined,
    "ConstantOfShape": _filled,
    "Cos": _of_one(np.cos),
    "Div": _of_two(_quotient),
    "Equal": _of_two(np.equal),
    "Exp": _of_one(np.exp),
    "Expand": _spread,
    "Floor": _of_one(np.floor),
    "Gather": _taken,
    "Greater": _of_two(np.greater),
    "GreaterOrEqual": _of_two(np.greater_equal),
    "Identity": _itself,
    "Less": _of_two(np.less),
    "LessOrEqual": _of_two(np.less_equal),
    "Log": _of_one(np.log),
    "Max": _of_two(np.maximum),
    "Min": _of_two(np.minimum),
    "Mod": _remainder,
    "Mul": _of_two(np.multiply),
    "Neg": _of_one(np.negative),
    "Not": _of_one(np.logical_not),
    "Or": _of_two(np.logical_or),
    "Pow": _of_two(lambda x, y: np.power(x, y).astype(x.dtype)),
    "Range": _range,
    "Reciprocal": _of_one(lambda x: 1 / x),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "Reshape": _reshaped,
    "Sin": _of_one(np.sin),
    "Slice": _sliced,
    "Sqrt": _of_one(np.sqrt),
    "Squeeze": _squeezed,
    "Sub": _of_two(np.subtract),
    "Tile": _repeated,
    "Transpose": _transposed,
    "Trilu": _triangle,
    "Unsqueeze": _unsqueezed,
    "Where": _chosen,
}
"""By operation; only what has constants alone as inputs."""


SHAPE_PARTS = ("Shape", "Size")


def shape_part(kind: str, shape: Sequence[int], attributes: Attributes) -> Array:
    """What `Shape` and `Size` give of a shape."""
    if kind == "Size":
        return np.array(prod(shape), np.int64)
    begin, end = attributes.get("start", 0), attributes.get("end", len(shape))
    return np.array(shape[begin:end], np.int64)


def literal(attributes: Attributes) -> Array | None:
    """The value of a `Constant` in any of its forms; None for what is no tensor of numbers."""
    if isinstance(attributes.get("value"), np.ndarray):
        return cast("Array", attributes["value"])
    for name in ("value_float", "value_floats", "value_int", "value_ints"):
        if name in attributes:
            return np.array(attributes[name], np.int64 if "int" in name else np.float32)
    return None


def note_fixed(fixed: dict[str, bool], output: str, inputs: Sequence[str]) -> None:
    """What is computed from fixed values alone is fixed; what is from a shape is noted as that."""
    known = [fixed.get(name) for name in inputs if name]
    if any(known) or None not in known:
        fixed[output] = any(known)


class Folding:
    """Makes initializers of shapes that are known and of what is computed from small constants."""

    def __init__(self, numpy_helper: Any, get_attribute: Callable[[Any], Any]):
        self.fixed: dict[str, bool] = {}
        self._helper = numpy_helper
        self._attribute = get_attribute
        self._arrays: dict[str, Array] = {}

    def fold(self, graph: Any) -> bool:
        """One round; whether there were any: then more shapes may follow."""
        known = {t.name: t for t in graph.initializer if prod(t.dims) <= SMALL}
        shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
        for info in (*graph.input, *graph.value_info, *graph.output):
            shapes[info.name] = [d.dim_value for d in info.type.tensor_type.shape.dim]
        left: list[Any] = []
        for node in graph.node:
            found = self._value(node, known, shapes)
            if found is None or found.size > SMALL:
                left.append(node)
                continue
            whole = np.ascontiguousarray(found).reshape(found.shape)
            known[node.output[0]] = self._helper.from_array(whole, node.output[0])
            graph.initializer.append(known[node.output[0]])
        changed = len(left) < len(graph.node)
        if changed:
            del graph.value_info[:]
        del graph.node[:]
        graph.node.extend(left)
        return changed

    def _value(
        self, node: Any, known: Mapping[str, Any], shapes: Mapping[str, list[int]]
    ) -> Array | None:
        inputs = list(node.input)
        attributes = self._attributes(node)
        if node.op_type == "Constant":
            self.fixed[node.output[0]] = False
            return literal(attributes)
        if node.op_type in SHAPE_PARTS:
            sizes = shapes.get(inputs[0])
            self.fixed[node.output[0]] = True
            return shape_part(node.op_type, sizes, attributes) if sizes and all(sizes) else None
        if node.op_type not in FOLDED or not all(name in known for name in inputs if name):
            return None
        arrays = [self._array(known[name]) if name else np.zeros(0, np.int64) for name in inputs]
        note_fixed(self.fixed, node.output[0], inputs)
        return FOLDED[node.op_type](arrays, attributes)

    def _array(self, tensor: Any) -> Array:
        if tensor.name not in self._arrays:
            self._arrays[tensor.name] = self._helper.to_array(tensor)
        return self._arrays[tensor.name]

    def _attributes(self, node: Any) -> Attributes:
        """The attributes of a node by name; a tensor is an array."""
        found = {a.name: self._attribute(a) for a in node.attribute}
        if hasattr(found.get("value"), "data_type"):
            found["value"] = self._helper.to_array(found["value"])
        return found
