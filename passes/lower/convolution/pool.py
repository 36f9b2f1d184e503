"""Which code a kernel of pooling gets."""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.convolution import WindowOp
from brainscript.dialects.net.pooling import PoolBackOp, UnpoolBackOp, UnpoolOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.pooling.back import Scatter, Tiles
from brainscript.passes.lower.convolution.pooling.forward import Pool
from brainscript.passes.lower.convolution.pooling.gather import Gather
from brainscript.passes.lower.convolution.pooling.plane import PICKED, Plane, planes_of
from brainscript.passes.lower.convolution.pooling.unpool import Unpool, UnpoolBack
from brainscript.passes.lower.convolution.pooling.whole import WholeBack, WholePool
from brainscript.passes.lower.convolution.pooling.writer import PlaneWriter
from brainscript.target import Target


def lower_pool(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of a kernel that pools, unpools, or is the gradient of that."""
    op = kernel.steps[0]
    assert isinstance(op, WindowOp)
    frame = Frame.of(kernel, target)
    writer = writer_of(op, Plane(planes_of(op.axes)[0], frame.lanes))(frame, op)
    writer.write()
    return writer.frame.code.finish(writer.used * writer.bytes)


def writer_of(op: WindowOp, plane: Plane) -> type[PlaneWriter]:
    """The writer for an operation on planes of this geometry."""
    if isinstance(op, UnpoolOp):
        return Unpool
    if isinstance(op, UnpoolBackOp):
        return UnpoolBack
    back = isinstance(op, PoolBackOp)
    if plane.whole:
        return WholeBack if back else WholePool
    if not back:
        return Pool
    if plane.direct and plane.covered:
        return Tiles
    return Gather if plane.axes[0].stride <= min(PICKED, plane.lanes) else Scatter
