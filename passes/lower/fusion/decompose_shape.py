"""The shape family in terms of what costs nothing: reshapes, views and splices.

A reshape is the memory it reads; a slice or a transposition is read where it is used; a splice is
written where its parts are made.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.base import plain
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.parameters import IndexOp, SplatOp
from brainscript.dialects.net.shape import (
    DiagonalOp,
    EmbedOp,
    LegacyReshapeOp,
    ReshapeOp,
    RowRepeatOp,
    SliceOp,
    SpliceOp,
    TraceOp,
    TransposeDimensionsOp,
)
from brainscript.dialects.tensors import Shape, shape_of, type_of
from brainscript.passes.lower.fusion.steps import Steps

MOST_PARTS = 16
"""Bound on the parts of a splice that one kernel reads."""


def reshaped(steps: Steps, x: SSAValue, shape: Shape) -> SSAValue:
    """x in another shape; a constant is made in that shape."""
    if shape_of(x) == shape:
        return x
    kind = type_of(x).with_shape(shape)
    if isinstance(x.owner, SplatOp):
        return steps.add(SplatOp(x.owner.value.value.data, kind))
    if isinstance(x.owner, IndexOp):
        return steps.add(IndexOp(result_type=kind))
    return steps.add(ReshapeOp(x, options={"dims": shape}))


def reshape(steps: Steps, op: Operation) -> SSAValue:
    """A reshape of the value itself, all axes at once; none where the shape stays."""
    x, result = op.operands[0], op.results[0]
    done = isinstance(op, ReshapeOp) and plain(op.dims) == shape_of(result)
    source = x.owner
    if (
        done
        and not isinstance(source, ReshapeOp | SplatOp | IndexOp)
        and shape_of(x) != shape_of(result)
    ):
        return result
    while isinstance(x.owner, ReshapeOp):
        x = x.owner.x
    return reshaped(steps, x, shape_of(result))


def cut(steps: Steps, op: Operation) -> SSAValue:
    """A slice, or the operand itself."""
    assert isinstance(op, SliceOp)
    return op.x if type_of(op.x) == type_of(op.result) else op.result


def zeros(steps: Steps, like: SSAValue, shape: Shape) -> SSAValue:
    """Zeros of this shape."""
    kind = type_of(like).with_shape(shape)
    return steps.add(BroadcastToOp(steps.number(0.0, like), result_type=kind))


def embed(steps: Steps, op: Operation) -> SSAValue:
    """A splice with zeros in front and behind."""
    assert isinstance(op, EmbedOp)
    return spliced(steps, op.result, op.axis.value.data, {op.begin.value.data: op.x})


def spliced(steps: Steps, result: SSAValue, axis: int, placed: dict[int, SSAValue]) -> SSAValue:
    """Values at their places along an axis, zeros between them."""
    shape = shape_of(result)
    size, at, parts = shape[axis - 1], 0, list[SSAValue]()

    def fill(end: int) -> None:
        if at < end:
            parts.append(zeros(steps, result, (*shape[: axis - 1], end - at, *shape[axis:])))

    for begin, value in sorted(placed.items()):
        fill(begin)
        parts.append(value)
        at = begin + shape_of(value)[axis - 1]
    fill(size)
    if len(parts) == 1:
        return parts[0]
    return steps.add(SpliceOp(*parts, result_type=type_of(result), options={"axis": axis}))


def splice(steps: Steps, op: Operation) -> SSAValue:
    """A splice, its only part, or a splice of splices where a kernel would read too many parts."""
    assert isinstance(op, SpliceOp)
    parts, options = op.parts, {"axis": op.axis.value.data}
    if len(parts) > MOST_PARTS:
        runs = [parts[i : i + MOST_PARTS] for i in range(0, len(parts), MOST_PARTS)]
        values = [steps.add(SpliceOp(*run, options=options)) for run in runs]
        return steps.add(SpliceOp(*values, result_type=type_of(op.result), options=options))
    if len(parts) > 1:
        return op.result
    part = parts[0]
    if type_of(part).axis != type_of(op.result).axis:
        return steps.add(BroadcastToOp(part, result_type=type_of(op.result)))
    return reshaped(steps, part, shape_of(op.result))


def row_repeat(steps: Steps, op: Operation) -> SSAValue:
    """x broadcast along a new last axis, which is then joined with the one before it."""
    assert isinstance(op, RowRepeatOp)
    shape, count = shape_of(op.x), op.count.value.data
    kind = type_of(op.x).with_shape((*shape, count))
    wide = steps.add(BroadcastToOp(op.x, result_type=kind))
    return reshaped(steps, wide, shape_of(op.result))


def transpose(steps: Steps, op: Operation) -> SSAValue:
    """A transposition, or a reshape where at most one of the axes from one to the other is wide."""
    assert isinstance(op, TransposeDimensionsOp)
    low, high = sorted((op.axis1.value.data - 1, op.axis2.value.data - 1))
    between = shape_of(op.result)[low : high + 1]
    wide = [k for k, size in enumerate(between, low) if size > 1]
    if len(wide) <= 1 or (low not in wide and high not in wide):
        return reshaped(steps, op.x, shape_of(op.result))
    return op.result


def diagonal(steps: Steps, op: Operation) -> SSAValue:
    """The first row of the elements in columns of `n + 1`."""
    assert isinstance(op, DiagonalOp)
    size = shape_of(op.x)[0]
    flat = type_of(op.x).with_shape((size * (size + 1),))
    tail = zeros(steps, op.x, (size,))
    long = SpliceOp(reshaped(steps, op.x, (size * size,)), tail, result_type=flat)
    tall = reshaped(steps, steps.add(long), (size + 1, size))
    row = type_of(op.result)
    return steps.add(SliceOp(tall, result_type=row, options={"begin": 0, "end": 1, "axis": 1}))


def identity(steps: Steps, op: Operation) -> SSAValue:
    """The operand itself."""
    return op.operands[0]


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    ReshapeOp: reshape,
    LegacyReshapeOp: reshape,
    SliceOp: cut,
    EmbedOp: embed,
    SpliceOp: splice,
    RowRepeatOp: row_repeat,
    TransposeDimensionsOp: transpose,
    DiagonalOp: diagonal,
    TraceOp: identity,
}
