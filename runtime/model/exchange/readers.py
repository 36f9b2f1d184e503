"""What each ONNX operation is in BrainScript."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from brainscript.runtime.model.exchange.importer import Attributes, Importer, Reader
from brainscript.stored_graph import StoredNode

UNARY = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Asin": "Asin",
    "Cast": "Pass",
    "Cos": "Cosine",
    "Cosh": "Cosh",
    "Dropout": "Pass",
    "Exp": "Exp",
    "Floor": "Floor",
    "Identity": "Pass",
    "Log": "Log",
    "Neg": "Negate",
    "Reciprocal": "Reciprocal",
    "Relu": "RectifiedLinear",
    "Sigmoid": "Sigmoid",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Sqrt": "Sqrt",
    "Tanh": "Tanh",
}
BINARY = {"Add": "Plus", "Mul": "ElementTimes", "Sub": "Minus"}
REDUCED = {
    "ReduceLogSumExp": "LogSum",
    "ReduceMax": "Max",
    "ReduceMean": "Mean",
    "ReduceMin": "Min",
    "ReduceProd": "Prod",
    "ReduceSum": "Sum",
}


def make(i: Importer, name: str, operation: str, inputs: list[str], **options: object) -> None:
    """One node of a network."""
    i.add(StoredNode(name, operation, tuple(inputs), options))


def _unary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        make(i, output, kind, [i.name(inputs[0])])

    return read


def _operands(i: Importer, output: str, inputs: list[str]) -> list[str]:
    rank = len(i.sample(output))
    return [i.operand(name, rank) for name in inputs]


def _binary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        make(i, output, kind, _operands(i, output, inputs))

    return read


def _extreme(comparison: str) -> Reader:
    """The larger or the smaller of two."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        one, other = _operands(i, output, inputs)
        make(i, f"{output}/first", comparison, [one, other])
        make(i, output, "If", [f"{output}/first", one, other])

    return read


