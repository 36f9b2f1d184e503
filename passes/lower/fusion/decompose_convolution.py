"""`net-decompose` for convolution and pooling: operations on windows that are written out.

A convolution with one window, as large as the image, is a product of matrices; so are its
gradients. One of images with their channels in front is turned round, and its result turned back:
a pass over memory for each, where kernels of their own would have no tiles and no patches.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import convolution, crop, linear, pooling
from brainscript.dialects.net import shape as places
from brainscript.dialects.net.convolution import (
    CorrelateBackOp,
    CorrelateOp,
    CorrelateWeightsOp,
    CorrelationOp,
    described,
)
from brainscript.dialects.net.crop_offsets import offsets_of
from brainscript.dialects.net.windows import kernel_count
from brainscript.dialects.tensors import Shape, shape_of, type_of
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
    if op.has_channels_first:
        return turned_round(steps, op)
    if not all(a.whole for a in op.axes):
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


def turned_round(steps: Steps, op: CorrelationOp) -> SSAValue:
    """The same with channels behind: operands turned round, the result turned back.

    Before: `%z = net.correlate %w, %x {.., channels_first}` with `%x : [C x W x H]`, `%w` in
    memory as `[maps x C x kernel x own]`, `%z : [maps x W' x H']`
    After: the same of `[W x H x C]` and `[kernel x C x own x maps]`, between transpositions.
    """
    axes, maps = op.axes, op.map_count
    sample, windows = tuple(a.size for a in axes), (*(a.out for a in axes), maps)
    kernel, own = prod(a.kernel for a in axes[:-1]), kernel_count(axes, 1)
    weights = (maps, axes[-1].kernel, kernel, own)
    read, shape = (windows, sample) if isinstance(op, CorrelateBackOp) else (sample, windows)
    if isinstance(op, CorrelateWeightsOp):
        operands = [
            behind(steps, v, s) for v, s in zip(op.operands, (sample, windows), strict=True)
        ]
        shape = (kernel, axes[-1].kernel, own, maps)
    else:
        turned = swapped(steps, reshaped(steps, op.operands[0], weights), 1, 3)
        operands = [swapped(steps, turned, 3, 4), behind(steps, op.operands[1], read)]
    kind, options = type_of(op.result).with_shape(shape), described(axes) | {"maps": maps}
    value = steps.add(type(op)(*operands, result_type=kind, options=options))
    if isinstance(op, CorrelateWeightsOp):
        value = swapped(steps, swapped(steps, value, 3, 4), 1, 3)
    else:
        value = swapped(steps, reshaped(steps, value, (prod(shape[:-1]), shape[-1])), 1, 2)
    return reshaped(steps, value, shape_of(op.result))


def behind(steps: Steps, x: SSAValue, shape: Shape) -> SSAValue:
    """x, whose first axis is the last one of `shape`, in that shape."""
    matrix = reshaped(steps, x, (shape[-1], prod(shape[:-1])))
    return reshaped(steps, swapped(steps, matrix, 1, 2), shape)


def swapped(steps: Steps, x: SSAValue, one: int, two: int) -> SSAValue:
    """x with two axes swapped."""
    sizes = list(shape_of(x))
    sizes[one - 1], sizes[two - 1] = sizes[two - 1], sizes[one - 1]
    if two == one + 1 and 1 in (sizes[one - 1], sizes[two - 1]):
        return reshaped(steps, x, tuple(sizes))
    options = {"axis1": one, "axis2": two}
    kind = type_of(x).with_shape(tuple(sizes))
    return steps.add(places.TransposeDimensionsOp(x, result_type=kind, options=options))


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
        value = steps.add(places.SliceOp(value, options=options))
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
