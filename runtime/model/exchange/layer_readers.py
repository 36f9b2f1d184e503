"""Activations, comparisons, normalisation and images of ONNX in terms of BrainScript's nodes."""

from __future__ import annotations

from math import prod
from typing import Any, cast

import numpy as np

from brainscript.runtime.model.exchange.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.readers import axis_of, make
from brainscript.runtime.model.spelling.foreign import FOREIGN, Foreign
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.stored_graph import StoredNode

ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
ERF_SCALE = 0.3275911
"""Abramowitz and Stegun 7.1.26: within 1.5e-7."""
SELU = (1.67326319217681884765625, 1.05070102214813232421875)


def _finish(i: Importer, pieces: Pieces) -> None:
    for name, array in pieces.values.items():
        i.values.add(name, np.asarray(array, i.dtype))
    for node in pieces.nodes.values():
        i.add(node)


def _pieces(i: Importer, output: str, inputs: list[str], kind: str = "") -> Pieces:
    return Pieces(StoredNode(output, kind, tuple(i.name(n) for n in inputs)), i.nodes)


def foreign(
    i: Importer, output: str, kind: str, inputs: list[str], options: dict[str, object]
) -> None:
    """What a function of the CNTK 2 library does, too."""
    names = tuple(i.name(n) for n in inputs)
    pieces = Foreign(StoredNode(output, kind, names, options), i.nodes)
    arrays = dict(zip(names, (i.arrays.get(n) for n in inputs), strict=True))
    shapes = dict(zip(names, inputs, strict=True))

    def number(name: str) -> float | None:
        array = arrays.get(name)
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    def dims(name: str) -> tuple[int, ...] | None:
        array = arrays.get(name)
        return array.shape[::-1] if array is not None else i.sample(shapes[name])[::-1]

    pieces.number_of, pieces.dims_of = number, dims
    try:
        FOREIGN[kind](pieces)
    except ValueError as error:
        raise i.refuse(output, f"it has an unknown {error}") from None
    _finish(i, pieces)