def _divide(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    one, other = _operands(i, output, inputs)
    make(i, f"{output}/reciprocal", "Reciprocal", [other])
    make(i, output, "ElementTimes", [one, f"{output}/reciprocal"])


def _matmul(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    ranks = [i.arrays[n].ndim if n in i.arrays else len(i.sample(n)) for n in inputs]
    constant = [n in i.arrays for n in inputs]
    fits = ranks[1] == 2 and (constant[1] or ranks[0] == 2) and not constant[0]
    if not fits:
        raise i.refuse(output, "it is no product of matrices or of a sample and a matrix")
    make(i, output, "Times", [i.name(inputs[1]), i.name(inputs[0])], outputRank=1)


def _gemm(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    matrix = i.constant(inputs[1]) * a.get("alpha", 1.0)
    if a.get("transA", 0) or matrix.ndim != 2:
        raise i.refuse(output, "its first operand is turned round")
    turned = bool(a.get("transB", 0))
    plain = not turned and a.get("alpha", 1.0) == 1.0
    weights = i.name(inputs[1])
    if not plain:
        i.nodes.pop(inputs[1], None)
        weights = i.parameter(f"{output}/W", matrix.T if turned else matrix)
    product = output if len(inputs) < 3 else f"{output}/product"
    make(i, product, "Times", [weights, i.name(inputs[0])], outputRank=1)
    if len(inputs) > 2:
        bias = i.constant(inputs[2]) * a.get("beta", 1.0)
        shift = i.parameter(f"{output}/b", bias.reshape(-1))
        make(i, output, "Plus", [product, shift])


def _softmax(kind: str) -> Reader:
    """Of the whole sample, or along one axis: `x - LogSum (x)`, and e to that power."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        shape, x = i.sample(output), i.name(inputs[0])
        axis = axis_of(i, output, a.get("axis", -1), len(shape))
        if prod(shape) == shape[len(shape) - axis]:
            make(i, output, kind, [x])
            return
        if kind == "Hardmax":
            raise i.refuse(output, "it runs over a part of the sample")
        logs = output if kind == "LogSoftmax" else f"{output}/logs"
        options = {"reductionOp": "LogSum", "axis": [axis]}
        make(i, f"{output}/total", "ReduceElements", [x], **options)
        make(i, logs, "Minus", [x, f"{output}/total"])
        if kind == "Softmax":
            make(i, output, "Exp", [logs])

    return read


def _reshape(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Any change of shape that keeps the samples and the order of the elements."""
    before, after = i.sample(inputs[0]), i.sample(output)
    if prod(before) != prod(after):
        raise i.refuse(output, "it mixes samples")
    make(
        i,
        output,
        "Reshape",
        [i.name(inputs[0])],
        dims=list(after[::-1] or (1,)),
        beginAxis=0,
        endAxis=0,
    )


def _transpose(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    rank = len(i.sample(output))
    order = a.get("perm", list(range(rank, -1, -1)))
    if order[0] != 0:
        raise i.refuse(output, "it moves the samples")
    axes = [rank - (order[rank - j + 1] - 1) for j in range(1, rank + 1)]
    make(i, output, "TransposeDimensions", [i.name(inputs[0])], permutation=axes)


def axis_of(i: Importer, output: str, axis: int, rank: int) -> int:
    """An axis of ONNX, samples included, as BrainScript counts it."""
    place = axis + rank + 1 if axis < 0 else axis
    if not 1 <= place <= rank:
        raise i.refuse(output, "it works along the samples")
    return rank - place + 1


def _concat(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    axis = axis_of(i, output, a["axis"], len(i.sample(output)))
    make(i, output, "RowStack", [i.name(name) for name in inputs], axis=axis)


def _slice(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    lists = [i.constant(name).tolist() for name in inputs[1:] if name]
    shape = i.sample(inputs[0])
    begins, ends = lists[:2]
    axes = lists[2] if len(lists) > 2 else list(range(len(begins)))
    steps = lists[3] if len(lists) > 3 else [1] * len(begins)
    if min(steps, default=1) < 1:
        raise i.refuse(output, "it runs backwards")
    numbers = [axis_of(i, output, axis, len(shape)) for axis in axes]
    sizes = [shape[len(shape) - n] for n in numbers]
    starts = [_bounded(b, size) for b, size in zip(begins, sizes, strict=True)]
    stops = [_bounded(e, size) for e, size in zip(ends, sizes, strict=True)]
    bounds = {"axis": numbers, "beginIndex": starts, "endIndex": stops, "stride": steps}
    make(i, output, "Slice", [i.name(inputs[0])], **bounds)


def _bounded(index: int, size: int) -> int:
    return min(max(index + size if index < 0 else index, 0), size)


def _reduce(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        rank = len(i.sample(inputs[0]))
        axes = a.get("axes") or (i.constant(inputs[1]).tolist() if len(inputs) > 1 else None)
        if not axes:
            raise i.refuse(output, "it reduces over samples")
        numbers = sorted(axis_of(i, output, axis, rank) for axis in axes)
        options = {"reductionOp": kind, "axis": numbers, "keepDimensions": True}
        kept = bool(a.get("keepdims", 1))
        name = output if kept else f"{output}/kept"
        make(i, name, "ReduceElements", [i.name(inputs[0])], **options)
        if not kept:
            dims = list(i.sample(output)[::-1] or (1,))
            make(i, output, "Reshape", [name], dims=dims, beginAxis=0, endAxis=0)

    return read


def _clip(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    bounds: list[str] = []
    for number, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), 1):
        given = len(inputs) > number and bool(inputs[number])
        value = i.constant(inputs[number]) if given else np.array(a.get(name, default))
        limit = float(np.clip(value.reshape(-1)[0], -3e38, 3e38))
        bounds.append(i.parameter(f"{output}/{name}", np.full(1, limit), learns=False))
    make(i, output, "Clip", [*bounds, i.name(inputs[0])])


@dataclass(frozen=True)
class Windows:
    """The windows of a node over axes C, H, W: kernel, strides and dilations of H, W."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    low: list[int]
    high: list[int]

    def options(self, channels: int, step: int) -> dict[str, Any]:
        """As options over [W x H x C]: `channels` and `step` are kernel and stride of C."""
        return {
            "kernelShape": [*self.kernel[::-1], channels],
            "strideShape": [*self.strides[::-1], step],
            "dimPadding": [0],
            "dimPadLower": [*self.low[::-1], 0],
            "dimPadUpper": [*self.high[::-1], 0],
            "imageLayout": "CHW",
        }


def windows_of(i: Importer, output: str, x: str, a: Attributes, kernel: list[int]) -> Windows:
    """The windows of a node; padding behind is as much as the last window reaches over."""
    ones = [1] * len(kernel)
    strides, dilations = list(a.get("strides", ones)), list(a.get("dilations", ones))
    low = _padding_in_front(i, x, a, kernel)
    sizes, counts = i.sample(x)[1:], i.sample(output)[1:]
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    columns = zip(counts, strides, reaches, sizes, low, strict=True)
    high = [(count - 1) * s + reach - size - lo for count, s, reach, size, lo in columns]
    return Windows(kernel, strides, dilations, low, high)


def _padding_in_front(i: Importer, x: str, a: Attributes, kernel: list[int]) -> list[int]:
    ones = [1] * len(kernel)
    mode = a.get("auto_pad", b"NOTSET")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        pads = list(a.get("pads", [])) if mode == "NOTSET" else []
        return pads[: len(kernel)] or [0] * len(kernel)
    columns = zip(
        i.sample(x)[1:],
        kernel,
        a.get("strides", ones),
        a.get("dilations", ones),
        strict=True,
    )
    totals = [max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size) for size, k, s, d in columns]
    return [(total + (mode == "SAME_LOWER")) // 2 for total in totals]


def trimmed(i: Importer, output: str, x: str, windows: Windows) -> tuple[str, Windows]:
    """The image without the elements behind the last window, where there is padding in front."""
    name, rank = i.name(x), len(windows.kernel)
    for place, (low, high) in enumerate(zip(windows.low, windows.high, strict=True)):
        if low > 0 > high:
            size, part = i.sample(x)[1 + place], f"{output}/part{place}"
            axis = rank - place
            make(i, part, "Slice", [name], axis=axis, beginIndex=0, endIndex=size + high)
            name = part
    return name, replace(windows, high=[max(0, high) for high in windows.high])


def _conv(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Groups are windows along the channels with weights of their own, which come first."""
    filter, group = i.constant(inputs[1]), a.get("group", 1)
    maps, channels, *kernel = filter.shape
    x, windows = trimmed(i, output, inputs[0], windows_of(i, output, inputs[0], a, list(kernel)))
    options = windows.options(channels, channels)
    options["mapShape"] = [maps // group]
    options["dilationShape"] = [*windows.dilations[::-1], 1]
    weights, each = inputs[1], maps // group
    found = output if len(inputs) < 3 else f"{output}/product"
    if group == 1:
        make(i, found, "Convolution", [i.name(weights), x], **options)
    else:
        turned = filter.reshape(group, each, channels, *kernel).swapaxes(0, 1)
        weights = i.parameter(f"{output}/W", turned.reshape(filter.shape))
        options["dimSharing"] = [*[1] * len(kernel), 0]
        made = found if each == 1 else f"{output}/groups"
        make(i, made, "Convolution", [weights, x], **options)
        if each > 1:
            _swap_channels(i, found, made, (group, each), len(kernel))
    if len(inputs) > 2:
        bias = i.constant(inputs[2]).reshape(maps, *[1] * len(kernel))
        make(i, output, "Plus", [found, i.parameter(f"{output}/b", bias)])


def _swap_channels(i: Importer, output: str, x: str, counts: tuple[int, int], rank: int) -> None:
    """Channels of which the first number is the fastest, so that the second one is."""
    apart, swapped = f"{x}/apart", f"{x}/swapped"
    make(i, apart, "Reshape", [x], dims=list(counts), beginAxis=rank + 1, endAxis=0)
    make(i, swapped, "TransposeDimensions", [apart], axis1=rank + 1, axis2=rank + 2)
    total = counts[0] * counts[1]
    make(i, output, "Reshape", [swapped], dims=[total], beginAxis=rank + 1, endAxis=0)


def _pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        kernel = list(a["kernel_shape"])
        if any(d != 1 for d in a.get("dilations", [])):
            raise i.refuse(output, "its windows are dilated")
        windows = windows_of(i, output, inputs[0], a, kernel)
        x, windows = trimmed(i, output, inputs[0], windows)
        more = {"poolKind": kind, "poolIncludePad": bool(a.get("count_include_pad", 0))}
        make(i, output, "Pooling", [x], **windows.options(1, 1), **more)

    return read


def _global_pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        space = list(i.sample(inputs[0])[1:])
        zeros = [0] * len(space)
        options = Windows(space, space, zeros, zeros, zeros).options(1, 1)
        make(i, output, "Pooling", [i.name(inputs[0])], **options, poolKind=kind)

    return read


def _batch_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    shape = i.sample(inputs[0])
    channels = shape[0]
    names = [
        i.parameter(f"{output}/{name}", i.constant(source).reshape(channels, 1)[:, 0], learns=n < 2)
        for n, (name, source) in enumerate(
            zip(("scale", "bias", "mean", "variance"), inputs[1:5], strict=True)
        )
    ]
    count = i.parameter(f"{output}/count", np.ones(1), learns=False)
    options = {
        "spatial": len(shape) > 1,
        "normalizationTimeConstant": 5000.0,
        "epsilon": float(a.get("epsilon", 1e-5)),
    }
    make(i, output, "BatchNormalization", [i.name(inputs[0]), *names, count], **options)


READERS: dict[str, Reader] = {
    **{onnx: _unary(ours) for onnx, ours in UNARY.items()},
    **{onnx: _binary(ours) for onnx, ours in BINARY.items()},
    **{onnx: _reduce(ours) for onnx, ours in REDUCED.items()},
    "AveragePool": _pool("average"),
    "BatchNormalization": _batch_normalization,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": _divide,
    "Flatten": _reshape,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool("average"),
    "GlobalMaxPool": _global_pool("max"),
    "Hardmax": _softmax("Hardmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "Max": _extreme("Greater"),
    "Min": _extreme("Less"),
    "MatMul": _matmul,
    "MaxPool": _pool("max"),
    "Reshape": _reshape,
    "Slice": _slice,
    "Softmax": _softmax("Softmax"),
    "Squeeze": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
"""What reads each operation."""
