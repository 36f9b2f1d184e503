"""Kernels of the family `rows`: whatever one sample of the result needs of one sample.

Threads share the samples (or the elements, where samples do not matter) by their number alone, and
no sum crosses from one sample to another, so results do not depend on how many threads there are.
"""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.rows.across import fits_across, write_across
from brainscript.passes.lower.rows.axes import write_axes
from brainscript.passes.lower.rows.flat import is_flat, write_flat
from brainscript.passes.lower.rows.graph import Program
from brainscript.passes.lower.rows.program import read_program
from brainscript.passes.lower.rows.registers import fits_registers, write_registers
from brainscript.passes.lower.rows.staged import write_staged
from brainscript.passes.lower.rows.writer import Writer
from brainscript.target import Target

__all__ = ["lower_rows"]


def lower_rows(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of a rows kernel.

    Before: `sched.kernel @k rows(%z : [10], @"*") -> ([10], @"*") { net.softmax ... }`
    After: `kern.func @k(...)` with one loop over this thread's samples.
    """
    program = read_program(kernel)
    writer = Writer(len(program.inputs), program.results, program.element, target)
    workspace = write_program(program, writer)
    return writer.finish(kernel.sym_name.data, workspace)


def write_program(program: Program, writer: Writer) -> int:
    """Write the kernel in the way that suits its shapes; returns its bytes of scratch memory."""
    if program.uneven or program.strided:
        return write_axes(program, writer)
    if is_flat(program):
        write_flat(program, writer)
    elif fits_across(program):
        write_across(program, writer)
    elif fits_registers(program, writer.lanes):
        write_registers(program, writer)
    elif len(program.sizes) <= 1:
        return write_staged(program, writer)
    else:
        return write_axes(program, writer)
    return 0
