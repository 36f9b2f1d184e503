"""One step of a network as a straight list: calls of kernels on buffers.

`sched.kernel` is a fused group of `net` operations with a family that says how it is compiled,
`sched.program` the list, `sched.buffer` a piece of memory in it. Feature dimensions are static,
the number of columns of a dynamic axis is known only when the program runs.
"""

from xdsl.ir import Dialect

from brainscript.dialects.sched.kernel import (
    FAMILIES,
    PRODUCTS,
    KernelOp,
    YieldOp,
    aligned_values,
    is_sample_product,
    share_a_sample,
)
from brainscript.dialects.sched.program import (
    KINDS,
    ROLES,
    BarrierOp,
    BufferOp,
    CallOp,
    OutputOp,
    ProgramOp,
    coefficients,
    form,
)

Sched = Dialect("sched", [KernelOp, YieldOp, ProgramOp, BufferOp, CallOp, BarrierOp, OutputOp])

__all__ = [
    "FAMILIES",
    "KINDS",
    "PRODUCTS",
    "ROLES",
    "BarrierOp",
    "BufferOp",
    "CallOp",
    "KernelOp",
    "OutputOp",
    "ProgramOp",
    "Sched",
    "YieldOp",
    "aligned_values",
    "coefficients",
    "form",
    "is_sample_product",
    "share_a_sample",
]
