"""Gradients of criteria. Operands: a = label, b = prediction, c = weight of a sample."""

from __future__ import annotations

from brainscript.dialects.net import normalise
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.words import ClassGradientOp, WordGradientOp, WordSumsOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.gradient.cases import Case, Table
from brainscript.passes.gradient.formulas.ranking import Ranking
from brainscript.passes.gradient.formulas.words import ClassBased, Contrast
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


def _class_based(c: Case) -> ClassBased:
    return ClassBased.of([c.operand(i) for i in range(4)])


def _contrast(c: Case) -> tuple[Term, Contrast]:
    """The gradient of the scores of the pairs, and those."""
    contrast = Contrast.of([c.operand(i) for i in range(4)])
    return c.g * contrast.slope(), contrast


def _contrast_to_input(c: Case) -> Term:
    """The sum of the slopes times the columns of the words."""
    slope, contrast = _contrast(c)
    kind, words = type_of(contrast.x.value), contrast.words
    made = c.writer.make(WordSumsOp, c.c.value, slope.value, words.value, result=kind)
    return Term(c.writer, made).reshape(shape_of(c.b.value))


def _contrast_to_weights(c: Case) -> Term:
    """The slopes times the input, at the columns of the words."""
    slope, contrast = _contrast(c)
    return c.make(WordGradientOp, contrast.x, slope, contrast.words, index=2)


def _contrast_to_bias(c: Case) -> Term:
    """The slopes, at the columns of the words."""
    slope, contrast = _contrast(c)
    words = contrast.words
    kind = type_of(words.value).with_shape((1,))
    one = Term(c.writer, c.writer.make(BroadcastToOp, c.writer.number(1.0), result=kind))
    return c.make(WordGradientOp, one, slope, words, index=3)


def _words_to_input(c: Case) -> Term:
    """The weights of the words of the class times their slopes."""
    return (c.g * _class_based(c).to_input(c.c)).reshape(shape_of(c.b.value))


def _words_to_weights(c: Case) -> Term:
    """The input times the slopes of the words of the class."""
    words = _class_based(c)
    return c.make(ClassGradientOp, c.g * words.x, words.slope(), words.label, index=2)


def _classes(c: Case) -> Term:
    """`softmax` of the scores of the classes, less 1 for the right one."""
    return c.g * (c.operand(3).softmax() - _class_based(c).group)


def _ranking(c: Case) -> Term:
    slope = Ranking.of([c.operand(i) for i in range(3)]).slope()
    return (c.g * slope).reshape(shape_of(c.b.value))


TABLE: Table = {
    "net.class_based_cross_entropy_with_softmax": (
        None,
        _words_to_input,
        _words_to_weights,
        _classes,
    ),
    "net.noise_contrastive": (
        None,
        _contrast_to_input,
        _contrast_to_weights,
        _contrast_to_bias,
    ),
    "net.lambda_rank": (None, _ranking, None),
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
