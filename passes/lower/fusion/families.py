"""What kind of work each `net` operation is, for grouping operations into kernels."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp
from brainscript.dialects.net.network import RootsOp
from brainscript.dialects.net.packing import PackOp
from brainscript.dialects.net.parameters import IndexOp, InputOp, ReadOp, SplatOp, WriteOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.net.random import DRAWS
from brainscript.dialects.net.recurrence import (
    FutureValueOp,
    PastValueOp,
    RecurrenceOp,
    StepYieldOp,
)
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.samples import QueryFoldOp, RollOp
from brainscript.dialects.net.sequence import KERNELS as SEQUENCE
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.net.shapes import OVER_SAMPLES
from brainscript.dialects.net.sparse import SPARSE_KERNELS
from brainscript.dialects.sched import PRODUCTS, SPLICE, WINDOWS, is_sample_product, is_view
from brainscript.dialects.tensors import type_of

ELEMENTWISE = frozenset(
    f"net.{name}"
    for name in (
        "abs",
        "acos",
        "asin",
        "clip",
        "cosh",
        "cosine",
        "element_times",
        "equal",
        "exp",
        "floor",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "log",
        "log_plus",
        "minus",
        "negate",
        "not_equal",
        "pass",
        "plus",
        "quotient",
        "reciprocal",
        "rectified_linear",
        "select",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "stable_sigmoid",
        "tanh",
    )
)
"""One element of the result needs one element of each operand."""

WITHIN_SAMPLE = frozenset(
    {
        "net.broadcast_to",
        "net.hardmax",
        "net.log_softmax",
        "net.reduce",
        "net.softmax",
        "net.sum_to",
    }
)
"""One sample of the result needs one sample of each operand, but all of it."""

CHEAP = ELEMENTWISE & frozenset(
    f"net.{name}"
    for name in (
        "abs",
        "clip",
        "element_times",
        "equal",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "minus",
        "negate",
        "not_equal",
        "plus",
        "rectified_linear",
        "select",
        "sign",
    )
)
"""Elementwise operations that cost no more than reading their result from memory."""

MOMENTS = ("net.plane_mean", "net.plane_variance")
"""What the kernel of a convolution gives beside its result; no other kernel does."""

LATE = "late"
"""The attribute of an operation whose operands are known to lie in memory."""


def names_of(*kinds: type[Operation]) -> frozenset[str]:
    """The names of these operations: to compare names takes a fraction of `isinstance`."""
    return frozenset(kind.name for kind in kinds)


SOURCES = names_of(InputOp, ReadOp, PastValueOp, FutureValueOp)
"""Their values lie in memory before the step starts."""

OUTSIDE = SOURCES | names_of(RootsOp, StepYieldOp, ReshapeOp)
"""No part of any kernel: sources, reshapes, and the end."""

CONSTANTS = names_of(SplatOp, IndexOp)
"""Every kernel that needs their values makes them itself."""

WHOLE = names_of(WriteOp, RecurrenceOp)
ACROSS = names_of(RollOp, QueryFoldOp)
PACKS = names_of(PackOp)


def is_outside(op: Operation) -> bool:
    """Whether the operation is no part of any kernel: a source, a reshape, or the end."""
    return op.name in OUTSIDE


def memory_of(value: SSAValue) -> SSAValue:
    """The value in whose memory a value lies: behind reshapes."""
    owner = value.owner
    while type(owner) is ReshapeOp:
        value = owner.x
        owner = value.owner
    return value


def is_constant(op: Operation) -> bool:
    """Whether every kernel that needs the value makes it itself."""
    return op.name in CONSTANTS


def is_product(op: Operation) -> bool:
    """Whether this is a product of a matrix that all samples share, or that all of them make.

    Operations on windows are products too: their kernels begin with them and have an epilogue.
    """
    return is_windows(op) or (op.name in PRODUCTS and not is_sample_product(op))


def is_windows(op: Operation) -> bool:
    """Whether this is a convolution, a pooling or the like."""
    return op.name in WINDOWS


def meets_samples(op: Operation) -> bool:
    """Whether a sample of the result needs other samples than its own, in an order."""
    return op.name in ACROSS


def is_moment(op: Operation) -> bool:
    """Whether this is a statistic of the samples of a convolution's result."""
    return op.name in MOMENTS


