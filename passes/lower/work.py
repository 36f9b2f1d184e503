"""How much arithmetic a kernel does, for choosing threads; an estimate, never a promise."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from xdsl.ir import Operation

from brainscript.dialects.net.convolution import CorrelationOp, WindowOp
from brainscript.dialects.net.sparse import SPARSE_KERNELS, MinusSparseOp, SparseGradientOp
from brainscript.dialects.net.windows import kernel_size
from brainscript.dialects.net.words import WORD_KERNELS
from brainscript.dialects.sched import PRODUCTS, KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.linear import Form, add

EXPENSIVE = frozenset(
    f"net.{name}"
    for name in (
        "cosine",
        "exp",
        "hyper_sin",
        "hyper_cos",
        "log",
        "log_softmax",
        "reciprocal",
        "sigmoid",
        "sin",
        "softmax",
        "sqrt",
        "tanh",
    )
)

FEW_ELEMENTS = 8
"""How many elements a sparse sample is taken to have."""


def work_of(kernel: KernelOp | None, axes: Sequence[str]) -> Form:
    """The floating-point operations of one call as a form over the sizes of the axes."""
    assert kernel is not None, "the work is counted before kernels are lowered"
    total: Form = (0,) * (len(axes) + 1)
    for op in kernel.steps:
        total = add(total, _form(op, axes))
    return total


def _form(op: Operation, axes: Sequence[str]) -> Form:
    values = [type_of(v) for v in (*op.operands, *op.results)]
    axis = next((v.axis for v in values if v.axis is not None), None)
    if op.name in SPARSE_KERNELS:
        count = sparse_work(op)
    elif isinstance(op, WindowOp):
        count = window_work(op)
    elif op.name in PRODUCTS:
        volume = 1
        for value in values:
            volume *= value.elements
        count = 2 * isqrt(volume)
    else:
        largest = max((v.elements for v in values), default=0)
        count = largest * (10 if op.name in EXPENSIVE else 1)
    if axis is None:
        return (count,) + (0,) * len(axes)
    return (0, *(count if name == axis else 0 for name in axes))


def sparse_work(op: Operation) -> int:
    """The result of each sample, for a few elements; a value that is made dense has all."""
    if isinstance(op, SparseGradientOp):
        return FEW_ELEMENTS * type_of(op.g).elements
    kind = type_of(op.results[0])
    if op.name in WORD_KERNELS:
        widest = max(type_of(v).elements for v in (*op.operands, *op.results) if type_of(v).axis)
        return FEW_ELEMENTS * widest
    if isinstance(op, MinusSparseOp):
        return FEW_ELEMENTS
    return FEW_ELEMENTS * kind.elements if kind.axis is not None else 1


def window_work(op: WindowOp) -> int:
    """A multiplication and an addition for every step of every window of every map."""
    maps = op.map_count if isinstance(op, CorrelationOp) else 1
    return 2 * maps * op.window_sizes()[1] * kernel_size(op.axes)
