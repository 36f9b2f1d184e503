"""Convolution and pooling: the kernels of the family `convolution`."""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp, CorrelationOp
from brainscript.dialects.net.pooling import (
    PoolWindowsOp,
    RoiPoolingBackOp,
    RoiPoolingOp,
    UnpoolBackOp,
    UnpoolOp,
)
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.form import form_of, is_general
from brainscript.passes.lower.convolution.general import lower_general
from brainscript.passes.lower.convolution.pool import lower_pool
from brainscript.passes.lower.convolution.product import lower_product
from brainscript.passes.lower.convolution.regions import lower_regions
from brainscript.passes.lower.convolution.weights import lower_weights
from brainscript.passes.lower.convolution.winograd import (
    grid_of,
    lower_patch_weights,
    lower_patches,
)
from brainscript.target import Target

__all__ = ["lower_convolution"]


def lower_convolution(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of a kernel that begins with an operation on windows."""
    op = kernel.steps[0]
    if isinstance(op, PoolWindowsOp | UnpoolOp | UnpoolBackOp):
        return lower_pool(kernel, target)
    if isinstance(op, RoiPoolingOp | RoiPoolingBackOp):
        return lower_regions(kernel, target)
    if isinstance(op, CorrelationOp) and is_general(op):
        return lower_general(kernel, target)
    assert isinstance(op, CorrelationOp)
    form, product = form_of(op), isinstance(op, CorrelateOp | CorrelateBackOp)
    grid = grid_of(form, isinstance(op, CorrelateBackOp), target.lanes(form.element_bytes))
    if grid is not None:
        return (lower_patches if product else lower_patch_weights)(kernel, grid, target)
    return (lower_product if product else lower_weights)(kernel, target)
