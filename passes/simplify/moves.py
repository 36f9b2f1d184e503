"""Reshapes, slices, splices and the like of each other: elements are moved once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.reshaping import slice_range, splice_places
from brainscript.dialects.net.shape import (
    EmbedOp,
    ReshapeOp,
    RowRepeatOp,
    SliceOp,
    SpliceOp,
    TransposeDimensionsOp,
)
from brainscript.dialects.net.shapes import padded
from brainscript.dialects.tensors import Shape, shape_of, type_of
from brainscript.passes.simplify.site import Site, Table

ROUNDS_NOTHING = ("Sum", "Mean", "Prod")
"""The reductions that give x of a single x, also where it is NaN; -0 may become 0."""


def same_type(site: Site) -> SSAValue | None:
    """The operand of an operation that could only change its type, and does not."""
    x = site.op.operands[0]
    return x if x.type == site.kind else None


def same_elements(site: Site) -> SSAValue | None:
    """What only adds or drops axes of size 1 is a reshape."""
    x = site.op.operands[0]
    kind, shape = type_of(x), site.kind.shape
    alike = kind.axis == site.kind.axis and kind.elements == site.kind.elements
    return site.reshape(x, shape) if alike and shape is not None else None


def reshaped_twice(site: Site) -> SSAValue | None:
    """A reshape of a reshape is one reshape."""
    inner, shape = site.op.operands[0].owner, site.kind.shape
    if not isinstance(inner, ReshapeOp) or shape is None:
        return None
    return site.reshape(inner.x, shape)


def swapped_axes(op: TransposeDimensionsOp) -> set[int]:
    """The two axes that a transposition swaps."""
    return {op.axis1.value.data, op.axis2.value.data}


def swapped_twice(site: Site) -> SSAValue | None:
    """Two axes swapped and swapped back."""
    op, inner = site.op, site.op.operands[0].owner
    assert isinstance(op, TransposeDimensionsOp)
    if not isinstance(inner, TransposeDimensionsOp) or swapped_axes(op) != swapped_axes(inner):
        return None
    return inner.x if inner.x.type == site.kind else None


def swapped_in_place(site: Site) -> SSAValue | None:
    """Swapping axes moves nothing while the axes longer than 1 stay in their order."""
    x, op = site.op.operands[0], site.op
    assert isinstance(op, TransposeDimensionsOp)
    low, high = min(swapped_axes(op)) - 1, max(swapped_axes(op)) - 1
    shape = padded(shape_of(x), high + 1)
    between = [k for k in range(low, high + 1) if shape[k] > 1]
    moved = len(between) > 1 and (low in between or high in between)
    return None if moved or site.kind.shape is None else site.reshape(x, site.kind.shape)


def range_of(op: SliceOp) -> tuple[int, int, int]:
    """The axis of a slice from 1, its begin and its end."""
    axis = op.axis.value.data
    size = shape_of(op.x)[axis - 1]
    return axis, *slice_range(size, op.begin.value.data, op.end.value.data)


def cut(site: Site, x: SSAValue, axis: int, begin: int, end: int) -> SSAValue:
    """Elements `begin` to `end` of x along an axis; x itself where these are all."""
    if (begin, end) == (0, shape_of(x)[axis - 1]):
        return x
    return site.make(SliceOp, x, options={"begin": begin, "end": end, "axis": axis})


def sliced_twice(site: Site) -> SSAValue | None:
    """A slice of a slice along the same axis is one slice."""
    op, inner = site.op, site.op.operands[0].owner
    assert isinstance(op, SliceOp)
    if not isinstance(inner, SliceOp):
        return None
    axis, begin, end = range_of(op)
    other, start, _ = range_of(inner)
    return cut(site, inner.x, axis, start + begin, start + end) if axis == other else None


def part_of_splice(site: Site) -> SSAValue | None:
    """A slice that lies within one part of a splice is a slice of that part."""
    op, splice = site.op, site.op.operands[0].owner
    assert isinstance(op, SliceOp)
    if not isinstance(splice, SpliceOp) or splice.axis.value.data != op.axis.value.data:
        return None
    axis, begin, end = range_of(op)
    places = splice_places([shape_of(v) for v in splice.parts], axis)
    for part, low, high in zip(splice.parts, places, places[1:], strict=False):
        if low <= begin and end <= high and is_whole(part, splice):
            return cut(site, part, axis, begin - low, end - low)
    return None


def is_whole(part: SSAValue, splice: SpliceOp) -> bool:
    """Whether a part of a splice is not repeated along the other axes, or along samples."""
    axis, kind, whole = splice.axis.value.data, type_of(part), shape_of(splice.result)
    shape = shape_of(part)
    wide: Shape = (*whole[: axis - 1], *shape[axis - 1 : axis], *whole[axis:])
    return shape == wide and kind.axis == type_of(splice.result).axis


def slice_of_embedded(site: Site) -> SSAValue | None:
    """What was put between zeros is taken out again."""
    op, inner = site.op, site.op.operands[0].owner
    assert isinstance(op, SliceOp)
    if not isinstance(inner, EmbedOp) or inner.axis.value.data != op.axis.value.data:
        return None
    axis, begin, end = range_of(op)
    low = inner.begin.value.data
    high = low + shape_of(inner.x)[axis - 1]
    if not low <= begin < end <= high:
        return None
    return cut(site, inner.x, axis, begin - low, end - low)


def one_part(site: Site) -> SSAValue | None:
    """A splice of one value."""
    return same_type(site) if len(site.op.operands) == 1 else None


def joined(site: Site) -> SSAValue | None:
    """Neighbouring slices of one value, side by side again."""
    op = site.op
    assert isinstance(op, SpliceOp)
    axis = op.axis.value.data
    parts = list(neighbours(list(op.parts), axis))
    if len(parts) == len(op.parts):
        return None
    values = [v if isinstance(v, SSAValue) else cut(site, v[0], axis, v[1], v[2]) for v in parts]
    if len(values) == 1:
        return values[0]
    return site.make(SpliceOp, *values, options={"axis": axis})


def neighbours(parts: list[SSAValue], axis: int) -> Iterator[SSAValue | tuple[SSAValue, int, int]]:
    """The parts of a splice; slices that follow each other as their value, begin and end."""
    run: tuple[SSAValue, int, int] | None = None
    single: SSAValue | None = None
    for part in parts:
        owner = part.owner
        found = range_of(owner) if isinstance(owner, SliceOp) else None
        if not isinstance(owner, SliceOp) or found is None or found[0] != axis:
            yield from pending(run, single)
            run = single = None
            yield part
        elif run is not None and run[0] is owner.x and run[2] == found[1]:
            run, single = (owner.x, run[1], found[2]), None
        else:
            yield from pending(run, single)
            run, single = (owner.x, found[1], found[2]), part
    yield from pending(run, single)


def pending(
    run: tuple[SSAValue, int, int] | None, single: SSAValue | None
) -> Iterator[SSAValue | tuple[SSAValue, int, int]]:
    """A run of slices; a run of one is the slice itself."""
    if single is not None:
        yield single
    elif run is not None:
        yield run


def reduced_alone(site: Site) -> SSAValue | None:
    """A sum, mean or product over an axis of size 1, or of a sample of one element."""
    op = site.op
    assert isinstance(op, ReduceOp)
    axis, shape = op.axis.value.data, site.kind.shape
    if op.op.data not in ROUNDS_NOTHING or axis < 0 or shape is None:
        return None
    return same_elements(site)


MOVES: Table = {
    ReshapeOp: (same_type, reshaped_twice),
    TransposeDimensionsOp: (swapped_twice, swapped_in_place),
    SliceOp: (same_type, sliced_twice, part_of_splice, slice_of_embedded),
    SpliceOp: (one_part, joined),
    EmbedOp: (same_type,),
    RowRepeatOp: (same_type,),
    ReduceOp: (reduced_alone,),
    ew.SumToOp: (same_elements,),
    ew.BroadcastToOp: (same_elements,),
}
