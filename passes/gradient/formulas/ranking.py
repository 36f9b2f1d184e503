"""Ranking criteria: the order of the samples of a query by score against that by gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.samples import QueryFoldOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.gradient.terms import Term

PERCENT = 100.0


@dataclass(frozen=True)
class Ranking:
    """One number each for every sample: place among the samples of its query, and rank by score."""

    gain: Term
    score: Term
    query: Term
    place: Term
    rank: Term

    @staticmethod
    def of(operands: Sequence[Term]) -> Ranking:
        """From gain, score and query."""
        gain, score, query = (x.reshape((1,)) for x in operands)
        place = query.apply(QueryFoldOp, fold="place")
        return Ranking(
            gain, score, query, place, query.apply(QueryFoldOp, score, gain, fold="rank")
        )

    def summed(self, x: Term) -> Term:
        """The sum over the samples of the query."""
        return self.query.apply(QueryFoldOp, x, fold="sum")

    @property
    def first(self) -> Term:
        """1 for the first sample of each query, else 0."""
        return self.place.same(self.place.writer.term(0))

    @property
    def discount(self) -> Term:
        """`ln (2 + rank)`."""
        return (self.rank + 2).log()

    @property
    def ideal(self) -> Term:
        """The discounted gain of the order of the data."""
        return self.summed(self.gain.over((self.place + 2).log()))

    def mean(self, x: Term) -> Term:
        """`100 n` times the mean of x over the queries."""
        writer = x.writer
        one = writer.make(ew.BroadcastToOp, writer.number(1.0), result=type_of(self.place.value))
        samples = Term(writer, one).apply(SumElementsOp)
        queries = self.first.apply(SumElementsOp)
        return (samples * PERCENT) * self.first.choose(x, 0).apply(SumElementsOp).over(queries)

    def lambda_rank(self) -> Term:
        """`100 n (1 - mean of DCG / IDCG)`."""
        reached = self.summed(self.gain.over(self.discount))
        return self.mean(1 - reached.over(self.ideal))

    def slope(self) -> Term:
        """The gradient of `lambda_rank` with respect to the score."""
        operands = (self.score, self.gain, self.discount, self.ideal)
        return self.query.apply(QueryFoldOp, *operands, fold="slope")

    def ndcg1(self) -> Term:
        """`100 n` times the mean of the gain at rank 0 over the first gain; 0 where that is 0."""
        best = self.summed(self.rank.same(self.rank.writer.term(0)).choose(self.gain, 0))
        return self.mean(best * self.summed(self.first * self.gain).reciprocal())
