"""One step of a network as a straight list: calls of kernels on buffers.

`sched.kernel` is a fused group of `net` operations with a family that says how it is compiled,
`sched.program` the list, `sched.buffer` a piece of memory in it. Feature dimensions are static,
the number of columns of a dynamic axis is known only when the program runs.
"""

from xdsl.ir import Dialect

from brainscript.dialects.sched.calls import (
    KINDS,
    ROLES,
    BarrierOp,
    BufferOp,
    CallOp,
    DelayedOp,
    OutputOp,
)
from brainscript.dialects.sched.forms import coefficients, form
from brainscript.dialects.sched.kernel import (
    FAMILIES,
    PRODUCTS,
    SPLICE,
    WINDOWS,
    KernelOp,
    YieldOp,
    aligned_shapes,
    is_sample_product,
    is_view,
    may_differ,
    part_shapes,
    share_a_sample,
    splice_axis,
)
from brainscript.dialects.sched.program import LoopOp, ProgramOp

Sched = Dialect(
    "sched",
    [KernelOp, YieldOp, ProgramOp, BufferOp, DelayedOp, CallOp, LoopOp, BarrierOp, OutputOp],
)

__all__ = [
    "FAMILIES",
    "KINDS",
    "PRODUCTS",
    "ROLES",
    "SPLICE",
    "WINDOWS",
    "BarrierOp",
    "BufferOp",
    "CallOp",
    "DelayedOp",
    "KernelOp",
    "LoopOp",
    "OutputOp",
    "ProgramOp",
    "Sched",
    "YieldOp",
    "aligned_shapes",
    "coefficients",
    "form",
    "is_sample_product",
    "is_view",
    "may_differ",
    "part_shapes",
    "share_a_sample",
    "splice_axis",
]
