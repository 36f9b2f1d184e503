"""Gradients of operations that move elements: the way back, 0 where nothing came from."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net import shape as sh
from brainscript.dialects.net.reshaping import slice_range, splice_places
from brainscript.dialects.tensors import shape_of
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _back(c: Case) -> Term:
    """`g` in the shape of the operand."""
    return c.g.reshape(shape_of(c.op.operands[0]))


def _slice(c: Case) -> Term:
    """`g` at the place of the slice."""
    assert isinstance(c.op, sh.SliceOp)
    axis = c.op.axis.value.data
    size = shape_of(c.op.x)[axis - 1]
    begin, _ = slice_range(size, c.op.begin.value.data, c.op.end.value.data)
    return c.make(sh.EmbedOp, c.g, index=0, begin=begin, axis=axis)


def _splice(c: Case) -> Term:
    """The part of `g` that the operand makes."""
    assert isinstance(c.op, sh.SpliceOp)
    axis = c.op.axis.value.data
    places = splice_places([shape_of(v) for v in c.op.parts], axis)
    begin, end = places[c.index], places[c.index + 1]
    return c.g.apply(sh.SliceOp, begin=begin, end=end, axis=axis)


def _row_repeat(c: Case) -> Term:
    """The sum of the copies."""
    assert isinstance(c.op, sh.RowRepeatOp)
    shape, count = shape_of(c.op.x), c.op.count.value.data
    each = c.g.reshape((*shape, count))
    kind = c.kind(0).with_shape((*shape, 1))
    return Term(c.writer, c.writer.make(ew.SumToOp, each.value, result=kind)).reshape(shape)


def _transpose(c: Case) -> Term:
    """The axes swapped back."""
    assert isinstance(c.op, sh.TransposeDimensionsOp)
    first, second = c.op.axis1.value.data, c.op.axis2.value.data
    return c.g.apply(sh.TransposeDimensionsOp, axis1=first, axis2=second)


def _diagonal(c: Case) -> Term:
    """`g` along the diagonal: every `n + 1`-th element of the matrix."""
    size = shape_of(c.op.result)[1]
    tall = c.kind(0).with_shape((size + 1, size))
    rows = c.writer.make(sh.EmbedOp, c.g.value, result=tall, options={"begin": 0, "axis": 1})
    flat = Term(c.writer, rows).reshape((size * (size + 1),))
    return flat.apply(sh.SliceOp, begin=0, end=size * size, axis=1).reshape((size, size))


TABLE: Table = {
    "net.reshape": (_back,),
    "net.legacy_reshape": (_back,),
    "net.slice": (_slice,),
    "net.splice": (_splice,),
    "net.row_repeat": (_row_repeat,),
    "net.transpose_dimensions": (_transpose,),
    "net.diagonal": (_diagonal,),
    "net.trace": (lambda c: c.g,),
}
