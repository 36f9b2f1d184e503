"""Normalisation of ONNX: over batches, channels, near channels."""

from __future__ import annotations

import numpy as np

from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import finish, make, pieces
from brainscript.runtime.model.spelling.pieces import Pieces


def _batch_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    shape = i.image(inputs[0])
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


def _normalised(p: Pieces, x: str, axes: list[int], epsilon: float) -> str:
    """`(x - mean) / sqrt (variance + epsilon)` over some axes."""
    options = {"reductionOp": "Mean", "axis": axes}
    centred = p.add("Minus", x, p.add("ReduceElements", x, options=options))
    square = p.add("ElementTimes", centred, centred)
    variance = p.add("ReduceElements", square, options=options)
    deviation = p.add("Sqrt", p.add("Plus", variance, p.number(epsilon)))
    return p.add("ElementTimes", centred, p.add("Reciprocal", deviation))


def _layer_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Over an axis and all behind it."""
    p = pieces(i, output, inputs[:1])
    place = i.axis(inputs[0], a.get("axis", -1))
    i.axis(inputs[0], -1)
    epsilon = float(a.get("epsilon", 1e-5))
    found = _normalised(p, p.node.inputs[0], list(range(1, place + 1)), epsilon)
    found = p.add("ElementTimes", found, i.operand(inputs[1], output))
    if len(inputs) > 2 and inputs[2]:
        p.end("Plus", found, i.operand(inputs[2], output))
    else:
        p.end("Pass", found)
    finish(i, p)


def _instance_normalization(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Over all axes but the samples and the channels."""
    p = pieces(i, output, inputs[:1])
    channels, *space = i.image(inputs[0])
    epsilon = float(a.get("epsilon", 1e-5))
    found = _normalised(p, p.node.inputs[0], list(range(1, len(space) + 1)), epsilon)
    ones = [1] * len(space)
    scale, bias = (
        i.parameter(f"{output}/{name}", i.constant(source).reshape(channels, *ones))
        for name, source in zip(("scale", "bias"), inputs[1:3], strict=True)
    )
    p.end("Plus", p.add("ElementTimes", found, scale), bias)
    finish(i, p)


def _local_response(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x / (bias + alpha / size * sum of the squares of near channels) ^ beta`."""
    channels = i.image(inputs[0])[0]
    rank, size = len(i.image(inputs[0])), int(a["size"])
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    square = p.add("ElementTimes", x, x)
    along, before = {"axis": rank}, (size - 1) // 2
    zero = p.add("Greater", x, x)
    total = zero
    for shift in range(max(-before, 1 - channels), min(size - before, channels)):
        begin, end = max(0, shift), channels + min(0, shift)
        near = p.add("Slice", square, options={"beginIndex": begin, "endIndex": end, **along})
        if shift:
            edge = {"beginIndex": 0, "endIndex": abs(shift), **along}
            none = p.add("Slice", zero, options=edge)
            near = p.add("RowStack", *((near, none) if shift > 0 else (none, near)), options=along)
        total = p.add("Plus", total, near)
    scaled = p.add("ElementTimes", total, p.number(float(a.get("alpha", 1e-4)) / size))
    base = p.add("Log", p.add("Plus", scaled, p.number(float(a.get("bias", 1.0)))))
    power = p.add("Exp", p.add("ElementTimes", base, p.number(-float(a.get("beta", 0.75)))))
    p.end("ElementTimes", x, power)
    finish(i, p)


NORMALISATION: dict[str, Reader] = {
    "BatchNormalization": _batch_normalization,
    "InstanceNormalization": _instance_normalization,
    "LRN": _local_response,
    "LayerNormalization": _layer_normalization,
}
"""What reads each operation."""
