"""Arithmetic of ONNX: one operand, several that broadcast, comparisons, reductions."""

from __future__ import annotations

from math import prod
from typing import cast

import numpy as np

from brainscript.runtime.model.exchange.operations import REDUCED as WRITTEN
from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import finish, make, pieces, reshaped
from brainscript.runtime.model.spelling.pieces import Pieces
from brainscript.stored_graph import StoredNode

UNARY = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Asin": "Asin",
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
REDUCED = {onnx: ours for ours, onnx in WRITTEN.items()}
COMPARED = {
    "And": "ElementTimes",
    "Equal": "Equal",
    "Greater": "Greater",
    "GreaterOrEqual": "GreaterEqual",
    "Less": "Less",
    "LessOrEqual": "LessEqual",
    "Where": "If",
    "Xor": "NotEqual",
}
FLOATING, BOOLEAN = (1, 10, 11, 16), 9
"""ONNX's numbers of element types."""
FIRST_ALONG_AXIS = 13
"""The opset from which a softmax runs along one axis, not over all from that one on."""
INFINITE = 3.4e38


def _unary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        make(i, output, kind, [i.name(inputs[0])])

    return read


def _operands(i: Importer, output: str, inputs: list[str]) -> Pieces:
    """Pieces of an operation whose operands broadcast."""
    names = tuple(i.operand(name, output) for name in inputs)
    return Pieces(StoredNode(output, "", names), i.nodes)


