"""The states of a sequence and its labels, and sums over the paths through them, in vectors.

The states of a sequence with U labels are 0 .. 2U: label k is state 2k + 1, the blank between the
labels all others. A path stays in its state, goes to the next one, or over a blank between two
different labels. Rows of numbers have one for each state, `BORDER` impossible ones before the first
and behind the last, and those that fill the last vector, which are impossible too: so no path and
no vector needs a special case.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, VectorType, f64
from xdsl.ir import SSAValue
from xdsl.utils.hints import isa

from brainscript.dialects.kern import BroadcastOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.sequence.layout import Layout, as_index, start
from brainscript.passes.lower.sequence.moves import choose
from brainscript.passes.lower.sequence.scratch import Doubles, Numbers, scratch
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target

IMPOSSIBLE = -1e11
"""The logarithm of a probability of 0."""
BORDER = 2


class Paths:
    """Writes a kernel: the memory for one sequence after the other, and the steps along it.

    `rank`, `length`, `labels` (their number) and `states` are those of the sequence at hand.
    """

    def __init__(self, kernel: KernelOp, target: Target):
        self.writer, layouts = start(kernel, target)
        self.kernel = kernel
        kind = type_of(kernel.inputs[0])
        assert kind.axis is not None
        self.layout: Layout = layouts[kind.axis]
        self.classes = kind.elements
        self.log_p, self.tokens, self.out = self.writer.pointers[:3]
        self.doubles = Doubles(self.writer)
        self.lanes = target.lanes(8)
        self.kind = VectorType(f64, [self.lanes])
        self.blank, self.delay = (self._option(name) for name in ("blank", "delay"))

    def _option(self, name: str) -> int:
        value = self.kernel.steps[0].properties[name]
        assert isa(value, IntegerAttr)
        return value.value.data

    @property
    def vectors(self) -> Vectors:
        """Arithmetic on a vector of a row."""
        return self.writer.vectors(self.kind)

    @contextmanager
    def sequences(self, rows: int | None) -> Generator[None]:
        """Write code for every sequence of this thread: so many rows, None for two of each step.

        Threads take turns, since the sequences are sorted by length.
        """
        writer = self.writer
        turns = writer.div(writer.add(self.layout.sequences, writer.sub(writer.nt, 1)), writer.nt)
        with writer.loop(writer.index(0), turns, 1) as turn:
            self.rank = writer.add(writer.mul(turn.index, writer.nt), writer.tid)
            with writer.when("slt", self.rank, self.layout.sequences):
                self.length = self.layout.length(self.rank)
                self._measure()
                kept = self._kept(rows)
                with scratch(writer, self._words(kept), self.layout) as memory:
                    self._divide(Numbers(writer, memory), kept)
                    yield

    def _measure(self) -> None:
        writer = self.writer
        self.labels = self._count_labels()
        self.states = writer.add(writer.mul(self.labels, 2), 1)
        whole = writer.div(writer.add(self.states, self.lanes - 1), self.lanes)
        self.padded = writer.mul(whole, self.lanes)
        self.width = writer.add(self.padded, 2 * BORDER)

    def _kept(self, rows: int | None) -> SSAValue:
        if rows is not None:
            return self.writer.index(rows)
        return self.writer.add(self.writer.mul(self.length, 2), 4)

    def _words(self, kept: SSAValue) -> SSAValue:
        """Words of memory; the last row may be filled beyond its end."""
        writer = self.writer
        words = writer.mul(writer.add(kept, 2), self.width)
        words = writer.add(words, writer.mul(writer.add(self.labels, 1), 2))
        return writer.add(words, writer.add(self.padded, self.lanes))

    def _divide(self, memory: Numbers, kept: SSAValue) -> None:
        """Lists of labels and of the steps where they begin; for each state its class, what a leap
        to it costs and its last step; then the rows."""
        writer = self.writer
        listed = writer.add(self.labels, 1)
        self.list = memory
        self.begins = self.list.after(listed)
        self._classes = self.begins.after(listed)
        self._leaps = self._classes.after(self.padded)
        self._last = self._leaps.after(self.width)
        self._rows = self._last.after(self.width)
        self._list_labels()
        self._list_states()
        total = writer.mul(kept, self.width)
        impossible = self.vectors.constant(IMPOSSIBLE)
        with writer.loop(writer.index(0), total, self.lanes) as place:
            writer.store(impossible, self._rows.pointer, place.index)

    def row(self, number: SSAValue | int) -> Numbers:
        """One of the rows."""
        index = self.writer.index(number) if isinstance(number, int) else number
        return self._rows.after(self.writer.mul(index, self.width))

    def _token(self, step: SSAValue) -> SSAValue:
        """The label that begins at a step, -1 for none."""
        column = self.layout.column(self.rank, step)
        return as_index(self.writer, self.writer.load(self.tokens, column, self.writer.element))

    def _count_labels(self) -> SSAValue:
        writer = self.writer
        zero, one = writer.index(0), writer.index(1)
        with writer.loop(zero, self.length, 1, [zero]) as step:
            token = self._token(step.index)
            more = choose(writer, "sge", token, zero, one, zero)
            step.following = [writer.add(step.carried[0], more)]
        return step.results[0]

    def _list_labels(self) -> None:
        writer = self.writer
        zero, one = writer.index(0), writer.index(1)
        with writer.loop(zero, self.length, 1, [zero]) as step:
            token, place = self._token(step.index), step.carried[0]
            self.list.put_integer(place, token)
            self.begins.put_integer(place, step.index)
            more = choose(writer, "sge", token, zero, one, zero)
            step.following = [writer.add(place, more)]
        self.list.put_integer(self.labels, writer.index(self.blank))
        self.begins.put_integer(self.labels, self.length)

    def label(self, state: SSAValue) -> SSAValue:
        """The class that a state stands for."""
        writer = self.writer
        odd = writer.insert(arith.AndIOp(state, writer.index(1)))
        listed = self.list.integer(writer.div(state, 2))
        return choose(writer, "eq", odd, writer.index(1), listed, writer.index(self.blank))

    def _list_states(self) -> None:
        writer, d = self.writer, self.doubles
        with writer.loop(writer.index(0), self.states, 1) as loop:
            state = loop.index
            mine = self.label(state)
            self._classes.put_integer(state, mine)
            before = writer.sub(state, 2)
            within = choose(writer, "sge", before, writer.index(0), before, state)
            differ = writer.insert(arith.CmpiOp(mine, self.label(within), "ne"))
            no_blank = writer.insert(arith.CmpiOp(mine, writer.index(self.blank), "ne"))
            may = writer.insert(arith.AndIOp(differ, no_blank))
            zero, impossible = d.constant(0.0), d.constant(IMPOSSIBLE)
            self._leaps.put(state, writer.insert(arith.SelectOp(may, zero, impossible)))
            if self.delay >= 0:
                self._last.put(state, d.of_index(self._last_step(state)))
        with writer.loop(self.states, self.width, 1) as loop:
            self._leaps.put(loop.index, d.constant(IMPOSSIBLE))
            self._last.put(loop.index, d.constant(0.0))

    def _last_step(self, state: SSAValue) -> SSAValue:
        """The last step at which the constraint of the delay allows a state."""
        writer = self.writer
        odd = writer.insert(arith.AndIOp(state, writer.index(1)))
        following = self.begins.integer(writer.div(writer.add(state, 1), 2))
        last = writer.add(following, writer.sub(odd, writer.index(1 - self.delay)))
        return writer.insert(arith.MaxSIOp(last, writer.index(0)))

    def emit(self, step: SSAValue, into: Numbers) -> None:
        """A row of the logarithms of the probabilities of the classes of all states."""
        writer = self.writer
        at = writer.mul(self.layout.column(self.rank, step), self.classes)
        with writer.loop(writer.index(0), self.states, 1) as state:
            place = writer.add(at, self._classes.integer(state.index))
            found = self.doubles.of(writer.load(self.log_p, place, writer.element))
            into.put(writer.add(state.index, BORDER), found)

    def class_of(self, state: SSAValue) -> SSAValue:
        """The class of a state, as listed."""
        return self._classes.integer(state)

    @contextmanager
    def parts(self) -> Generator[SSAValue]:
        """Write code for every vector of states; gives the first of them."""
        with self.writer.loop(self.writer.index(0), self.padded, self.lanes) as loop:
            yield loop.index

    def get(self, row: Numbers, state: SSAValue, way: int = 0) -> SSAValue:
        """The vector of a row whose states are `way` further on."""
        return self.writer.load(row.pointer, self.writer.add(state, BORDER + way), self.kind)

    def put(self, row: Numbers, state: SSAValue, value: SSAValue) -> None:
        """Write a vector of a row."""
        self.writer.store(value, row.pointer, self.writer.add(state, BORDER))

    def spread(self, scalar: SSAValue) -> SSAValue:
        """A vector with the double in every lane."""
        return self.writer.insert(BroadcastOp(scalar, self.kind))

    def forward(self, step: SSAValue, before: Numbers, emitted: Numbers, after: Numbers) -> None:
        """`a[t]` from `a[t - 1]`."""
        self._walk(step, (before, emitted, after), -1)

    def backward(self, step: SSAValue, after: Numbers, emitted: Numbers, before: Numbers) -> None:
        """`b[t]` from `b[t + 1]`."""
        self._walk(step, (after, emitted, before), 1)

    def _walk(self, step: SSAValue, rows: tuple[Numbers, Numbers, Numbers], way: int) -> None:
        """A row from its neighbour: the states that lead to each one, or that follow it."""
        writer = self.writer
        source, emitted, target = rows
        now = self.spread(self.doubles.of_index(step)) if self.delay >= 0 else None
        with self.parts() as state:
            v = self.vectors
            leaps = writer.add(state, 2) if way > 0 else state
            leap = writer.load(self._leaps.pointer, leaps, self.kind)
            near = [self.get(source, state, way * k) for k in range(3)]
            total = log_sum(v, near[0], near[1], v.add(near[2], leap))
            value = v.add(total, self.get(emitted, state))
            if now is not None:
                last = writer.load(self._last.pointer, state, self.kind)
                value = v.choose("ogt", now, last, v.constant(IMPOSSIBLE), value)
            self.put(target, state, value)

    def begin(self, row: Numbers) -> None:
        """The row before the first step: what leads to the first blank and to the first label."""
        row.put(self.writer.index(BORDER), self.doubles.constant(0.0))

    def end(self, row: Numbers) -> None:
        """The row behind the last step: what follows the last label and the last blank."""
        row.put(self.writer.add(self.states, BORDER - 1), self.doubles.constant(0.0))

    def total(self, row: Numbers) -> SSAValue:
        """The sum over all paths that end in the last label or the last blank."""
        last = self.writer.add(self.states, BORDER - 1)
        before = self.writer.sub(last, self.writer.index(1))
        return self.doubles.log_add(row.get(last), row.get(before))


def log_sum(v: Vectors, a: SSAValue, b: SSAValue, c: SSAValue) -> SSAValue:
    """`log (e^a + e^b + e^c)`"""
    more, less = v.choose("ogt", a, b, a, b), v.choose("ogt", a, b, b, a)
    most, middle = v.choose("ogt", more, c, more, c), v.choose("ogt", more, c, c, more)
    rest = v.add(v.unary("exp", v.sub(less, most)), v.unary("exp", v.sub(middle, most)))
    return v.add(most, v.unary("log", v.add(rest, v.constant(1.0))))
