"""Where views read and splices write: places in memory along the axes of the values as written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.reshaping import slice_range
from brainscript.dialects.net.shape import SliceOp, TransposeDimensionsOp
from brainscript.dialects.sched import SPLICE, is_view, part_shapes, splice_axis
from brainscript.dialects.tensors import Shape, shape_of


@dataclass(frozen=True)
class Place:
    """A value in the memory of another one: `source` is that, `pitch` its elements."""

    source: SSAValue
    shape: Shape
    start: int
    strides: Shape
    pitch: int


def dense(value: SSAValue) -> Place:
    """A value in its own memory."""
    shape = shape_of(value)
    strides = tuple(prod(shape[:k]) for k in range(len(shape)))
    return Place(value, shape, 0, strides, prod(shape))


def viewed(op: Operation, places: dict[SSAValue, Place]) -> Place:
    """Where the result of a view lies; `places` are those of views before it."""
    value, shape = op.operands[0], shape_of(op.results[0])
    old = places.get(value) or dense(value)
    strides = list(old.strides)
    if isinstance(op, SliceOp):
        axis = op.axis.value.data - 1
        begin, _ = slice_range(old.shape[axis], op.begin.value.data, op.end.value.data)
        start = old.start + begin * strides[axis]
        return Place(old.source, shape, start, tuple(strides), old.pitch)
    assert isinstance(op, TransposeDimensionsOp)
    strides += [0] * (len(shape) - len(strides))
    first, second = op.axis1.value.data - 1, op.axis2.value.data - 1
    strides[first], strides[second] = strides[second], strides[first]
    return Place(old.source, shape, old.start, tuple(strides), old.pitch)


def view_places(steps: Sequence[Operation]) -> dict[SSAValue, Place]:
    """The place of the result of every view."""
    places: dict[SSAValue, Place] = {}
    for op in steps:
        if is_view(op):
            places[op.results[0]] = viewed(op, places)
    return places


def part_places(op: Operation) -> list[Place]:
    """Where each part of a splice goes."""
    whole, axis = dense(op.results[0]), splice_axis(op)
    places: list[Place] = []
    start = 0
    for part, shape in zip(op.operands, part_shapes(op), strict=True):
        places.append(Place(part, shape, start, whole.strides, whole.pitch))
        start += shape[axis] * whole.strides[axis]
    return places


def all_places(steps: Sequence[Operation]) -> list[tuple[Shape, Shape]]:
    """The shapes and strides of everything that is read by a view or written by a splice."""
    places = list(view_places(steps).values())
    for op in steps:
        if op.name == SPLICE:
            places += part_places(op)
    return [(place.shape, place.strides) for place in places]
