"""`net-decompose` for convolution and pooling: operations on windows that are written out.

A convolution with one window, as large as the image, is a product of matrices; so are its
gradients.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import convolution, crop, linear, pooling, shape
from brainscript.dialects.net.convolution import (
    CorrelateBackOp,
    CorrelateOp,
    CorrelateWeightsOp,
    CorrelationOp,
)
from brainscript.dialects.net.crop_offsets import offsets_of
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.lower.fusion.decompose_shape import reshaped
from brainscript.passes.lower.fusion.steps import Steps


def convolve(steps: Steps, op: Operation) -> SSAValue:
    """`net.correlate` or its adjoint, or a product."""
    assert isinstance(op, convolution.ConvolutionOp)
    made = CorrelateBackOp if op.is_transposed else CorrelateOp
    kind, options = type_of(op.result), op.window_options()
    value = steps.add(made(op.weights, op.x, result_type=kind, options=options))
    correlation = value.owner
    assert isinstance(correlation, CorrelationOp)
    found = multiply(steps, correlation)
    if found is not value:
        correlation.detach()
        correlation.erase()
    return found


def multiply(steps: Steps, op: Operation) -> SSAValue:
    """The product of matrices that the operation is, or its own result when it is none."""
    assert isinstance(op, CorrelationOp)
    if op.has_channels_first or not all(a.whole for a in op.axes):
        return op.result
    size, maps = op.window_sizes()[0], op.map_count
    kind = type_of(op.result)
    if isinstance(op, CorrelateOp):
        made, shapes, result = linear.TimesGradientRightOp, ((size, maps), (size,)), (maps,)
    elif isinstance(op, CorrelateBackOp):
        made, shapes, result = linear.TimesOp, ((size, maps), (maps,)), (size,)
    else:
        assert isinstance(op, CorrelateWeightsOp)
        made, shapes, result = linear.TimesGradientLeftOp, ((size,), (maps,)), (size, maps)
    factors = (reshaped(steps, v, s) for v, s in zip(op.operands, shapes, strict=True))
    value = steps.add(made(*factors, result_type=kind.with_shape(result)))
    return reshaped(steps, value, shape_of(op.result))


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
    CorrelateOp: multiply,
    CorrelateBackOp: multiply,
    CorrelateWeightsOp: multiply,
    pooling.PoolingOp: pool,
    pooling.MaxPoolingOp: pool,
    pooling.AveragePoolingOp: pool,
    pooling.MaxUnpoolingOp: unpool,
    crop.CropOp: cut,
}
