"""Gradients of products and of the sum of everything."""

from __future__ import annotations

import operator
from functools import reduce

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net import linear
from brainscript.dialects.net.samples import RollOp
from brainscript.dialects.net.shape import SliceOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _rank(c: Case) -> int:
    assert isinstance(c.op, linear.TimesOp)
    return c.op.output_rank.value.data


def _of_sums(c: Case) -> bool:
    assert isinstance(c.op, linear.TimesOp)
    return c.op.multiplies_sums


def _times_left(c: Case) -> Term:
    """`dA = g B'`, or `g` times the sum of B."""
    if _of_sums(c):
        return c.g * c.b.sum()
    return c.make(linear.TimesGradientLeftOp, c.g, c.b, index=0, output_rank=_rank(c))


def _times_right(c: Case) -> Term:
    """`dB = A' g`, or `g` times the sum of A."""
    if _of_sums(c):
        return c.g * c.a.sum()
    return c.make(linear.TimesGradientRightOp, c.a, c.g, index=1, output_rank=_rank(c))


def _transpose_left(c: Case) -> Term:
    """`dA = B g'`."""
    return c.make(linear.TimesGradientLeftOp, c.b, c.g, index=0)


def _transpose_right(c: Case) -> Term:
    """`dB = A g`; a vector A is one column, so the product is an outer one."""
    shape = c.kind(0).shape
    assert shape is not None
    return c.a.apply(ew.ElementTimesOp if len(shape) == 1 else linear.TimesOp, c.g)


def _norm(x: Term) -> Term:
    return (x * x).sum().apply(ew.SqrtOp)


def _cosine(c: Case, x: Term, y: Term) -> Term:
    return _cosine_slope(c.g, c.o, x, y)


def _cosine_slope(g: Term, o: Term, x: Term, y: Term) -> Term:
    """`g (y / (|x| |y|) - o x / |x|^2)`."""
    norm = _norm(x)
    return g * (y.over(_norm(y)).over(norm) - o * x.over(norm).over(norm))


def _khatri_rao(c: Case, index: int) -> Term:
    """The sum of g times the other factor, over the elements of that."""
    sizes = [c.kind(i).elements for i in range(2)]
    other = c.operand(1 - index).reshape(((1, sizes[1]), (sizes[0],))[index])
    product = c.g.reshape((sizes[0], sizes[1])) * other
    narrow = ((sizes[0], 1), (1, sizes[1]))[index]
    kind = type_of(product.value).with_shape(narrow)
    total = Term(c.writer, c.writer.make(ew.SumToOp, product.value, result=kind))
    return total.reshape(shape_of(c.op.operands[index]))


def _pieces(c: Case) -> tuple[Term, Term]:
    """The gradient and the looked up sample of `LookupTable`, piece by piece."""
    rows, size = shape_of(c.op.operands[0])
    count = c.kind(1).elements // size
    return c.g.reshape((rows, count)), c.b.reshape((size, count))


def _lookup_left(c: Case) -> Term:
    return c.make(linear.TimesGradientLeftOp, *_pieces(c), index=0)


def _lookup_right(c: Case) -> Term:
    g, pieces = _pieces(c)
    kind = type_of(pieces.value)
    made = c.writer.make(linear.TimesGradientRightOp, c.a.value, g.value, result=kind)
    return Term(c.writer, made).reshape(shape_of(c.op.operands[1]))


def _negative_samples(c: Case, index: int) -> Term:
    """The gradients of all cosines; those of partners go back to where the partners are."""
    op = c.op
    assert isinstance(op, linear.CosDistanceWithNegativeSamplesOp)
    shift, parts = op.shift.value.data, list[Term]()
    for row in range(op.count.value.data + 1):
        g, o = (x.apply(SliceOp, begin=row, end=row + 1, axis=1) for x in (c.g, c.o))
        turn = shift + row - 1 if row else 0
        b = c.b.apply(RollOp, shift=turn) if turn else c.b
        part = _cosine_slope(g, o, *((c.a, b), (b, c.a))[index])
        parts.append(part.apply(RollOp, shift=-turn) if turn and index else part)
    return reduce(operator.add, parts)


TABLE: Table = {
    "net.times": (_times_left, _times_right),
    "net.transpose_times": (_transpose_left, _transpose_right),
    "net.cos_distance": (lambda c: _cosine(c, c.a, c.b), lambda c: _cosine(c, c.b, c.a)),
    "net.cos_distance_with_negative_samples": (
        lambda c: _negative_samples(c, 0),
        lambda c: _negative_samples(c, 1),
    ),
    "net.khatri_rao_product": (lambda c: _khatri_rao(c, 0), lambda c: _khatri_rao(c, 1)),
    "net.lookup_table": (_lookup_left, _lookup_right),
    "net.matrix_l1_reg": (lambda c: c.g * c.x.apply(ew.SignOp),),
    "net.matrix_l2_reg": (lambda c: c.g * c.x.over(c.o),),
    "net.sum_column_elements": (lambda c: c.g,),
    "net.sum_elements": (lambda c: c.g,),
}
