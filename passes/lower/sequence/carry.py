"""Kernels that bring values over from the minibatch before, and keep them for the next.

Threads share the sequences.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.carry import CarryInOp, CarryOutOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import Layout, start
from brainscript.passes.lower.sequence.samples import clear_sample, copy_sample
from brainscript.target import Target

TOO_MANY = 6
"""The complaint that more sequences go on than there are rows; see `runtime/layouts.py`."""


def lower_carry_in(kernel: KernelOp, target: Target) -> FuncOp:
    """For each sequence the initial state or what was kept: sample `step * S + rank`."""
    op = kernel.steps[0]
    assert isinstance(op, CarryInOp)
    writer, layouts = start(kernel, target)
    layout, past = layouts[op.axis.data], op.direction.data == "past"
    elements, steps = type_of(op.state).elements, op.steps.value.data if past else 1
    state, result = writer.pointers[0], writer.pointers[len(kernel.inputs)]
    zero, one = writer.index(0), writer.index(1)
    with _sequences(writer, layout) as rank:
        flag = layout.begins(rank) if past else layout.ends(rank)
        for step in range(steps):
            to = writer.add(writer.mul(layout.sequences, step), rank) if step else rank
            with writer.when("eq", flag, one):
                copy_sample(writer, elements, state, zero, result, to)
            with writer.when("eq", flag, zero):
                if op.kept is None:
                    clear_sample(writer, elements, result, to)
                else:
                    row = _row(writer, layout, rank, _rows(op.kept))
                    of = writer.add(writer.mul(row, steps), step)
                    copy_sample(writer, elements, writer.pointers[1], of, result, to)
    return writer.finish(kernel.sym_name.data)


def lower_carry_out(kernel: KernelOp, target: Target) -> FuncOp:
    """The last steps of each sequence that goes on, into its row."""
    op = kernel.steps[0]
    assert isinstance(op, CarryOutOp)
    writer, layouts = start(kernel, target)
    axis = type_of(op.x).axis
    assert axis is not None
    layout, steps = layouts[axis], op.steps.value.data
    elements = type_of(op.x).elements
    memory = dict(zip(kernel.inputs, writer.pointers, strict=False))
    x, states, result = memory[op.x], memory[op.states], writer.pointers[len(kernel.inputs)]
    zero = writer.index(0)
    with _sequences(writer, layout) as rank, writer.when("eq", layout.ends(rank), zero):
        row, length = _row(writer, layout, rank, _rows(op.kept)), layout.length(rank)
        for step in range(steps):
            to = writer.add(writer.mul(row, steps), step)
            place = writer.add(length, step)
            with writer.when("sge", place, writer.index(steps)):
                of = layout.column(rank, writer.sub(place, steps))
                copy_sample(writer, elements, x, of, result, to)
            with writer.when("slt", place, writer.index(steps)):
                of = writer.add(writer.mul(place, layout.sequences), rank)
                copy_sample(writer, elements, states, of, result, to)
    return writer.finish(kernel.sym_name.data)


@contextmanager
def _sequences(writer: Writer, layout: Layout) -> Generator[SSAValue]:
    """Write code for every sequence of this thread."""
    first, last = writer.share(layout.sequences, 1)
    with writer.loop(first, last, 1) as loop:
        yield loop.index


def _rows(kept: SSAValue) -> int:
    return shape_of(kept)[-1]


def _row(writer: Writer, layout: Layout, rank: SSAValue, rows: int) -> SSAValue:
    """The row of a sequence that goes on; complains when there is none for it."""
    row = layout.slot(rank)
    with writer.when("sge", row, writer.index(rows)):
        layout.complain(TOO_MANY)
    return writer.least(row, rows - 1)


LOWERINGS = {"net.carry_in": lower_carry_in, "net.carry_out": lower_carry_out}
