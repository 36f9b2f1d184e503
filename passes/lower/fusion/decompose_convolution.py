"""`net-decompose` for convolution and pooling: operations on windows that are written out."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import convolution, crop, pooling, shape
from brainscript.dialects.net.crop_offsets import offsets_of
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.lower.fusion.steps import Steps


def convolve(steps: Steps, op: Operation) -> SSAValue:
    """`net.correlate`, or its adjoint."""
    assert isinstance(op, convolution.ConvolutionOp)
    made = convolution.CorrelateBackOp if op.is_transposed else convolution.CorrelateOp
    kind, options = type_of(op.result), op.window_options()
    return steps.add(made(op.weights, op.x, result_type=kind, options=options))


def pool(steps: Steps, op: Operation) -> SSAValue:
    """`net.pool`."""
    assert isinstance(op, pooling.PoolingNode)
    kind, options = type_of(op.result), op.window_options()
    return steps.add(pooling.PoolOp(op.operands[0], result_type=kind, options=options))


def unpool(steps: Steps, op: Operation) -> SSAValue:
    """`net.unpool`."""
    assert isinstance(op, pooling.MaxUnpoolingOp)
    kind, options = type_of(op.result), op.window_options()
    return steps.add(pooling.UnpoolOp(op.values, op.x, result_type=kind, options=options))


def cut(steps: Steps, op: Operation) -> SSAValue:
    """A slice along each of the first two axes."""
    assert isinstance(op, crop.CropOp)
    value: SSAValue = op.x
    for axis, (begin, size) in enumerate(zip(offsets_of(op), shape_of(op.result), strict=False)):
        options = {"begin": begin, "end": begin + size, "axis": axis + 1}
        value = steps.add(shape.SliceOp(value, options=options))
    return value


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    convolution.ConvolutionOp: convolve,
    pooling.PoolingOp: pool,
    pooling.MaxPoolingOp: pool,
    pooling.AveragePoolingOp: pool,
    pooling.MaxUnpoolingOp: unpool,
    crop.CropOp: cut,
}
