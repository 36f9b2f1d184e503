"""What each ONNX operation is in BrainScript."""

from __future__ import annotations

from dataclasses import dataclass
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


def _make(i: Importer, name: str, operation: str, inputs: list[str], **options: object) -> None:
    i.add(StoredNode(name, operation, tuple(inputs), options))


def _unary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        _make(i, output, kind, [i.name(inputs[0])])

    return read


def _operands(i: Importer, output: str, inputs: list[str]) -> list[str]:
    rank = len(i.sample(output))
    return [i.operand(name, rank) for name in inputs]


def _binary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        _make(i, output, kind, _operands(i, output, inputs))

    return read


def _extreme(comparison: str) -> Reader:
    """The larger or the smaller of two."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        one, other = _operands(i, output, inputs)
        _make(i, f"{output}/first", comparison, [one, other])
        _make(i, output, "If", [f"{output}/first", one, other])

    return read


def _divide(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    one, other = _operands(i, output, inputs)
    _make(i, f"{output}/reciprocal", "Reciprocal", [other])
    _make(i, output, "ElementTimes", [one, f"{output}/reciprocal"])


def _matmul(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    if inputs[1] not in i.arrays or i.arrays[inputs[1]].ndim != 2:
        raise i.refuse(output, "its second operand is no constant matrix")
    _make(i, output, "Times", [i.name(inputs[1]), i.name(inputs[0])], outputRank=1)


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
    _make(i, product, "Times", [weights, i.name(inputs[0])], outputRank=1)
    if len(inputs) > 2:
        bias = i.constant(inputs[2]) * a.get("beta", 1.0)
        shift = i.parameter(f"{output}/b", bias.reshape(-1))
        _make(i, output, "Plus", [product, shift])


def _softmax(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        shape = i.sample(output)
        if prod(shape) != shape[-1] or a.get("axis", -1) not in (-1, len(shape)):
            raise i.refuse(output, "it runs over a part of the sample")
        _make(i, output, kind, [i.name(inputs[0])])

    return read


def _reshape(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Any change of shape that keeps the samples and the order of the elements."""
    before, after = i.sample(inputs[0]), i.sample(output)
    if prod(before) != prod(after):
        raise i.refuse(output, "it mixes samples")
    _make(
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
    _make(i, output, "TransposeDimensions", [i.name(inputs[0])], permutation=axes)


def _axis(i: Importer, output: str, axis: int, rank: int) -> int:
    """An axis of ONNX, samples included, as BrainScript counts it."""
    place = axis + rank + 1 if axis < 0 else axis
    if not 1 <= place <= rank:
        raise i.refuse(output, "it works along the samples")
    return rank - place + 1


def _concat(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    axis = _axis(i, output, a["axis"], len(i.sample(output)))
    _make(i, output, "RowStack", [i.name(name) for name in inputs], axis=axis)


def _slice(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    lists = [i.constant(name).tolist() for name in inputs[1:] if name]
    shape = i.sample(inputs[0])
    begins, ends = lists[:2]
    axes = lists[2] if len(lists) > 2 else list(range(len(begins)))
    if len(lists) > 3 and any(step != 1 for step in lists[3]):
        raise i.refuse(output, "it has a step")
    numbers = [_axis(i, output, axis, len(shape)) for axis in axes]
    sizes = [shape[len(shape) - n] for n in numbers]
    starts = [_bounded(b, size) for b, size in zip(begins, sizes, strict=True)]
    stops = [_bounded(e, size) for e, size in zip(ends, sizes, strict=True)]
    _make(i, output, "Slice", [i.name(inputs[0])], axis=numbers, beginIndex=starts, endIndex=stops)


def _bounded(index: int, size: int) -> int:
    return min(max(index + size if index < 0 else index, 0), size)


def _reduce(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        rank = len(i.sample(inputs[0]))
        axes = a.get("axes") or (i.constant(inputs[1]).tolist() if len(inputs) > 1 else None)
        if not axes:
            raise i.refuse(output, "it reduces over samples")
        numbers = sorted(_axis(i, output, axis, rank) for axis in axes)
        options = {"reductionOp": kind, "axis": numbers, "keepDimensions": True}
        kept = bool(a.get("keepdims", 1))
        name = output if kept else f"{output}/kept"
        _make(i, name, "ReduceElements", [i.name(inputs[0])], **options)
        if not kept:
            dims = list(i.sample(output)[::-1] or (1,))
            _make(i, output, "Reshape", [name], dims=dims, beginAxis=0, endAxis=0)

    return read


def _clip(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    bounds: list[str] = []
    for number, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), 1):
        given = len(inputs) > number and bool(inputs[number])
        value = i.constant(inputs[number]) if given else np.array(a.get(name, default))
        limit = float(np.clip(value.reshape(-1)[0], -3e38, 3e38))
        bounds.append(i.parameter(f"{output}/{name}", np.full(1, limit), learns=False))
    _make(i, output, "Clip", [*bounds, i.name(inputs[0])])


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


def _windows(i: Importer, x: str, a: Attributes, kernel: list[int]) -> Windows:
    ones = [1] * len(kernel)
    strides, dilations = list(a.get("strides", ones)), list(a.get("dilations", ones))
    mode = a.get("auto_pad", b"NOTSET")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    pads = list(a.get("pads", [])) if mode == "NOTSET" else []
    low, high = pads[: len(kernel)] or [0] * len(kernel), pads[len(kernel) :] or [0] * len(kernel)
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        sizes = i.sample(x)[1:]
        totals = [
            max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
            for size, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
        ]
        half = [total // 2 for total in totals]
        rest = [total - h for total, h in zip(totals, half, strict=True)]
        low, high = (half, rest) if mode == "SAME_UPPER" else (rest, half)
    return Windows(kernel, strides, dilations, low, high)


def _conv(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    filter = i.constant(inputs[1])
    maps, channels, *kernel = filter.shape
    if a.get("group", 1) != 1:
        raise i.refuse(output, "it has groups of channels")
    windows = _windows(i, inputs[0], a, list(kernel))
    options = windows.options(channels, channels)
    options["mapShape"] = [maps]
    options["dilationShape"] = [*windows.dilations[::-1], 1]
    found = output if len(inputs) < 3 else f"{output}/product"
    _make(i, found, "Convolution", [i.name(inputs[1]), i.name(inputs[0])], **options)
    if len(inputs) > 2:
        bias = i.constant(inputs[2]).reshape(maps, *[1] * len(kernel))
        _make(i, output, "Plus", [found, i.parameter(f"{output}/b", bias)])


def _pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        kernel = list(a["kernel_shape"])
        if any(d != 1 for d in a.get("dilations", [])):
            raise i.refuse(output, "its windows are dilated")
        options = _windows(i, inputs[0], a, kernel).options(1, 1)
        more = {
            "poolKind": kind,
            "ceilOut": bool(a.get("ceil_mode", 0)),
            "poolIncludePad": bool(a.get("count_include_pad", 0)),
        }
        _make(i, output, "Pooling", [i.name(inputs[0])], **options, **more)

    return read


def _global_pool(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        space = list(i.sample(inputs[0])[1:])
        options = _windows(i, inputs[0], {"strides": space}, space).options(1, 1)
        _make(i, output, "Pooling", [i.name(inputs[0])], **options, poolKind=kind)

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
    _make(i, output, "BatchNormalization", [i.name(inputs[0]), *names, count], **options)


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
