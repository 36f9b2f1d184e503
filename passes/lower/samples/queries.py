"""Sums over the samples of one query: every sample against every other one of its query.

Samples of a query follow each other and have the same number as query; one thread makes all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, i64
from xdsl.ir import SSAValue

from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.scalar_bodies import quotient
from brainscript.passes.lower.vectors import Vectors

INDEX = IndexType()


@dataclass
class Pair:
    """Two samples of one query: the values of both, and 1 where j stands before i, else 0."""

    v: Vectors
    mine: Sequence[SSAValue]
    other: Sequence[SSAValue]
    before: SSAValue

    def where(self, predicate: str, a: SSAValue, b: SSAValue, yes: SSAValue) -> SSAValue:
        """`yes` where the comparison holds, else 0."""
        return self.v.choose(predicate, a, b, yes, self.v.constant(0.0))


def place(pair: Pair) -> SSAValue:
    """1 for one that stands before."""
    return pair.before


def total(pair: Pair) -> SSAValue:
    """The value of the other."""
    return pair.other[0]


def rank(pair: Pair) -> SSAValue:
    """1 for one with a larger score, or the same and a smaller gain, or all the same before."""
    (score, gain), (its_score, its_gain) = pair.mine, pair.other
    one = pair.v.constant(1.0)
    equal = pair.where("oeq", its_gain, gain, pair.before)
    smaller = pair.v.choose("olt", its_gain, gain, one, equal)
    tied = pair.where("oeq", its_score, score, smaller)
    return pair.v.choose("ogt", its_score, score, one, tied)


def slope(pair: Pair) -> SSAValue:
    """`l = -|(g - g') (D - D') / (D D') / ideal| / (1 + e^(s - s'))` for the one of larger gain.

    Negated for the other one; `s`, `g`, `D` are score, gain and discount, and those of the one of
    larger gain stand in front.
    """
    v = pair.v
    (score, gain, discount, ideal), (its_score, its_gain, its_discount, _) = pair.mine, pair.other
    change = v.mul(v.sub(gain, its_gain), v.sub(discount, its_discount))
    scaled = quotient(v, v.div(change, v.mul(discount, its_discount)), ideal)
    size = v.unary("abs", scaled)
    one, lead = v.constant(1.0), v.sub(score, its_score)
    ahead = v.choose("ogt", gain, its_gain, lead, v.unary("negate", lead))
    share = v.div(size, v.add(one, v.unary("exp", ahead)))
    behind = pair.where("olt", gain, its_gain, share)
    return v.choose("ogt", gain, its_gain, v.unary("negate", share), behind)


BODIES: dict[str, Callable[[Pair], SSAValue]] = {
    "place": place,
    "sum": total,
    "rank": rank,
    "slope": slope,
}


def write_query_fold(fold: str, pointers: Sequence[SSAValue], writer: Writer) -> None:
    """For each sample the bounds of its query, then the sum over all samples between them."""
    query, *values = pointers
    zero = writer.index(0)
    with writer.when("eq", writer.tid, zero):
        with writer.loop(zero, writer.n, 1, [zero, zero]) as outer:
            low, high = outer.carried
            fresh = writer.insert(arith.CmpiOp(outer.index, high, "eq"))
            low = writer.insert(arith.SelectOp(fresh, outer.index, low))
            stop = writer.insert(arith.SelectOp(fresh, writer.n, low))
            high = writer.insert(arith.SelectOp(fresh, outer.index, high))
            high = end_of_query(writer, query, low, stop, high)
            mine = [scalar(writer, value, outer.index) for value in values]
            start = [writer.vectors(writer.element).constant(0.0)]
            with writer.loop(low, high, 1, start) as inner:
                v = writer.vectors(writer.element)
                earlier = writer.insert(arith.CmpiOp(inner.index, outer.index, "ult"))
                flags = (v.constant(1.0), v.constant(0.0))
                before = writer.insert(arith.SelectOp(earlier, *flags))
                other = [scalar(writer, value, inner.index) for value in values]
                part = BODIES[fold](Pair(v, mine, other, before))
                inner.following = [v.add(inner.carried[0], part)]
            writer.store(inner.results[0], writer.pointers[-1], outer.index)
            outer.following = [low, high]


def scalar(writer: Writer, pointer: SSAValue, index: SSAValue) -> SSAValue:
    """One number."""
    return writer.load(pointer, index, writer.element)


def end_of_query(
    writer: Writer, query: SSAValue, low: SSAValue, stop: SSAValue, high: SSAValue
) -> SSAValue:
    """Where the query ends that begins at `low`, looking up to `stop`; `high` if that is `low`."""
    name = scalar(writer, query, low)
    one = writer.vectors(writer.element).constant(1.0)
    with writer.loop(low, stop, 1, [one, high]) as loop:
        alive, end = loop.carried
        v = writer.vectors(writer.element)
        here = scalar(writer, query, loop.index)
        alive = v.choose("oeq", here, name, alive, v.constant(0.0))
        step = writer.insert(arith.IndexCastOp(writer.insert(arith.FPToSIOp(alive, i64)), INDEX))
        loop.following = [alive, writer.add(end, step)]
    return loop.results[1]
