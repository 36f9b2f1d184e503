"""Gradients of products and of the sum of everything."""

from __future__ import annotations

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net import linear
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
    """`g (y / (|x| |y|) - o x / |x|^2)`."""
    norm = _norm(x)
    return c.g * (y.over(_norm(y)).over(norm) - c.o * x.over(norm).over(norm))


TABLE: Table = {
    "net.times": (_times_left, _times_right),
    "net.transpose_times": (_transpose_left, _transpose_right),
    "net.cos_distance": (lambda c: _cosine(c, c.a, c.b), lambda c: _cosine(c, c.b, c.a)),
    "net.sum_elements": (lambda c: c.g,),
}