def is_draw(op: Operation) -> bool:
    """Whether the native library gives the value: random numbers."""
    return op.name in DRAWS


def is_pack(op: Operation) -> bool:
    """Whether weights are put in order for products."""
    return op.name in PACKS


def is_sequence(op: Operation) -> bool:
    """Whether the kernel looks at the layouts of dynamic axes."""
    return op.name in SEQUENCE


def is_sparse(op: Operation) -> bool:
    """Whether the operation works on values that are stored sparse, or moves columns for one."""
    return op.name in SPARSE_KERNELS


def is_elementwise(op: Operation) -> bool:
    """Whether one element of the result needs one element of each operand."""
    return op.name in ELEMENTWISE


def reads_views(op: Operation) -> bool:
    """Whether the kernel of an operation can read an operand of it through a view."""
    if is_column_sum(op) or is_column_largest(op):
        return False
    return is_elementwise(op) or op.name in WITHIN_SAMPLE or is_view(op) or op.name == SPLICE


def is_column_sum(op: Operation) -> bool:
    """Whether all columns of the operand are summed."""
    if op.name != "net.sum_to":
        return False
    return type_of(op.operands[0]).axis is not None and type_of(op.results[0]).axis is None


def is_column_largest(op: Operation) -> bool:
    """Whether this is the largest over all samples, of each of their elements."""
    if not isinstance(op, ReduceOp) or type_of(op.x).axis is None:
        return False
    return op.op.data == "Max" and op.axis.value.data == OVER_SAMPLES


def check_supported(op: Operation) -> None:
    """Raise a diagnostic unless the operation can be part of a kernel."""
    known = (
        op.name in (*PRODUCTS, *WINDOWS, *WITHIN_SAMPLE, SPLICE)
        or is_elementwise(op)
        or is_view(op)
    )
    known = (
        known
        or is_draw(op)
        or is_sequence(op)
        or is_pack(op)
        or is_sparse(op)
        or (is_moment(op) and isinstance(op.operands[0].owner, CorrelateOp | CorrelateBackOp))
        or meets_samples(op)
        or op.name in WHOLE
    )
    if not (known or is_outside(op) or is_constant(op)):
        title = f"'{op.name.removeprefix('net.')}' cannot be compiled"
        raise failure(op, "BS0810", title, help="it can be printed, edited and saved, not run")


def axis_of(op: Operation) -> str | None:
    """The dynamic axis that the operation runs over: of its result, or of what it sums."""
    values: tuple[SSAValue, ...] = (*op.results, *op.operands)
    return next((a for v in values if (a := type_of(v).axis) is not None), None)


def is_late(op: Operation) -> bool:
    """Whether the users of a value had better compute it than read it.

    It is cheap, all of them are elementwise, and its operands lie in memory anyway: sources, and
    what a product reads. Who made the operation can also know it, and say so by `late`.
    """
    if op.name not in CHEAP:
        return False
    if LATE in op.attributes:
        return True
    if not all(is_elementwise(use.operation) for use in op.results[0].uses):
        return False
    return all(is_in_memory(value) for value in op.operands)


def is_in_memory(value: SSAValue) -> bool:
    """Whether a value lies in memory, or costs nothing to make, whatever is fused."""
    owner = value.owner
    if not isinstance(owner, Operation) or is_outside(owner) or is_constant(owner):
        return True
    return (
        is_view(owner)
        or is_draw(owner)
        or any(use.operation.name in (*PRODUCTS, *WINDOWS) for use in value.uses)
    )
