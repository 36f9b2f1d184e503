"""Kernels of the family `samples`: a sample of the result needs other samples of the operands."""

from __future__ import annotations

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.samples import QueryFoldOp, RollOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.samples.queries import write_query_fold
from brainscript.target import Target

__all__ = ["lower_samples"]


def lower_samples(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of such a kernel, which has one operation.

    Before: `sched.kernel @k samples(%x : [4], @"*") -> ([4], @"*") { net.roll %x {shift = 2} }`
    After: `kern.func @k(...)` with one loop over this thread's samples.
    """
    (op,) = kernel.steps
    writer = Writer(len(kernel.inputs), 1, type_of(op.results[0]).element, target)
    if isinstance(op, RollOp):
        write_roll(op, writer)
    else:
        assert isinstance(op, QueryFoldOp), op.name
        place = {value: number for number, value in enumerate(kernel.inputs)}
        pointers = [writer.pointers[place[value]] for value in op.values]
        write_query_fold(op.fold.data, pointers, writer)
    return writer.finish(kernel.sym_name.data)


def write_roll(op: RollOp, writer: Writer) -> None:
    """Sample after sample, vector after vector."""
    source, result = writer.pointers
    size, lanes, shift = type_of(op.result).elements, writer.lanes, op.shift.value.data
    start, end = writer.share(writer.n, 1)
    with writer.loop(start, end, 1) as sample:
        step = remainder(writer, writer.index(abs(shift)), writer.n)
        ahead = step if shift >= 0 else writer.sub(writer.n, step)
        other = remainder(writer, writer.add(sample.index, ahead), writer.n)
        here, there = writer.mul(sample.index, size), writer.mul(other, size)
        zero, high = writer.index(0), writer.index(size)
        with writer.loop(zero, high, lanes) as part:
            count = writer.least(writer.sub(high, part.index), lanes)
            value = writer.load(source, writer.add(there, part.index), None, count)
            writer.store(value, result, writer.add(here, part.index), count)


def remainder(writer: Writer, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a mod b` of numbers that are not negative."""
    return writer.sub(a, writer.mul(writer.div(a, b), b))