def _binary(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        make(i, output, kind, [i.operand(name, output) for name in inputs])

    return read


def _chained(kind: str) -> Reader:
    """Any number of operands: their sum, or the largest or the smallest."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        p = _operands(i, output, inputs)
        found, *more = p.node.inputs
        for name in more:
            if kind == "Plus":
                found = p.add("Plus", found, name)
            else:
                found = p.add("If", p.add(kind, found, name), found, name)
        p.end("Pass", found)
        finish(i, p)

    return read


def _mean(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    _chained("Plus")(i, f"{output}/total", inputs, a)
    factor = i.parameter(f"{output}/factor", np.full(1, 1 / len(inputs)), learns=False)
    make(i, output, "ElementTimes", [f"{output}/total", factor])


def _divide(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _operands(i, output, inputs)
    one, other = p.node.inputs
    quotient = p.add("ElementTimes", one, p.add("Reciprocal", other))
    if i.types.get(inputs[0], FLOATING[0]) in FLOATING:
        p.end("Pass", quotient)
    else:
        _towards_zero(p, quotient)
    finish(i, p)


def _remainder(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x - y n`, n being the quotient without its part behind the point."""
    p = _operands(i, output, inputs)
    one, other = p.node.inputs
    quotient = p.add("ElementTimes", one, p.add("Reciprocal", other))
    below = p.add("Floor", quotient)
    if a.get("fmod", 0):
        above = p.add("Negate", p.add("Floor", p.add("Negate", quotient)))
        below = p.add("If", p.add("Less", quotient, p.number(0.0)), above, below)
    p.end("Minus", one, p.add("ElementTimes", other, below))
    finish(i, p)


def _towards_zero(p: Pieces, x: str) -> None:
    above = p.add("Negate", p.add("Floor", p.add("Negate", x)))
    p.end("If", p.add("Less", x, p.number(0.0)), above, p.add("Floor", x))


def _cast(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Whole numbers lose what is behind the point; what is not zero is true."""
    p = pieces(i, output, inputs[:1])
    (x,) = p.node.inputs
    before, after = i.types.get(inputs[0], BOOLEAN), a.get("to", FLOATING[0])
    if after == BOOLEAN != before:
        p.end("NotEqual", x, p.number(0.0))
    elif before in FLOATING and after not in FLOATING:
        _towards_zero(p, x)
    else:
        p.end("Pass", x)
    finish(i, p)


def _round(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The nearest whole number; of two that are as near the even one."""
    p = pieces(i, output, inputs[:1])
    (x,) = p.node.inputs
    below, half = p.add("Floor", x), p.number(0.5)
    rest, halved = p.add("Minus", x, below), p.add("ElementTimes", below, half)
    odd = p.add("NotEqual", halved, p.add("Floor", halved))
    tie = p.add("ElementTimes", p.add("Equal", rest, half), odd)
    p.end("Plus", below, p.add("Plus", p.add("Greater", rest, half), tie))
    finish(i, p)


def _ceiling(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """The smallest whole number not below x."""
    p = pieces(i, output, inputs[:1])
    p.end("Negate", p.add("Floor", p.add("Negate", p.node.inputs[0])))
    finish(i, p)


def _is_nan(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """What is not the same as itself."""
    p = pieces(i, output, inputs[:1])
    p.end("NotEqual", p.node.inputs[0], p.node.inputs[0])
    finish(i, p)


def _is_infinite(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = pieces(i, output, inputs[:1])
    p.end("Greater", p.add("Abs", p.node.inputs[0]), p.number(INFINITE))
    finish(i, p)


def _not(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = pieces(i, output, inputs)
    p.end("Equal", p.node.inputs[0], p.number(0.0))
    finish(i, p)


def _or(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = _operands(i, output, inputs)
    p.end("Greater", p.add("Plus", *p.node.inputs), p.number(0.0))
    finish(i, p)


def _sign(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    zero = p.number(0.0)
    p.end("Minus", p.add("Greater", x, zero), p.add("Less", x, zero))
    finish(i, p)


def _clip(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """Where the bounds cross, the upper one is taken."""
    limits: dict[str, float] = {}
    for number, (name, default) in enumerate((("min", -np.inf), ("max", np.inf)), 1):
        given = len(inputs) > number and bool(inputs[number])
        value = i.constant(inputs[number]) if given else np.array(a.get(name, default))
        limits[name] = float(np.clip(value.reshape(-1)[0], -3e38, 3e38))
    limits["min"] = min(limits.values())
    bounds = [
        i.parameter(f"{output}/{name}", np.full(1, limit), learns=False)
        for name, limit in limits.items()
    ]
    make(i, output, "Clip", [*bounds, i.name(inputs[0])])


def _softmax(kind: str) -> Reader:
    """Of the whole sample, or along one axis."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        shape, x = i.sample(output), i.name(inputs[0])
        along = i.opset >= FIRST_ALONG_AXIS
        place = i.axis(output, a.get("axis", -1 if along else 1))
        if prod(shape) == shape[len(shape) - place]:
            make(i, output, kind, [x])
            return
        if not along:
            _over_all(i, output, kind, x, place)
            return
        if kind == "Hardmax":
            raise i.refuse(output, "it runs over a part of the sample")
        _softmax_along(i, output, kind, x, place)

    return read


def _softmax_along(i: Importer, output: str, kind: str, x: str, place: int) -> None:
    """`e^(x - Max (x)) / Sum (e^(x - Max (x)))`, or its logarithm."""
    p = Pieces(StoredNode(output, "", (x,)), i.nodes)

    def reduced(of: str, value: str) -> str:
        return p.add("ReduceElements", value, options={"reductionOp": of, "axis": place})

    below = p.add("Minus", x, reduced("Max", x))
    powers = p.add("Exp", below)
    total = reduced("Sum", powers)
    if kind == "Softmax":
        p.end("ElementTimes", powers, p.add("Reciprocal", total))
    else:
        p.end("Minus", below, p.add("Log", total))
    finish(i, p)


def _over_all(i: Importer, output: str, kind: str, x: str, place: int) -> None:
    """Over an axis and all that follow it, as the first opsets have it."""
    if place != len(i.sample(output)):
        raise i.refuse(output, "it runs over a part of the sample")
    make(i, output, kind, [x])


def _reduce(kind: str, before: str = "", after: str = "") -> Reader:
    """Over some axes, `before` and `after` being what is done to each element, to each result."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        x, direct = i.name(inputs[0]), _keeps(i, a)
        numbers = _axes(i, output, inputs, a)
        last = output if direct else f"{output}/kept"
        if before:
            twice = [x] * (2 if before == "ElementTimes" else 1)
            make(i, f"{output}/each", before, twice)
            x = f"{output}/each"
        reduced = f"{output}/reduced" if after else last
        if numbers:
            options = {"reductionOp": kind, "axis": numbers, "keepDimensions": True}
            make(i, reduced, "ReduceElements", [x], **options)
        else:
            make(i, reduced, "Pass", [x])
        if after:
            make(i, last, after, [reduced])
        if not direct:
            reshaped(i, output, last, i.dims(output))

    return read


def _keeps(i: Importer, a: Attributes) -> bool:
    """Whether what is reduced has as many axes as before."""
    return bool(a.get("keepdims", 1)) and i.batch != 1


def _axes(i: Importer, output: str, inputs: list[str], a: Attributes) -> list[int]:
    """The axes that are reduced, as BrainScript counts them."""
    form = i.form(inputs[0])
    given = i.constant(inputs[1]).tolist() if len(inputs) > 1 and inputs[1] else a.get("axes")
    axes = cast("list[int]", given or [])
    if not axes and a.get("noop_with_empty_axes", 0):
        return []
    if i.batch == 1 and form.place is not None:
        axes = [n for n in axes or range(len(form.shape)) if form.axis(n) != form.place]
    elif not axes:
        raise i.refuse(output, "it reduces over samples")
    return sorted(i.axis(inputs[0], axis) for axis in axes)


def _place_of(kind: str) -> Reader:
    """The place of the largest or the smallest element along an axis."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        place = i.axis(inputs[0], a.get("axis", 0))
        options = {"reductionOp": kind, "axis": place}
        direct = _keeps(i, a)
        last = output if direct else f"{output}/kept"
        make(i, last, "ReduceElements", [i.name(inputs[0])], **options)
        if not direct:
            reshaped(i, output, last, i.dims(output))

    return read


ARITHMETIC: dict[str, Reader] = {
    **{onnx: _unary(ours) for onnx, ours in UNARY.items()},
    **{onnx: _binary(ours) for onnx, ours in (BINARY | COMPARED).items()},
    **{onnx: _reduce(ours) for onnx, ours in REDUCED.items()},
    "ArgMax": _place_of("Argmax"),
    "ArgMin": _place_of("Argmin"),
    "Cast": _cast,
    "Ceil": _ceiling,
    "Clip": _clip,
    "Div": _divide,
    "Hardmax": _softmax("Hardmax"),
    "IsInf": _is_infinite,
    "IsNaN": _is_nan,
    "LogSoftmax": _softmax("LogSoftmax"),
    "Max": _chained("Greater"),
    "Mean": _mean,
    "Min": _chained("Less"),
    "Mod": _remainder,
    "Not": _not,
    "Or": _or,
    "ReduceL1": _reduce("Sum", before="Abs"),
    "ReduceL2": _reduce("Sum", before="ElementTimes", after="Sqrt"),
    "ReduceLogSum": _reduce("Sum", after="Log"),
    "ReduceSumSquare": _reduce("Sum", before="ElementTimes"),
    "Round": _round,
    "Sign": _sign,
    "Softmax": _softmax("Softmax"),
    "Sum": _chained("Plus"),
}
"""What reads each operation."""
