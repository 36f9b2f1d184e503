"""`sched-round-products`: which products take their inputs rounded to bfloat16."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.net.linear import (
    BF16,
    TimesGradientLeftOp,
    TimesGradientRightOp,
    TimesOp,
)
from brainscript.dialects.net.packing import PackedTimesOp, PackOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.gemm import form_of
from brainscript.passes.lower.gemm.pairs.plan import LEAST_COLUMNS, LEAST_DEPTH, LEAST_ROWS


@dataclass(frozen=True)
class SchedRoundProducts(ModulePass):
    """Mark the matrix products whose inputs are rounded to bfloat16 and summed in float32.

    Before: `sched.kernel @k gemm(..) { %z = net.times %w, %x .. }`
    After: `sched.kernel @k gemm(..) { %z = net.times %w, %x {rounded = "bf16"} .. }`.

    All products of minibatches and their gradients are, and the packed weights of loops. Left in
    float32 are those known to be so small that rounding takes longer than it saves; products with
    a matrix for each sample and convolutions are others. Products in double precision are refused.
    """

    name = "sched-round-products"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Mark the products in the kernels of a module."""
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and kernel.family.data in ("gemm", "pack"):
                for step in kernel.steps:
                    _mark(step)


def _mark(op: Operation) -> None:
    if isinstance(op, PackOp | PackedTimesOp):
        _check_element(op)
        op.rounded = BF16
    elif isinstance(op, TimesOp | TimesGradientLeftOp | TimesGradientRightOp):
        _check_element(op)
        if _is_large(op):
            op.rounded = BF16


def _check_element(op: Operation) -> None:
    if not isinstance(type_of(op.results[0]).element, Float32Type):
        title = "a product in double precision cannot be rounded to bfloat16"
        remedy = "leave out '--matmul-precision bf16', or set precision = \"float\""
        raise failure(op, "BS0817", title, help=remedy)


def _is_large(op: Operation) -> bool:
    """Whether no size that is known is too small; a dynamic one is looked at when it runs."""
    form = form_of(op)
    enough = form.rows.dynamic or form.rows.size >= LEAST_ROWS
    deep = form.depth.dynamic or form.depth.size >= LEAST_DEPTH
    return enough and deep and form.columns >= LEAST_COLUMNS
