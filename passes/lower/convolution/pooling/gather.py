"""The kernel of `net.pool_back` where windows overlap: each element looks at the windows it is in.

First the gradient of every window, and for a maximum the number of its winner, are put into rooms
with margins. Along an axis with windows of `K` elements at distance `s`, element `t = s*q + r` is
step `r + s*j` of window `q - j`, for every j with a step below K: all elements of one r are
a vector of sums of vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from brainscript.dialects.kern_rows import StoreRowsOp
from brainscript.dialects.net.windows import Axis
from brainscript.passes.lower.convolution.pooling.back import Back
from brainscript.passes.lower.convolution.pooling.plane import PICKED, Many
from brainscript.passes.lower.gemm.code import Index

MOST_STEPS = 36
"""Steps of a window that are written out for the axes but the first."""
MOST_FIRST = 64
"""The same along the first axis."""

Body = Callable[[Many, Index, Index], Many]
Steps = Callable[[Many, Body], Many]
"""Calls a body for some steps of the windows: values, how far back the window lies, the number of
the step; values are handed on."""


@dataclass(frozen=True)
class Margin:
    """One axis of the rooms: window `o` is at `o + before`, element `x` at `x + shift`."""

    axis: Axis

    @property
    def back(self) -> int:
        """How many windows before the one at its place hold an element."""
        return (self.axis.kernel - 1) // self.axis.stride

    @property
    def skipped(self) -> int:
        """Strides in front of the first window, of elements that are in none."""
        return -(-max(-self.axis.low, 0) // self.axis.stride)

    @property
    def before(self) -> int:
        """Where the first window is."""
        return self.back + self.skipped

    @property
    def shift(self) -> int:
        """Where the first element is."""
        return self.axis.low + self.skipped * self.axis.stride

    @property
    def turns(self) -> int:
        """How many strides hold all elements."""
        return -(-(self.shift + self.axis.size) // self.axis.stride)

    @property
    def windows(self) -> int:
        """Windows with their margins."""
        return max(self.turns + self.back, self.axis.out + self.before)

    @property
    def elements(self) -> int:
        """Elements with their margins."""
        return self.turns * self.axis.stride


class Gather(Back):
    """Writes the kernel; the first axis has a stride of at most `PICKED`."""

    marks: SSAValue | None = None
    target: SSAValue | None = None
    gradients: SSAValue

    def prepare(self) -> None:
        """Rooms for the gradients, for the winners, and for a result with margins."""
        super().prepare()
        axes, lanes = self.plane.axes, self.frame.lanes
        assert axes[0].stride <= min(PICKED, lanes)
        self.margins = [Margin(a) for a in axes]
        self.pitches = [prod(m.windows for m in self.margins[:d]) for d in range(len(axes))]
        self.lengths = [m.elements for m in self.margins]
        size = prod(m.windows for m in self.margins) + 2 * lanes
        self.gradients = self.filled_room(size, 0.0)
        if self.is_max:
            self.marks = self.filled_room(size, -1.0)
        plain = self.lengths == [a.size for a in axes] and not any(m.shift for m in self.margins)
        if not (plain and self.epilogue.plain):
            self.target = self.reserve(prod(self.lengths) + lanes * axes[0].stride)

    def write_plane(self, number: SSAValue) -> None:
        """The windows, then the elements."""
        self._keep(self.operands(number))
        if self.target is None:
            self._rows(len(self.margins) - 1, once, 0, (self.result(number, self.plane.size), 0))
            return
        self._rows(len(self.margins) - 1, once, 0, (self.target, 0))
        self.leave(number, self.target, [m.shift for m in self.margins], self.lengths)

    def _keep(self, operands: tuple[SSAValue, SSAValue | None]) -> None:
        """Put what the windows hand on into the rooms."""
        code = self.frame.code

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            g, winner = self.handed_on(operands, window, place, count, places)
            at: Index = 0
            for o, margin, pitch in zip(places, self.margins, self.pitches, strict=True):
                at = code.add(at, code.multiply(code.add(o, margin.before), pitch))
            code.store(g, self.gradients, at, count)
            if winner is not None and self.marks is not None:
                code.store(winner, self.marks, at, count)

        self.windows(write)

    def _rows(self, d: int, steps: Steps, at: Index, target: tuple[SSAValue, Index]) -> None:
        """All elements along the axes up to d; those beyond stand at `steps`, `at`, `target`."""
        code = self.frame.code
        if d == 0:
            self._vectors(steps, at, target)
            return
        margin, (pointer, start) = self.margins[d], target
        stride, pitch = margin.axis.stride, prod(self.lengths[:d])

        def row(q: Index, r: Index) -> None:
            window = code.multiply(code.add(q, margin.back), self.pitches[d])
            element = code.multiply(code.add(code.multiply(q, stride), r), pitch)
            there = (pointer, code.add(start, element))
            self._rows(d - 1, self._along(d, steps, r), code.add(at, window), there)

        if self.plane.steps <= MOST_STEPS:
            with code.loop(0, margin.turns, hint="q") as q:
                for r in range(stride):
                    row(q, r)
        else:
            with code.loop(0, margin.elements, hint="t") as t:
                row(code.divide(t, stride), code.remainder(t, stride))

    def _along(self, d: int, outer: Steps, r: Index) -> Steps:
        """The steps along axis d of the elements of remainder r, for each of `outer`."""
        code, axis = self.frame.code, self.plane.axes[d]
        rows = prod(a.kernel for a in self.plane.axes[:d])

        def at(j: Index, held: Many, body: Body) -> Many:
            step = code.multiply(code.add(r, code.multiply(j, axis.stride)), rows)
            back = code.multiply(j, self.pitches[d])

            def moved(inner: Many, far: Index, number: Index) -> Many:
                return body(inner, code.add(far, back), code.add(number, step))

            return outer(held, moved)

        def steps(held: Many, body: Body) -> Many:
            count = code.ceil_divide(code.subtract(axis.kernel, r), axis.stride)
            if isinstance(count, int):
                for j in range(count):
                    held = at(j, held, body)
                return held
            return self.carry((0, count, 1), held, lambda j, inner: at(j, inner, body))

        return steps

    def _vectors(self, outer: Steps, at: Index, target: tuple[SSAValue, Index]) -> None:
        """The elements along the first axis; a room has space behind its rows."""
        code, lanes, turns = self.frame.code, self.frame.lanes, self.margins[0].turns
        whole = turns // lanes * lanes if self.target is None else turns
        with code.loop(0, whole, lanes, hint="q") as q:
            self._vector(outer, code.add(at, q), target, q, None)
        if whole < turns:
            self._vector(outer, code.add(at, whole), target, whole, turns - whole)

    def _vector(
        self,
        outer: Steps,
        at: Index,
        target: tuple[SSAValue, Index],
        q: Index,
        count: int | None,
    ) -> None:
        code, axis, (pointer, start) = self.frame.code, self.plane.axes[0], target
        columns = [self._column(outer, at, r) for r in range(axis.stride)]
        place = code.add(start, code.multiply(q, axis.stride))
        if axis.stride == 1:
            code.store(columns[0], pointer, place, count)
            return
        limit = None if count is None else code.value(count)
        store = StoreRowsOp(columns, pointer, code.value(place), axis.stride, limit)
        code.builder.insert(store)

    def _column(self, outer: Steps, at: Index, r: int) -> SSAValue:
        """The sums of the elements of remainder r, from the windows at `at` and before."""
        code, axis = self.frame.code, self.plane.axes[0]
        last = code.add(at, self.margins[0].back)

        def body(held: Many, far: Index, number: Index) -> Many:
            place = code.subtract(last, far)

            def step(j: Index, inner: Many) -> Many:
                where = code.subtract(place, j)
                k = code.add(code.add(number, r), code.multiply(j, axis.stride))
                part = code.load(self.gradients, where, self.frame.vector)
                mark = None
                if self.marks is not None:
                    mark = code.load(self.marks, where, self.frame.vector)
                return [self.vectors.add(inner[0], self.part(part, mark, k))]

            count = -(-(axis.kernel - r) // axis.stride)
            if axis.kernel > MOST_FIRST:
                return self.carry((0, count, 1), held, step)
            for j in range(count):
                held = step(j, held)
            return held

        return outer([self.vectors.constant(0.0)], body)[0]


def once(held: Many, body: Body) -> Many:
    """No axes beyond."""
    return body(held, 0, 0)
