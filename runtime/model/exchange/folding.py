"""What is done to the constants of an ONNX graph at once: shapes and other small arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Attributes = Mapping[str, Any]
LARGEST, SMALL = 1 << 22, 1 << 16
"""The bounds on the elements of what is computed, and of what shapes may follow from."""
ROUNDS = 8
TYPES = {1: "f4", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""ONNX's numbers of element types."""


def _axes(inputs: list[Array], attributes: Attributes) -> tuple[int, ...] | None:
    if len(inputs) > 1:
        return tuple(int(a) for a in inputs[1].reshape(-1))
    found = cast("Sequence[int] | None", attributes.get("axes"))
    return None if found is None else tuple(found)


def _reshaped(inputs: list[Array], attributes: Attributes) -> Array:
    shape = [n or inputs[0].shape[i] for i, n in enumerate(inputs[1].reshape(-1).tolist())]
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
    if sum(array.size for array in inputs) > LARGEST:
        raise ValueError(f"a constant of more than {LARGEST} elements")
    return np.concatenate(inputs, attributes.get("axis", 0))


def _taken(inputs: list[Array], attributes: Attributes) -> Array:
    if inputs[0].size * inputs[1].size > LARGEST:
        raise ValueError(f"a constant of more than {LARGEST} elements")
    return np.take(inputs[0], inputs[1], attributes.get("axis", 0))


def _sliced(inputs: list[Array], attributes: Attributes) -> Array:
    begins, ends, *more = (array.reshape(-1).tolist() for array in inputs[1:])
    axes = more[0] if more else range(len(begins))
    steps = more[1] if len(more) > 1 else [1] * len(begins)
    places = [slice(None)] * inputs[0].ndim
    for axis, begin, end, step in zip(axes, begins, ends, steps, strict=True):
        places[axis] = slice(begin, end, step)
    return inputs[0][tuple(places)]


def _arithmetic(work: Callable[[Array, Array], Array]) -> Fold:
    def fold(inputs: list[Array], attributes: Attributes) -> Array:
        if prod(np.broadcast_shapes(inputs[0].shape, inputs[1].shape)) > LARGEST:
            raise ValueError(f"a constant of more than {LARGEST} elements")
        return work(inputs[0], inputs[1])

    return fold


def _quotient(one: Array, other: Array) -> Array:
    whole = np.issubdtype(one.dtype, np.integer)
    return one // other if whole else one / other


def _filled(inputs: list[Array], attributes: Attributes) -> Array:
    shape = inputs[0].reshape(-1).tolist()
    if prod(shape) > LARGEST or min(shape, default=0) < 0:
        raise ValueError(f"a constant of the shape {shape}")
    value = attributes.get("value")
    zero: Array = np.zeros(1, np.float32)
    number = cast("Array", value) if isinstance(value, np.ndarray) else zero
    return np.full(shape, number.reshape(-1)[0], number.dtype)


def _converted(inputs: list[Array], attributes: Attributes) -> Array:
    return inputs[0].astype(TYPES[attributes["to"]])


Fold = Callable[[list[Array], Attributes], Array]
FOLDED: dict[str, Fold] = {
    "Add": _arithmetic(np.add),
    "Cast": _converted,
    "Concat": _joined,
    "ConstantOfShape": _filled,
    "Div": _arithmetic(_quotient),
    "Gather": _taken,
    "Identity": _itself,
    "Mul": _arithmetic(np.multiply),
    "Reshape": _reshaped,
    "Slice": _sliced,
    "Squeeze": _squeezed,
    "Sub": _arithmetic(np.subtract),
    "Transpose": _transposed,
    "Unsqueeze": _unsqueezed,
}
"""By operation; only what has constants alone as inputs."""


def fold_graph(graph: Any, numpy_helper: Any, get_attribute: Callable[[Any], Any]) -> bool:
    """Make initializers of shapes that are known and of what is computed from small constants.

    Whether there were any: then more shapes may follow.
    """
    known = {t.name: t for t in graph.initializer if prod(t.dims) <= SMALL}
    shapes: dict[str, list[int]] = {}
    for info in (*graph.input, *graph.value_info):
        shapes[info.name] = [d.dim_value for d in info.type.tensor_type.shape.dim]
    arrays: dict[str, Array] = {}

    def value(name: str) -> Array:
        if name not in arrays:
            arrays[name] = numpy_helper.to_array(known[name])
        return arrays[name]

    left: list[Any] = []
    for node in graph.node:
        inputs = [name for name in node.input if name]
        attributes = _attributes(node, numpy_helper, get_attribute)
        sizes = shapes.get(inputs[0]) if inputs else None
        found: Array | None = None
        if node.op_type == "Constant":
            found = attributes.get("value")
        elif node.op_type == "Shape" and sizes and all(sizes):
            found = np.array(sizes, np.int64)
        elif node.op_type in FOLDED and all(name in known for name in inputs):
            found = FOLDED[node.op_type]([value(name) for name in inputs], attributes)
        if found is None or found.size > SMALL:
            left.append(node)
            continue
        whole = np.ascontiguousarray(found).reshape(found.shape)
        known[node.output[0]] = numpy_helper.from_array(whole, node.output[0])
        graph.initializer.append(known[node.output[0]])
    changed = len(left) < len(graph.node)
    if changed:
        del graph.value_info[:]
    del graph.node[:]
    graph.node.extend(left)
    return changed


def _attributes(node: Any, numpy_helper: Any, get_attribute: Callable[[Any], Any]) -> Attributes:
    """The attributes of a node by name; a tensor is an array."""
    found = {a.name: get_attribute(a) for a in node.attribute}
    if hasattr(found.get("value"), "data_type"):
        found["value"] = numpy_helper.to_array(found["value"])
    return found
