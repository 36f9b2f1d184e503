"""Kernels that move samples between the columns of two axes, sequence by sequence.

Threads share the sequences of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.base import plain
from brainscript.dialects.net.sequence import SequenceEmbedOp, SequenceSliceOp, SequenceSpreadOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import NOT_ALIKE, start
from brainscript.passes.lower.sequence.samples import clear_sample, copy_sample, parts
from brainscript.target import Target

CUT = 5
"""The complaint that a sequence is only a piece of one; see `runtime/layouts.py`."""


@dataclass
class Pair:
    """A sequence of the result with the one of the operand that belongs to it: their ranks and
    lengths."""

    mine: SSAValue
    length: SSAValue
    other: SSAValue
    other_length: SSAValue


class Move:
    """A kernel with one operand and one result, each with its layout."""

    def __init__(self, kernel: KernelOp, target: Target):
        self.writer, layouts = start(kernel, target)
        self.name = kernel.sym_name.data
        source, result = type_of(kernel.inputs[0]), type_of(kernel.outputs[0])
        assert source.axis is not None
        assert result.axis is not None
        self.source, self.result = layouts[source.axis], layouts[result.axis]
        self.elements = result.elements
        self.x, self.y = self.writer.pointers[:2]

    @contextmanager
    def pairs(self) -> Generator[Pair]:
        """Write code for every sequence of this thread."""
        writer = self.writer
        first, last = writer.share(self.result.sequences, 1)
        with writer.loop(first, last, 1) as loop:
            mine = loop.index
            other = self.source.partner(self.result, mine)
            yield Pair(mine, self.result.length(mine), other, self.source.length(other))

    def copy(self, pair: Pair, step: SSAValue, other_step: SSAValue) -> None:
        """Copy a step of the operand to a step of the result."""
        source = self.source.column(pair.other, other_step)
        to = self.result.column(pair.mine, step)
        copy_sample(self.writer, self.elements, self.x, source, self.y, to)

    def finish(self) -> FuncOp:
        """The finished kernel."""
        return self.writer.finish(self.name)


def choose(writer: Writer, predicate: str, a: SSAValue, b: SSAValue, yes: SSAValue, no: SSAValue):
    """`yes` where the comparison of two indices holds, else `no`."""
    return writer.insert(arith.SelectOp(writer.insert(arith.CmpiOp(a, b, predicate)), yes, no))


def lower_spread(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[s, t] = x[s, t]`, or `x[s, 0]` where no sequence of x has more than one step and they
    need not be alike."""
    op = kernel.steps[0]
    assert isinstance(op, SequenceSpreadOp)
    move = Move(kernel, target)
    writer, one = move.writer, move.writer.index(1)
    with move.pairs() as pair:
        whole = pair.other_length
        if not op.alike:
            whole = choose(writer, "eq", move.source.steps, one, pair.length, whole)
        with writer.when("ne", whole, pair.length):
            move.result.complain(NOT_ALIKE)
        zero = writer.index(0)
        last = writer.insert(arith.MaxSIOp(writer.sub(pair.other_length, one), zero))
        with writer.loop(zero, pair.length, 1) as step:
            move.copy(pair, step.index, writer.least(step.index, last))
    return move.finish()


def lower_fold(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[s, 0]` is the sum of `x[s, t]` over t where no sequence of y has more than one step, else
    `y[s, t] = x[s, t]`."""
    move = Move(kernel, target)
    writer, zero, one = move.writer, move.writer.index(0), move.writer.index(1)
    with move.pairs() as pair:
        single = move.result.steps
        with writer.loop(zero, pair.length, 1) as step:
            low = choose(writer, "eq", single, one, zero, step.index)
            after = writer.add(step.index, one)
            high = choose(writer, "eq", single, one, pair.other_length, after)
            _sum_steps(move, pair, step.index, (low, high))
    return move.finish()


def _sum_steps(move: Move, pair: Pair, step: SSAValue, steps: tuple[SSAValue, SSAValue]) -> None:
    writer = move.writer
    to = writer.mul(move.result.column(pair.mine, step), move.elements)
    with parts(writer, move.elements) as (place, count):
        begin = [writer.vectors().constant(0.0)]
        with writer.loop(*steps, 1, begin) as loop:
            column = move.source.column(pair.other, loop.index)
            at = writer.add(writer.mul(column, move.elements), place)
            value = writer.load(move.x, at, None, count)
            loop.following = [writer.vectors().add(loop.carried[0], value)]
        writer.store(loop.results[0], move.y, writer.add(to, place), count)


def _lowest(writer: Writer, kernel: KernelOp, length: SSAValue) -> SSAValue:
    """The first step that a slice keeps of a sequence of this length."""
    op = kernel.steps[0]
    assert isinstance(op, SequenceSliceOp | SequenceEmbedOp)
    begin = plain(op.begin)
    assert isinstance(begin, int)
    if begin >= 0:
        return writer.index(begin)
    zero = writer.index(0)
    return writer.insert(arith.MaxSIOp(zero, writer.add(length, writer.index(begin))))


def lower_slice(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[s, t] = x[s, t + low]`, low the first step that the slice keeps."""
    move = Move(kernel, target)
    writer = move.writer
    with move.pairs() as pair:
        with writer.when("ne", move.source.whole(pair.other), writer.index(1)):
            move.result.complain(CUT)
        low = _lowest(writer, kernel, pair.other_length)
        with writer.loop(writer.index(0), pair.length, 1) as step:
            move.copy(pair, step.index, writer.add(step.index, low))
    return move.finish()


def lower_embed(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[s, t + low] = x[s, t]`, and 0 at the other steps."""
    move = Move(kernel, target)
    writer, zero = move.writer, move.writer.index(0)
    with move.pairs() as pair:
        low = _lowest(writer, kernel, pair.length)
        with writer.loop(zero, pair.length, 1) as step:
            to = move.result.column(pair.mine, step.index)
            clear_sample(writer, move.elements, move.y, to)
        with writer.loop(zero, pair.other_length, 1) as step:
            move.copy(pair, writer.add(step.index, low), step.index)
    return move.finish()


LOWERINGS: dict[str, Callable[[KernelOp, Target], FuncOp]] = {
    "net.sequence_spread": lower_spread,
    "net.sequence_fold": lower_fold,
    "net.sequence_slice": lower_slice,
    "net.sequence_embed": lower_embed,
}
