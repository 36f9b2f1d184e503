"""Reductions on vectors: joining two partial results, and the lanes of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import inf

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.vectors import dense

Partial = tuple[SSAValue, ...]
"""What a reduction carries: a vector, or for argmax and argmin the best values and their places."""

LOW = ("max", "maximum", "argmax")
HIGH = ("minimum", "argmin")
IDENTITY = {"add": 0.0, "mul": 1.0} | dict.fromkeys(LOW, -inf) | dict.fromkeys(HIGH, inf)
"""What leaves each reduction as it is; masked lanes hold it."""

BEYOND = 1e30
"""A place behind all others."""


@dataclass(frozen=True, slots=True)
class Folding:
    """One reduction: add, mul, max, maximum, minimum, argmax or argmin (the first of equals).

    The maximum and minimum of what has a NaN in it are NaN, and argmax and argmin take one for
    the infinity that they look for; `max` is for those to whom it does not matter.
    """

    name: str
    writer: Writer

    @property
    def places(self) -> bool:
        """Whether the result is a place and not a value."""
        return self.name.startswith("arg")

    @property
    def better(self) -> str:
        """What holds between an element and those that give way to it."""
        return "ogt" if self.name in LOW else "olt"

    def begin(self) -> Partial:
        """The partial result of nothing."""
        v = self.writer.vectors()
        start = v.constant(IDENTITY[self.name])
        return (start, v.constant(BEYOND)) if self.places else (start,)

    def leaf(self, value: SSAValue, place: SSAValue | None) -> Partial:
        """The partial result of one vector; `place` numbers its lanes."""
        if not self.places:
            return (value,)
        assert place is not None
        v = self.writer.vectors(value.type)
        return v.choose("une", value, value, v.constant(-IDENTITY[self.name]), value), place

    def join(self, a: Partial, b: Partial) -> Partial:
        """Two partial results together; every place in `a` is before those in `b`."""
        v = self.writer.vectors(a[0].type)
        if self.name == "add":
            return (v.add(a[0], b[0]),)
        if self.name == "mul":
            return (v.mul(a[0], b[0]),)
        value = v.choose(self.better, b[0], a[0], b[0], a[0])
        if not self.places:
            return (value if self.name == "max" else v.choose("une", b[0], b[0], b[0], value),)
        place = v.choose(self.better, b[0], a[0], b[1], a[1])
        unset = v.choose("oeq", b[0], a[0], self._first(a[1], b[1]), place)
        return value, unset

    def _first(self, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.writer.vectors(a.type).choose("olt", a, b, a, b)

    def join_all(self, parts: list[Partial]) -> Partial:
        """All partial results together, in order."""
        return reduce(self.join, parts)

    def finish(self, partial: Partial) -> SSAValue:
        """The lanes of a partial result together, as a scalar."""
        writer, v = self.writer, self.writer.vectors()
        if self.name in ("add", "mul"):
            return writer.insert(ReduceOp(self.name, partial[0]))
        best = writer.insert(ReduceOp("max" if self.name in LOW else "min", partial[0]))
        if self.name == "max":
            return best
        if not self.places:
            odd = v.choose("une", partial[0], partial[0], partial[0], v.constant(0.0))
            return writer.insert(arith.AddfOp(best, writer.insert(ReduceOp("add", odd))))
        best = writer.spread(best)
        place = v.choose("oeq", partial[0], best, partial[1], v.constant(BEYOND))
        return writer.insert(ReduceOp("min", place))


def lane_numbers(writer: Writer, first: int = 0) -> SSAValue:
    """The vector `first, first + 1, ...` of numbers."""
    kind = np.float64 if writer.bytes == 8 else np.float32
    numbers = [float(kind(first + i)) for i in range(writer.lanes)]
    return writer.insert(arith.ConstantOp(dense(numbers, writer.vector)))


def as_number(writer: Writer, index: SSAValue) -> SSAValue:
    """An index as a floating-point number."""
    whole = writer.insert(arith.IndexCastOp(index, i64))
    return writer.insert(arith.SIToFPOp(whole, writer.element))
