"""Gradients of criteria. Operands: a = label, b = prediction, c = weight of a sample."""

from __future__ import annotations

from brainscript.dialects.net import normalise
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.terms import Term


def _likelihood(c: Case) -> Term:
    """`y p + (1 - y) (1 - p)`."""
    return c.a * c.b + (1 - c.a) * (1 - c.b)


def _slope(c: Case, of: Term) -> Term:
    """`(2 other - 1) / likelihood`, the derivative of its logarithm."""
    return (2 * of - 1).over(_likelihood(c))


def _scale(c: Case) -> Term:
    """Samples per weight, `n / sum w`, times the incoming gradient."""
    axis = c.kind(1).axis
    assert axis is not None
    ones = c.writer.make(
        BroadcastToOp, c.writer.number(1.0), result=c.kind(1).with_shape((1,)).with_axis(axis)
    )
    samples = Term(c.writer, ones).apply(SumElementsOp)
    return c.g * (samples * c.c.apply(SumElementsOp).reciprocal())


def _weight(c: Case) -> Term:
    """`-n log (likelihood) / sum w - o / sum w`."""
    terms = -(_scale(c) * _likelihood(c).log())
    share = c.g * (c.o * c.c.apply(SumElementsOp).reciprocal())
    return Term(c.writer, c.writer.fit(terms.value, c.kind(2))) - share


TABLE: Table = {
    "net.cross_entropy_with_softmax": (
        lambda c: -(c.g * c.b.apply(normalise.LogSoftmaxOp)),
        lambda c: c.g * (c.b.softmax() - c.a),
    ),
    "net.cross_entropy": (
        lambda c: -(c.g * c.b.log()),
        lambda c: -(c.g * c.a.over(c.b)),
    ),
    "net.square_error": (
        lambda c: (2 * c.g) * (c.a - c.b),
        lambda c: (2 * c.g) * (c.b - c.a),
    ),
    "net.dummy_criterion": (None, None, lambda c: c.g * c.b),
    "net.logistic": (
        lambda c: -(c.g * _slope(c, c.b)),
        lambda c: -(c.g * _slope(c, c.a)),
    ),
    "net.logistic.weighted": (
        lambda c: -(_scale(c) * (c.c * _slope(c, c.b))),
        lambda c: -(_scale(c) * (c.c * _slope(c, c.a))),
        _weight,
    ),
}
