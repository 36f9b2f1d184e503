"""Criteria over a vocabulary: the scores of all words, and which of them a sample is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.normalise import LogSoftmaxOp
from brainscript.dialects.net.parameters import IndexOp
from brainscript.dialects.net.shape import SliceOp
from brainscript.dialects.net.words import (
    ClassLogOp,
    ClassScoresOp,
    ClassSlopeOp,
    ClassSumsOp,
    WordScoresOp,
)
from brainscript.dialects.tensors import Shape, TensorType, shape_of, type_of
from brainscript.passes.gradient.terms import Term


def numbers(like: Term, shape: Shape) -> Term:
    """The number of each element of a value of this shape."""
    kind = TensorType.of(shape, type_of(like.value).element)
    return Term(like.writer, like.writer.make(IndexOp, result=kind))


def column(x: Term) -> Term:
    """A sample as one column."""
    return x.reshape((type_of(x.value).elements,))


def on_samples(x: Term, like: Term) -> Term:
    """The same for every sample, if it is one value where `like` has one for each."""
    kind, axis = type_of(x.value), type_of(like.value).axis
    if kind.axis is not None or axis is None:
        return x
    return Term(x.writer, x.writer.make(BroadcastToOp, x.value, result=kind.with_axis(axis)))


def _number(like: Term) -> TensorType:
    """One number for each sample."""
    return type_of(like.value).with_shape((1,))


def word_scores(weights: Term, x: Term, words: Term) -> Term:
    """`W[:, word]' x` for the words of each sample."""
    kind = type_of(words.value)
    operands = (weights.value, x.value, words.value)
    return Term(x.writer, x.writer.make(WordScoresOp, *operands, result=kind))


@dataclass(frozen=True)
class ClassBased:
    """A word in two steps: its class among all classes, then the word among those of its class.

    `inner` are the scores of the words of the class, and of these alone; `group` marks the class.
    """

    label: Term
    x: Term
    inner: Term
    group: Term

    @staticmethod
    def of(operands: Sequence[Term]) -> ClassBased:
        """From the label, the input, the weights and the scores of the classes."""
        label, x, weights, classes = operands
        label, x = (on_samples(column(v), column(like)) for v, like in ((label, x), (x, label)))
        kind = type_of(x.value).with_shape((shape_of(weights.value)[1],))
        given = (weights.value, x.value, label.value)
        inner = Term(x.writer, x.writer.make(ClassScoresOp, *given, result=kind))
        group = label.apply(SliceOp, begin=1, end=2, axis=1)
        return ClassBased(label, x, inner, numbers(x, shape_of(classes.value)).same(group))

    def value(self, classes: Term) -> Term:
        """What the criterion is for each sample."""
        word = self._make(ClassLogOp, _number(self.label), self.inner, self.label)
        return -(word + (classes.apply(LogSoftmaxOp) * self.group).sum())

    def slope(self) -> Term:
        """The gradient with respect to the scores of words."""
        return self._make(ClassSlopeOp, type_of(self.inner.value), self.inner, self.label)

    def to_input(self, weights: Term) -> Term:
        """The gradient with respect to the input, as a column."""
        return self._make(ClassSumsOp, type_of(self.x.value), weights, self.slope(), self.label)

    def _make(self, cls: type[NetOp], result: TensorType, *operands: Term) -> Term:
        writer = self.label.writer
        return Term(writer, writer.make(cls, *(o.value for o in operands), result=result))


@dataclass(frozen=True)
class Contrast:
    """A word against k words of noise.

    `words` are the words of the pairs, `score` and `noise` numbers of each pair, all `[1 x K]`;
    `own` marks the first one.
    """

    x: Term
    words: Term
    score: Term
    noise: Term
    own: Term

    @staticmethod
    def of(operands: Sequence[Term]) -> Contrast:
        """From the label, the input, the weights and the bias."""
        label, x, weights, bias = operands
        x = on_samples(column(x), label)
        pairs = type_of(label.value).elements // 2
        label = label.reshape((2, pairs))
        words, values = (label.apply(SliceOp, begin=i, end=i + 1, axis=1) for i in range(2))
        score = word_scores(weights, x, words)
        one = x.writer.make(BroadcastToOp, x.writer.number(1.0), result=_number(words))
        row = bias.reshape((1, type_of(bias.value).elements))
        score = score + word_scores(row, Term(x.writer, one), words)
        own = numbers(x, (1, pairs)).same(x.writer.term(0))
        chance = own.choose(values, -values)
        noise = chance + log(pairs - 1) if pairs > 1 else chance
        return Contrast(x, words, score, noise, own)

    def value(self) -> Term:
        """What the criterion is for each sample."""
        both = self.score.apply(ew.LogPlusOp, self.noise)
        return -(self.own.choose(self.score, self.noise) - both).sum()

    def slope(self) -> Term:
        """The gradient with respect to the scores of the pairs."""
        share = (self.score - self.score.apply(ew.LogPlusOp, self.noise)).exp()
        return self.own.choose(share - 1, share)