def _same_as(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        foreign(i, output, kind, inputs, dict(a))

    return read


def _erf(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`sign (x) (1 - (a1 t + ... + a5 t^5) e^(-x^2))` with `t = 1 / (1 + p |x|)`."""
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    size, one = p.add("Abs", x), p.number(1.0)
    scaled = p.add("ElementTimes", size, p.number(ERF_SCALE))
    t = p.add("Reciprocal", p.add("Plus", scaled, one))
    total = p.number(ERF[-1])
    for factor in reversed(ERF[:-1]):
        total = p.add("Plus", p.add("ElementTimes", total, t), p.number(factor))
    bell = p.add("Exp", p.add("Negate", p.add("ElementTimes", x, x)))
    rest = p.add("ElementTimes", p.add("ElementTimes", total, t), bell)
    positive = p.add("Minus", one, rest)
    below = p.add("Less", x, p.number(0.0))
    p.end("If", below, p.add("Negate", positive), positive)
    _finish(i, p)


def _leaky(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above 0, else x times the slope, a number or a parameter."""
    p = _pieces(i, output, inputs[:1])
    (x,) = p.node.inputs
    if len(inputs) > 1:
        slope = i.operand(inputs[1], len(i.sample(output)))
    else:
        slope = p.number(float(a.get("alpha", 0.01)))
    above = p.add("Greater", x, p.number(0.0))
    p.end("If", above, x, p.add("ElementTimes", x, slope))
    _finish(i, p)


def _selu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    alpha, gamma = a.get("alpha", SELU[0]), a.get("gamma", SELU[1])
    foreign(i, f"{output}/elu", "ExponentialLinearUnit", inputs, {"alpha": float(alpha)})
    factor = i.parameter(f"{output}/gamma", np.full(1, gamma), learns=False)
    make(i, output, "ElementTimes", [f"{output}/elu", factor])


def _softplus(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs)
    p.end("LogPlus", p.node.inputs[0], p.number(0.0))
    _finish(i, p)


def _softsign(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs)
    (x,) = p.node.inputs
    size = p.add("Plus", p.add("Abs", x), p.number(1.0))
    p.end("ElementTimes", x, p.add("Reciprocal", size))
    _finish(i, p)


def _hard(swish: bool) -> Reader:
    """`max (0, min (1, alpha x + beta))`, times x for the swish."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        p = _pieces(i, output, inputs)
        (x,) = p.node.inputs
        alpha = 1 / 6 if swish else float(a.get("alpha", 0.2))
        scaled = p.add("ElementTimes", x, p.number(alpha))
        line = p.add("Plus", scaled, p.number(0.5 if swish else float(a.get("beta", 0.5))))
        bounds = p.number(0.0), p.number(1.0)
        if swish:
            p.end("ElementTimes", x, p.add("Clip", *bounds, line))
        else:
            p.end("Clip", *bounds, line)
        _finish(i, p)

    return read


def _compared(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        rank = len(i.sample(output))
        make(i, output, kind, [i.operand(n, rank) for n in inputs])

    return read


def _not(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs)
    p.end("Equal", p.node.inputs[0], p.number(0.0))
    _finish(i, p)


def _or(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs)
    p.end("Greater", p.add("Plus", *p.node.inputs), p.number(0.0))
    _finish(i, p)


def _round(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The smallest integer not below x."""
    make(i, f"{output}/turned", "Negate", [i.name(inputs[0])])
    make(i, f"{output}/below", "Floor", [f"{output}/turned"])
    make(i, output, "Negate", [f"{output}/below"])


def _sum(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    rank = len(i.sample(output))
    found = i.operand(inputs[0], rank)
    for number, name in enumerate(inputs[1:], 1):
        last = number == len(inputs) - 1
        made = output if last else f"{output}/sum{number}"
        make(i, made, "Plus", [found, i.operand(name, rank)])
        found = made
    if len(inputs) == 1:
        make(i, output, "Pass", [found])


def _normalised(p: Pieces, x: str, axes: list[int], epsilon: float) -> str:
    """`(x - mean) / sqrt (variance + epsilon)` over some axes."""
    options = {"reductionOp": "Mean", "axis": axes}
    centred = p.add("Minus", x, p.add("ReduceElements", x, options=options))
    square = p.add("ElementTimes", centred, centred)
    variance = p.add("ReduceElements", square, options=options)
    deviation = p.add("Sqrt", p.add("Plus", variance, p.number(epsilon)))
    return p.add("ElementTimes", centred, p.add("Reciprocal", deviation))


def _layer_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _pieces(i, output, inputs[:1])
    rank = len(i.sample(inputs[0]))
    axis = axis_of(i, output, a.get("axis", -1), rank)
    epsilon = float(a.get("epsilon", 1e-5))
    found = _normalised(p, p.node.inputs[0], list(range(1, axis + 1)), epsilon)
    found = p.add("ElementTimes", found, i.name(inputs[1]))
    if len(inputs) > 2 and inputs[2]:
        p.end("Plus", found, i.name(inputs[2]))
    else:
        p.end("Pass", found)
    _finish(i, p)


def _instance_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Over all axes but the samples and the channels."""
    p = _pieces(i, output, inputs[:1])
    channels, *space = i.sample(inputs[0])
    epsilon = float(a.get("epsilon", 1e-5))
    found = _normalised(p, p.node.inputs[0], list(range(1, len(space) + 1)), epsilon)
    ones = [1] * len(space)
    scale, bias = (
        i.parameter(f"{output}/{name}", i.constant(source).reshape(channels, *ones))
        for name, source in zip(("scale", "bias"), inputs[1:3], strict=True)
    )
    p.end("Plus", p.add("ElementTimes", found, scale), bias)
    _finish(i, p)


def _transposed(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The adjoint of a convolution; the padding behind follows from the shape of the result."""
    filter = i.constant(inputs[1])
    count, maps, *kernel = filter.shape
    if a.get("group", 1) != 1 or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", "NOTSET"):
        raise i.refuse(output, "it has groups of channels or padding without numbers")
    ones = [1] * len(kernel)
    strides, dilations = list(a.get("strides", ones)), list(a.get("dilations", ones))
    low = list(a.get("pads", [0] * 2 * len(kernel)))[: len(kernel)]
    sizes, counts = i.sample(output)[1:], i.sample(inputs[0])[1:]
    columns = zip(counts, strides, kernel, dilations, sizes, low, strict=True)
    high = [(n - 1) * s + (k - 1) * d + 1 - size - lo for n, s, k, d, size, lo in columns]
    if min(high) < 0:
        raise i.refuse(output, "it adds elements behind the last window")
    options: dict[str, Any] = {
        "kernelShape": [*kernel[::-1], maps],
        "strideShape": [*strides[::-1], maps],
        "dimPadding": [0],
        "dimPadLower": [*low[::-1], 0],
        "dimPadUpper": [*high[::-1], 0],
        "dilationShape": [*dilations[::-1], 1],
        "mapShape": [count],
        "transpose": True,
        "dimOutputShape": list(i.sample(output)[::-1]),
    }
    found = output if len(inputs) < 3 else f"{output}/product"
    make(i, found, "Convolution", [i.name(inputs[1]), i.name(inputs[0])], **options)
    if len(inputs) > 2:
        bias = i.constant(inputs[2]).reshape(maps, *ones)
        make(i, output, "Plus", [found, i.parameter(f"{output}/b", bias)])


def _padded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    pads = list(a["pads"]) if "pads" in a else i.constant(inputs[1]).reshape(-1).tolist()
    mode = a.get("mode", b"constant")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    rank = len(pads) // 2
    if mode not in ("constant", "reflect") or min(pads) < 0 or pads[0] or pads[rank]:
        raise i.refuse(output, f"it pads samples, or in the way '{mode}'")
    value = float(a.get("value", 0.0))
    if len(inputs) > 2 and inputs[2]:
        value = float(i.constant(inputs[2]).reshape(-1)[0])
    options: dict[str, object] = {
        "paddingHead": [int(n) for n in pads[1:rank][::-1]],
        "paddingFoot": [int(n) for n in pads[rank + 1 :][::-1]],
        "paddingMode": 1 if mode == "reflect" else 0,
        "paddingConstantValue": value,
    }
    foreign(i, output, "Pad", inputs[:1], options)


def _resized(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Every element repeated a whole number of times along each axis."""
    before, after = i.sample(inputs[0]), i.sample(output)
    mode = a.get("mode", b"nearest")
    if mode not in (b"nearest", "nearest") or any(
        n % o for n, o in zip(after, before, strict=True)
    ):
        raise i.refuse(output, "it interpolates, or repeats elements unevenly")
    p = _pieces(i, output, inputs[:1])
    (x,), dims = p.node.inputs, list(before[::-1])
    for place, (size, target) in enumerate(zip(before[::-1], after[::-1], strict=True)):
        if target != size:
            apart = p.reshape(x, (*dims[:place], 1, *dims[place:]))
            ones = p.constant(np.ones((target // size, *[1] * place)))
            dims[place] = target
            x = p.reshape(p.add("ElementTimes", apart, ones), tuple(dims))
    p.end("Pass", x)
    _finish(i, p)


def _gathered(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Rows of a constant that indices name, or a place on an axis that a constant names."""
    if inputs[0] in i.arrays:
        if a.get("axis", 0):
            raise i.refuse(output, "it takes from another axis than the first")
        foreign(i, output, "Gather", [inputs[1], inputs[0]], {})
        return
    index, shape = i.constant(inputs[1]), i.sample(inputs[0])
    axis = axis_of(i, output, a.get("axis", 0), len(shape))
    size = shape[len(shape) - axis]
    if index.size != 1:
        raise i.refuse(output, "it takes several places of a sample")
    begin = int(index.reshape(-1)[0]) % size
    options = {"axis": axis, "beginIndex": begin, "endIndex": begin + 1}
    kept = index.ndim == 1
    taken = output if kept else f"{output}/taken"
    make(i, taken, "Slice", [i.name(inputs[0])], **options)
    if not kept:
        dims = list(i.sample(output)[::-1] or (1,))
        make(i, output, "Reshape", [taken], dims=dims, beginAxis=0, endAxis=0)


def _split(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    shape = i.sample(inputs[0])
    axis = axis_of(i, output, a.get("axis", 0), len(shape))
    begin = 0
    for name in i.outputs:
        size = i.sample(name)[len(shape) - axis]
        options = {"axis": axis, "beginIndex": begin, "endIndex": begin + size}
        make(i, name, "Slice", [i.name(inputs[0])], **options)
        begin += size


def _expanded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """A value repeated along axes of one element."""
    p = _pieces(i, output, inputs[:1])
    p.end("ElementTimes", p.node.inputs[0], p.constant(np.ones(i.sample(output))))
    if prod(i.sample(output)) > 1 << 24:
        raise i.refuse(output, "it is too large")
    _finish(i, p)


def _norm(root: bool) -> Reader:
    """The sum of squares over axes, or its root."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        x = i.name(inputs[0])
        make(i, f"{output}/square", "ElementTimes", [x, x])
        listed = i.constant(inputs[1]).tolist() if len(inputs) > 1 else a.get("axes", [])
        rank, axes = len(i.sample(inputs[0])), cast("list[int]", listed)
        numbers = sorted(axis_of(i, output, axis, rank) for axis in axes)
        if not numbers:
            raise i.refuse(output, "it reduces over samples")
        kept = bool(a.get("keepdims", 1))
        options = {"reductionOp": "Sum", "axis": numbers, "keepDimensions": True}
        total = output if kept and not root else f"{output}/total"
        make(i, total, "ReduceElements", [f"{output}/square"], **options)
        dims = list(i.sample(output)[::-1] or (1,))
        found = total
        if not kept:
            found = f"{output}/short" if root else output
            make(i, found, "Reshape", [total], dims=dims, beginAxis=0, endAxis=0)
        if root:
            make(i, output, "Sqrt", [found])

    return read


MORE: dict[str, Reader] = {
    **{name: _same_as(name) for name in ("Asinh", "Atan", "Atanh", "Pow", "Tan")},
    "And": _compared("ElementTimes"),
    "Ceil": _round,
    "ConvTranspose": _transposed,
    "Elu": _same_as("ExponentialLinearUnit"),
    "Equal": _compared("Equal"),
    "Erf": _erf,
    "Expand": _expanded,
    "Gather": _gathered,
    "Greater": _compared("Greater"),
    "GreaterOrEqual": _compared("GreaterEqual"),
    "HardSigmoid": _hard(swish=False),
    "HardSwish": _hard(swish=True),
    "InstanceNormalization": _instance_normalization,
    "LayerNormalization": _layer_normalization,
    "LeakyRelu": _leaky,
    "Less": _compared("Less"),
    "LessOrEqual": _compared("LessEqual"),
    "Not": _not,
    "Or": _or,
    "PRelu": _leaky,
    "Pad": _padded,
    "ReduceL2": _norm(root=True),
    "ReduceSumSquare": _norm(root=False),
    "Resize": _resized,
    "Selu": _selu,
    "Softplus": _softplus,
    "Softsign": _softsign,
    "Split": _split,
    "Sum": _sum,
    "Where": _compared("If"),
}
"""What reads each operation."""
