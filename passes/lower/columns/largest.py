"""The largest over all samples of each of their elements; threads share the elements."""

from __future__ import annotations

from math import inf

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.folds import Folding
from brainscript.passes.lower.rows.writer import Writer
from brainscript.target import Target


def is_largest(kernel: KernelOp) -> bool:
    """Whether the kernel is such a reduction, which always is one of its own."""
    return isinstance(kernel.steps[0], ReduceOp)


def lower_largest(kernel: KernelOp, target: Target) -> FuncOp:
    """For each vector of elements, a loop over the samples.

    Before: `sched.kernel @k columns(%x : [50], @"*") -> ([50]) { net.reduce {axis = -3} }`
    After: `kern.func @k(...)`; of no samples the largest is minus infinity.
    """
    kind = type_of(kernel.outputs[0])
    writer = Writer(1, 1, kind.element, target)
    source, result = writer.pointers
    size, folding = kind.elements, Folding("maximum", writer)
    start, end = writer.share(writer.index(size), writer.lanes)
    with writer.loop(start, end, writer.lanes) as part:
        count = writer.least(writer.sub(end, part.index), writer.lanes)
        begin = [writer.vectors().constant(-inf)]
        with writer.loop(writer.index(0), writer.n, 1, begin) as sample:
            at = writer.add(writer.mul(sample.index, size), part.index)
            value = writer.load(source, at, None, count)
            sample.following = folding.join(tuple(sample.carried), (value,))
        writer.store(sample.results[0], result, part.index, count)
    return writer.finish(kernel.sym_name.data)
