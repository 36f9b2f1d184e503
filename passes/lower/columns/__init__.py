"""Kernels of the family `columns`: sums over all samples, and what is done with the sums.

Sums are accumulated in double precision, sample after sample, whatever the number of threads:
threads share the features or channels, and what has too few is summed by the first thread alone.
"""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.columns.features import write_features
from brainscript.passes.lower.columns.kept import write_kept
from brainscript.passes.lower.columns.largest import is_largest, lower_largest
from brainscript.passes.lower.columns.whole import write_samples, write_whole
from brainscript.passes.lower.rows.graph import Program
from brainscript.passes.lower.rows.program import read_program
from brainscript.passes.lower.rows.writer import Writer
from brainscript.target import Target

__all__ = ["lower_columns"]


def lower_columns(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of a columns kernel.

    Before: `sched.kernel @k columns(%g : [50], @"*") -> ([50]) { net.sum_to %g ... }`
    After: `kern.func @k(...)` with a loop over this thread's features, a loop over samples in it.
    """
    if is_largest(kernel):
        return lower_largest(kernel, target)
    program = read_program(kernel)
    writer = Writer(len(program.inputs), program.results, program.element, target)
    workspace = write_program(program, writer)
    return writer.finish(kernel.sym_name.data, workspace)


def write_program(program: Program, writer: Writer) -> int:
    """Write the kernel in the way that suits its shapes; returns its bytes of scratch memory."""
    totals = [node for node in program.nodes() if node.kind == "total"]
    if len(program.sizes) > 1:
        return write_kept(program, writer)
    if not program.sizes:
        write_samples(program, writer)
    elif totals[0].wide:
        write_features(program, writer)
    else:
        write_whole(program, writer)
    return 0
