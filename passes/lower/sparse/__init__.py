"""Kernels of the family `sparse`: operations on samples whose elements are mostly 0.

Memory holds for each sample where its elements lie that are not 0; each operation is a kernel of
its own.
"""

from __future__ import annotations

from collections.abc import Callable

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.sparse import classes, gradients, products, samples, words
from brainscript.target import Target

__all__ = ["lower_sparse"]

LOWERINGS: dict[str, Callable[[KernelOp, Target], FuncOp]] = {
    "net.densify": samples.lower_densify,
    "net.minus_sparse": samples.lower_minus,
    "net.sparse_dot": samples.lower_dot,
    "net.sparse_largest": samples.lower_largest,
    "net.sparse_sum": samples.lower_sum,
    "net.sparse_times": products.lower_times,
    "net.sparse_times_gradient": gradients.lower_gradient,
    "net.touched": gradients.lower_touched,
    "net.slots": gradients.lower_slots,
    "net.put_columns": gradients.lower_put,
    "net.word_scores": words.lower_scores,
    "net.word_sums": words.lower_sums,
    "net.word_gradient": words.lower_gradient,
    "net.class_scores": classes.lower_scores,
    "net.class_log": classes.lower_log,
    "net.class_slope": classes.lower_slope,
    "net.class_sums": classes.lower_sums,
    "net.class_gradient": classes.lower_gradient,
}


def lower_sparse(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of a sparse kernel.

    Before: `sched.kernel @k sparse(%w : [150 x 943], %x : [943], @"*", sparse) -> ([150], @"*")
    { net.sparse_times %w, %x }`
    After: `kern.func @k(%w, %x, %y, ..)` with a loop over this thread's samples.
    """
    return LOWERINGS[kernel.steps[0].name](kernel, target)
