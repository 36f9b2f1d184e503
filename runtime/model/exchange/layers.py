"""Products, convolution, pooling and batch normalisation as ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from brainscript.dialects.net.windows import Axis, Sliding, convolution_axes, pooling_axes
from brainscript.runtime.model.exchange.emit import Emitter, Value
from brainscript.runtime.model.exchange.operations import Write, options_of
from brainscript.stored_graph import PARAMETER, StoredNode

CHW = ("CHW", "cudnn")


def _times(e: Emitter, node: StoredNode) -> None:
    """A as a matrix [reduced x kept] behind B as [kept x reduced], row-major."""
    a, b = e.inputs(node)
    kept = options_of(node).get("outputRank", 1)
    if a.lead and b.lead and len(a.dims) == 2 and a.dims[0] == 1 and a.dims[1:] == b.dims:
        raise e.refuse(node, "it multiplies sums over samples")
    rows, inner = prod(a.dims[:kept]), prod(a.dims[kept:])
    right = e.reshaped(a, (inner, rows))
    shape, columns = (node.dims or ())[::-1], (b.size // inner,)
    if not a.lead and b.lead and columns == (1,) and shape == (rows,):
        columns = ()
    left = e.reshaped(b, (*columns, inner))
    if b.lead >= a.lead and shape == (*columns, rows):
        e.set(node, e.op("MatMul", [left, right], node.name))
    else:
        e.finish(node, e.op("MatMul", [left, right]))


def _transpose_times(e: Emitter, node: StoredNode) -> None:
    a, b = e.inputs(node)
    inner, rows = (*a.dims, 1)[:2]
    matrix = e.reshaped(a, (rows, inner))
    order = [*range(a.lead), a.lead + 1, a.lead]
    right = e.op("Transpose", [matrix], perm=order)
    left = e.reshaped(b, (b.size // inner, inner))
    e.finish(node, e.op("MatMul", [left, right]))


def _sliding(options: Any) -> Sliding:
    return Sliding(
        tuple(options["kernelShape"]),
        tuple(options.get("strideShape", ())),
        tuple(options.get("dimPadding", ())),
        tuple(options.get("dimPadLower", ())),
        tuple(options.get("dimPadUpper", ())),
        tuple(options.get("dilationShape", ())),
        tuple(options.get("dimSharing", ())),
        bool(options.get("ceilOut", False)),
    )


def _pads(e: Emitter, node: StoredNode, axes: tuple[Axis, ...]) -> list[int]:
    """Padding before all axes, then behind them, the slowest axis first."""
    if any(axis.low < 0 or not axis.shared for axis in axes):
        raise e.refuse(node, "its windows leave elements out, or share no weights")
    low = [axis.low for axis in axes[::-1]]
    ends = [(a.out - 1) * a.stride + a.reach - a.low - a.size for a in axes[::-1]]
    return low + [max(0, end) for end in ends]


def _image(e: Emitter, node: StoredNode, x: Value, least: int = 2) -> None:
    if options_of(node).get("imageLayout", "CHW") not in CHW:
        raise e.refuse(node, "its images have their channels first")
    if len(x.dims) < least:
        raise e.refuse(node, "its input is no image of a sample")


def _images(e: Emitter, x: Value, shape: Sequence[int] = ()) -> Value:
    """The image with one axis in front of it, also where it has steps there, or no samples."""
    wanted = tuple(shape) or x.shape
    if x.lead == 1 and wanted == x.shape:
        return x
    target = e.whole(-1 if x.lead else 1, *wanted)
    return Value(e.op("Reshape", [x.name, target]), 1, wanted[::-1])


def _of_images(e: Emitter, node: StoredNode, x: Value, found: str) -> None:
    """The result of a node with the axes in front of it that its input has."""
    if x.lead < 2:
        e.finish(node, found)
        return
    leading = e.op("Slice", [e.op("Shape", [x.name]), e.whole(0), e.whole(x.lead)])
    target = e.op("Concat", [leading, e.whole(*(node.dims or ())[::-1])], axis=0)
    e.set(node, e.op("Reshape", [found, target], node.name))


def _window_attributes(e: Emitter, node: StoredNode, axes: tuple[Axis, ...]) -> dict[str, Any]:
    return {
        "kernel_shape": [a.kernel for a in axes[::-1]],
        "strides": [a.stride for a in axes[::-1]],
        "pads": _pads(e, node, axes),
    }


def _convolution(e: Emitter, node: StoredNode) -> None:
    weights, x = e.inputs(node)
    _image(e, node, x)
    if x.lead != 1:
        plain = replace(node, name=e.unique(f"{node.name}/image"), axis="/first")
        _convolved(e, plain, weights, _images(e, x))
        _of_images(e, node, x, e.scope.values.pop(plain.name).name)
    else:
        _convolved(e, node, weights, x)


def _convolved(e: Emitter, node: StoredNode, weights: Value, x: Value) -> None:
    """Of an image with one axis in front of it."""
    options = options_of(node)
    if options.get("transpose", False):
        _transposed(e, node, weights, x)
        return
    *space, channels = convolution_axes(_sliding(options), x.dims)
    weights = _with_all_axes(e, weights, (*space, channels))
    if not channels.shared:
        _grouped(e, node, weights, x)
        return
    if channels.out != 1 or not channels.whole:
        raise e.refuse(node, "its kernel does not cover all channels")
    attributes = _window_attributes(e, node, tuple(space))
    dilations = [a.dilation for a in space[::-1]]
    source = [x.name, weights.name]
    e.set(node, e.op("Conv", source, node.name, dilations=dilations, **attributes))


def _with_all_axes(e: Emitter, weights: Value, axes: tuple[Axis, ...]) -> Value:
    """Weights [kernel of every axis x maps], also where they are stored in another shape."""
    kernel = tuple(axis.kernel for axis in axes)
    windows = prod(axis.out for axis in axes if not axis.shared)
    dims = (*kernel, weights.size // prod(kernel))
    if weights.dims == dims or (windows > 1 and len(weights.dims) == len(dims)):
        return weights
    return Value(e.reshaped(weights, dims[::-1]), weights.lead, dims)


def _groups(e: Emitter, node: StoredNode, axes: Sequence[Axis]) -> int:
    """How many windows along the channels have weights of their own, side by side."""
    *space, channels = axes
    apart = channels.stride == channels.kernel and not channels.low and all(a.shared for a in space)
    if not apart or channels.out * channels.kernel != channels.size:
        raise e.refuse(node, "its windows along the channels overlap, or leave channels out")
    return channels.out


def _slowest(e: Emitter, value: Value, groups: int, *extra: int) -> str:
    """The maps, of which the number of the group is the fastest part, group by group.

    `value` has the axes `extra` in front of the maps, and all others behind them.
    """
    total, rest = value.dims[-1], value.shape[1:]
    if total == groups:
        return value.name
    apart = e.reshaped(value, (total // groups, groups, *rest))
    at = len(extra)
    order = [*range(at), at + 1, at, *range(at + 2, at + 2 + len(rest))]
    turned = e.op("Transpose", [apart], perm=order)
    return e.op("Reshape", [turned, e.whole(*extra, total, *rest)])


def _grouped(e: Emitter, node: StoredNode, weights: Value, x: Value) -> None:
    """Windows along the channels with weights of their own: the groups are the faster number."""
    *space, channels = convolution_axes(_sliding(options_of(node)), x.dims)
    groups, each = _groups(e, node, (*space, channels)), weights.dims[-1] // channels.out
    filter = _slowest(e, weights, groups)
    attributes = _window_attributes(e, node, tuple(space))
    dilations = [a.dilation for a in space[::-1]]
    name = node.name if each == 1 else ""
    found = e.op("Conv", [x.name, filter], name, group=groups, dilations=dilations, **attributes)
    if each == 1:
        e.set(node, found)
        return
    shape = (node.dims or ())[:-1][::-1]
    split = e.op("Reshape", [found, e.whole(*[0] * x.lead, groups, each, *shape)])
    lead = list(range(x.lead))
    rest = range(x.lead + 2, x.lead + 2 + len(shape))
    e.finish(node, e.op("Transpose", [split], perm=[*lead, x.lead + 1, x.lead, *rest]))


def _transposed(e: Emitter, node: StoredNode, weights: Value, x: Value) -> None:
    """The convolution that it turns round leads from the result back to the input."""
    dims = node.dims or ()
    *space, channels = convolution_axes(_sliding(options_of(node)), dims)
    source, groups = [x.name, weights.name], 1
    if not channels.shared:
        groups = _groups(e, node, (*space, channels))
        weights = _with_all_axes(e, weights, (*space, channels))
        source = [_slowest(e, x, groups, *[0] * x.lead), _slowest(e, weights, groups)]
    elif not channels.whole or weights.dims[-1] != x.dims[-1]:
        raise e.refuse(node, "its kernel does not cover all channels")
    pads = _pads(e, node, tuple(space))
    extra = [
        a.size - ((a.out - 1) * a.stride + a.reach - lo - hi)
        for a, lo, hi in zip(space[::-1], pads[: len(space)], pads[len(space) :], strict=True)
    ]
    found = e.op(
        "ConvTranspose",
        source,
        node.name,
        group=groups,
        kernel_shape=[a.kernel for a in space[::-1]],
        strides=[a.stride for a in space[::-1]],
        dilations=[a.dilation for a in space[::-1]],
        pads=pads,
        output_padding=extra,
    )
    e.set(node, found)


def _pooling(e: Emitter, node: StoredNode) -> None:
    x, options = e.value(node.inputs[0]), options_of(node)
    axes = pooling_axes(_sliding(options), x.dims)
    if all(axis.kernel == 1 and not axis.low for axis in axes):
        _every(e, node, x, axes)
        return
    _image(e, node, x, least=1)
    *space, channels = axes
    if space and channels.trivial:
        image = _images(e, x)
    else:
        space, image = list(axes), _images(e, x, (1, *x.shape))
    attributes = _window_attributes(e, node, tuple(space))
    kind = "MaxPool"
    if options["poolKind"] != "max":
        kind = "AveragePool"
        attributes["count_include_pad"] = int(bool(options.get("poolIncludePad", False)))
    if image is x:
        e.set(node, e.op(kind, [x.name], node.name, **attributes))
    else:
        _of_images(e, node, x, e.op(kind, [image.name], **attributes))


def _every(e: Emitter, node: StoredNode, x: Value, axes: Sequence[Axis]) -> None:
    """Windows of one element: elements in even steps."""
    places = [x.lead + len(axes) - n for n, axis in enumerate(axes, 1) if axis.stride > 1]
    ends = [(axis.out - 1) * axis.stride + 1 for axis in axes if axis.stride > 1]
    steps = [axis.stride for axis in axes if axis.stride > 1]
    bounds = [e.whole(*numbers) for numbers in ([0] * len(places), ends, places, steps)]
    found = e.op("Slice", [x.name, *bounds], node.name) if places else ""
    e.set(node, found or e.op("Identity", [x.name], node.name))


def _image_pooling(e: Emitter, node: StoredNode) -> None:
    """`MaxPooling`, `AveragePooling`: two axes, no padding."""
    x, o = e.value(node.inputs[0]), options_of(node)
    _image(e, node, x)
    image = _images(e, x)
    kind = "MaxPool" if node.operation == "MaxPooling" else "AveragePool"
    found = e.op(
        kind,
        [image.name],
        kernel_shape=[o["windowHeight"], o["windowWidth"]],
        strides=[o["verticalSubsample"], o["horizontalSubsample"]],
    )
    _of_images(e, node, x, found)


def _batch_normalization(e: Emitter, node: StoredNode) -> None:
    """At inference `x * a + b` with `a = scale / sqrt (variance + epsilon)`."""
    x = e.value(node.inputs[0])
    o, names = options_of(node), node.inputs[1:5]
    if any(e.graph.nodes[name].operation != PARAMETER for name in names):
        raise e.refuse(node, "its statistics are computed")
    scale, bias, mean, variance = (np.asarray(e.arrays[n], np.float64).reshape(-1) for n in names)
    factor = scale / np.sqrt(variance + o["epsilon"])
    shift = bias - mean * factor
    shape = x.shape
    if o["spatial"]:
        first = o.get("imageLayout", "CHW") in CHW
        shape = (x.shape[0], *(1,) * (len(x.shape) - 1)) if first else (x.shape[-1],)
    pair = [e.constant(v.reshape(shape).astype(e.dtype)) for v in (factor, shift)]
    scaled = e.op("Mul", [x.name, pair[0]])
    e.set(node, e.op("Add", [scaled, pair[1]], node.name), x.dims)


LAYERS: dict[str, Write] = {
    "AveragePooling": _image_pooling,
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "MaxPooling": _image_pooling,
    "Pooling": _pooling,
    "Times": _times,
    "TransposeTimes": _transpose_times,
}
