"""Connectionist temporal classification: all ways to spread the labels of a sequence over it.

The states of a sequence with U labels are 0 .. 2U: label k is state 2k + 1, the blank between the
labels all others. A path stays in its state, goes to the next one, or over a blank between two
different labels. `a[t, s]` is the logarithm of the sum over all paths that are in state s at step
t; `b[t, s]` of all that go on from there, step t itself included; each of the products of the
network's probabilities. Threads share the sequences.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue
from xdsl.utils.hints import isa

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.sequence.layout import Layout, as_index, start
from brainscript.passes.lower.sequence.moves import choose
from brainscript.passes.lower.sequence.scratch import SCRATCH_BYTES, Doubles, Numbers, scratch
from brainscript.target import Target

IMPOSSIBLE = -1e11
"""The logarithm of a probability of 0."""

BORDER = 2
"""Impossible states before the first and behind the last, so that no path needs a special case."""


class Paths:
    """The states of one sequence and the sums over its paths."""

    def __init__(self, kernel: KernelOp, target: Target):
        self.writer, layouts = start(kernel, target)
        self.kernel = kernel
        kind = type_of(kernel.inputs[0])
        assert kind.axis is not None
        self.layout: Layout = layouts[kind.axis]
        self.classes = kind.elements
        self.log_p, self.tokens, self.out = self.writer.pointers[:3]
        self.doubles = Doubles(self.writer)
        self.blank, self.delay = (self._option(name) for name in ("blank", "delay"))

    def _option(self, name: str) -> int:
        value = self.kernel.steps[0].properties[name]
        assert isa(value, IntegerAttr)
        return value.value.data

    def open(self, rank: SSAValue, rows: int) -> None:
        """Find the labels of a sequence; memory for all steps of `a`, or two rows of it.

        The memory holds labels, the steps where they begin, then the rows.
        """
        writer = self.writer
        self.rank, self.length = rank, self.layout.length(rank)
        self.labels = self._count_labels()
        self.states = writer.add(writer.mul(self.labels, 2), 1)
        self.width = writer.add(self.states, 2 * BORDER)
        listed = writer.add(self.labels, 1)
        kept = writer.index(2) if rows else writer.add(self.length, 3)
        words = writer.add(writer.mul(listed, 2), writer.mul(kept, self.width))
        self.list = Numbers(writer, scratch(writer, words))
        self.begins = self.list.after(listed)
        self.rows = self.begins.after(listed)
        self.rows.fill(writer.mul(kept, self.width), self.doubles.constant(IMPOSSIBLE))
        self._list_labels()

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

    def emitted(self, step: SSAValue, state: SSAValue) -> SSAValue:
        """The logarithm of the probability of the class of a state at a step."""
        writer = self.writer
        at = writer.mul(self.layout.column(self.rank, step), self.classes)
        found = writer.load(self.log_p, writer.add(at, self.label(state)), writer.element)
        return self.doubles.of(found)

    def _leaps(self, state: SSAValue, other: SSAValue, value: SSAValue) -> SSAValue:
        """`value`, impossible unless a path may go from one to the other over a blank."""
        writer = self.writer
        one, two = self.label(state), self.label(other)
        differ = writer.insert(arith.CmpiOp(one, two, "ne"))
        no_blank = writer.insert(arith.CmpiOp(one, writer.index(self.blank), "ne"))
        may = writer.insert(arith.AndIOp(differ, no_blank))
        impossible = self.doubles.constant(IMPOSSIBLE)
        return writer.insert(arith.SelectOp(may, value, impossible))

    def _in_time(self, step: SSAValue, state: SSAValue, value: SSAValue) -> SSAValue:
        """`value`, impossible where the state is later than the constraint of the delay allows."""
        if self.delay < 0:
            return value
        writer = self.writer
        odd = writer.insert(arith.AndIOp(state, writer.index(1)))
        following = self.begins.integer(writer.div(writer.add(state, 1), 2))
        last = writer.add(following, writer.sub(odd, writer.index(1 - self.delay)))
        last = writer.insert(arith.MaxSIOp(last, writer.index(0)))
        late = writer.insert(arith.CmpiOp(step, last, "sgt"))
        impossible = self.doubles.constant(IMPOSSIBLE)
        return writer.insert(arith.SelectOp(late, impossible, value))

    def _sum(self, row: Numbers, state: SSAValue, way: int) -> SSAValue:
        """The sum over the states that lead to this one (`way` -1), or that follow it (1)."""
        writer, d = self.writer, self.doubles
        place = writer.add(state, BORDER)
        near = [row.get(writer.add(place, writer.index(way * k))) for k in range(3)]
        other = writer.add(state, writer.index(2 * way))
        within = choose(writer, "ult", other, self.states, other, state)
        leap = self._leaps(state, within, near[2])
        return d.log_add(d.log_add(near[0], near[1]), leap)

    def forward(self, step: SSAValue, before: Numbers, after: Numbers) -> None:
        """`a[t]` from `a[t - 1]`."""
        writer, d = self.writer, self.doubles
        with writer.loop(writer.index(0), self.states, 1) as state:
            total = self._sum(before, state.index, -1)
            value = d.add(total, self.emitted(step, state.index))
            after.put(writer.add(state.index, BORDER), self._in_time(step, state.index, value))

    def backward(self, step: SSAValue, after: Numbers, before: Numbers) -> None:
        """`b[t]` from `b[t + 1]`."""
        writer, d = self.writer, self.doubles
        with writer.loop(writer.index(0), self.states, 1) as state:
            total = self._sum(after, state.index, 1)
            value = d.add(total, self.emitted(step, state.index))
            before.put(writer.add(state.index, BORDER), self._in_time(step, state.index, value))

    def row(self, number: SSAValue) -> Numbers:
        """One of the rows."""
        return self.rows.after(self.writer.mul(number, self.width))

    def begin(self) -> None:
        """Row 0: what leads to the first blank and to the first label."""
        self.rows.put(self.writer.index(BORDER), self.doubles.constant(0.0))

    def total(self, row: Numbers) -> SSAValue:
        """The sum over all paths that end in the last label or the last blank."""
        last = self.writer.add(self.states, BORDER - 1)
        before = self.writer.sub(last, self.writer.index(1))
        return self.doubles.log_add(row.get(last), row.get(before))


def lower_loss(kernel: KernelOp, target: Target) -> FuncOp:
    """For each sequence minus the logarithm of the probability of its labels."""
    paths = Paths(kernel, target)
    writer = paths.writer
    zero, one = writer.index(0), writer.index(1)
    first, last = writer.share(paths.layout.sequences, 1)
    with writer.loop(first, last, 1) as loop:
        paths.open(loop.index, rows=2)
        paths.begin()
        with writer.loop(zero, paths.length, 1) as step:
            odd = writer.insert(arith.AndIOp(step.index, one))
            paths.forward(step.index, paths.row(odd), paths.row(writer.sub(one, odd)))
        end = paths.row(writer.insert(arith.AndIOp(paths.length, one)))
        loss = paths.doubles.sub(paths.doubles.constant(0.0), paths.total(end))
        writer.store(paths.doubles.back(loss), paths.out, loop.index)
    return writer.finish(kernel.sym_name.data, SCRATCH_BYTES)


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """For each step the probabilities of the classes minus how often the paths are in them."""
    paths = Paths(kernel, target)
    writer = paths.writer
    first, last = writer.share(paths.layout.sequences, 1)
    with writer.loop(first, last, 1) as loop:
        paths.open(loop.index, rows=0)
        paths.begin()
        with writer.loop(writer.index(0), paths.length, 1) as step:
            after = writer.add(step.index, 1)
            paths.forward(step.index, paths.row(step.index), paths.row(after))
        total = paths.total(paths.row(paths.length))
        _walk_back(paths, total)
    return writer.finish(kernel.sym_name.data, SCRATCH_BYTES)


def _walk_back(paths: Paths, total: SSAValue) -> None:
    """Steps from the last to the first, with two rows of `b` behind those of `a`."""
    writer, one = paths.writer, paths.writer.index(1)
    low = writer.add(paths.length, 1)
    end = paths.row(low)
    last = writer.add(paths.states, BORDER - 1)
    end.put(last, paths.doubles.constant(0.0))
    with writer.loop(writer.index(0), paths.length, 1) as loop:
        step = writer.sub(writer.sub(paths.length, one), loop.index)
        odd = writer.insert(arith.AndIOp(loop.index, one))
        mine = paths.row(writer.add(low, writer.sub(one, odd)))
        paths.backward(step, paths.row(writer.add(low, odd)), mine)
        _write_step(paths, step, mine, total)


def _write_step(paths: Paths, step: SSAValue, row: Numbers, total: SSAValue) -> None:
    writer, d = paths.writer, paths.doubles
    at = writer.mul(paths.layout.column(paths.rank, step), paths.classes)
    with writer.loop(writer.index(0), writer.index(paths.classes), 1) as loop:
        place = writer.add(at, loop.index)
        value = d.exp(d.of(writer.load(paths.log_p, place, writer.element)))
        writer.store(d.back(value), paths.out, place)
    alphas = paths.row(writer.add(step, 1))
    with writer.loop(writer.index(0), paths.states, 1) as state:
        place = writer.add(state.index, BORDER)
        both = d.add(alphas.get(place), row.get(place))
        share = d.sub(d.sub(both, paths.emitted(step, state.index)), total)
        zero = d.constant(0.0)
        share = d.exp(d.choose("olt", share, zero, share, zero))
        to = writer.add(at, paths.label(state.index))
        old = d.of(writer.load(paths.out, to, writer.element))
        writer.store(d.back(d.sub(old, share)), paths.out, to)


LOWERINGS: dict[str, Callable[[KernelOp, Target], FuncOp]] = {
    "net.ctc_loss": lower_loss,
    "net.ctc_gradient": lower_gradient,
}
