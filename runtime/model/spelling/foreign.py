"""Functions of the CNTK 2 library that BrainScript cannot name, as nodes that it can.

The options of a node are the attributes of its function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, cast

import numpy as np

from brainscript.limits import limit
from brainscript.runtime.model.cntk_v2.dictionary import Axis
from brainscript.runtime.model.spelling.pieces import Pieces

MOST_PADDING = 4096
MOST_CLASSES = 1 << 24
LARGEST_POWER = 16
CONSTANT, REFLECT, SYMMETRIC = range(3)


class Foreign(Pieces):
    """Pieces of a function, with what is known of its inputs.

    `number_of` gives the number that an input is, `dims_of` its dims, None when it is not known.
    """

    number_of: Callable[[str], float | None]
    dims_of: Callable[[str], tuple[int, ...] | None]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, whatever the case of its name."""
        found = cast("Mapping[str, Any]", self.node.options)
        return next((v for k, v in found.items() if k.lower() == name), default)

    def dims(self, name: str) -> tuple[int, ...]:
        """The dims of an input that must be known."""
        found = self.dims_of(name)
        if found is None:
            raise ValueError(f"shape of its input '{name}'")
        return found


def _tan(p: Foreign) -> None:
    (x,) = p.node.inputs
    p.end("ElementTimes", p.add("Sin", x), p.add("Reciprocal", p.add("Cosine", x)))


def _atan(p: Foreign) -> None:
    """`2 asin (t / sqrt (1 + t^2))` with `t = x / (1 + sqrt (1 + x^2))`, which is at most 1."""
    (x,) = p.node.inputs
    one = p.number(1.0)

    def root(a: str) -> str:
        return p.add("Sqrt", p.add("Plus", p.add("ElementTimes", a, a), one))

    half = p.add("ElementTimes", x, p.add("Reciprocal", p.add("Plus", root(x), one)))
    sine = p.add("ElementTimes", half, p.add("Reciprocal", root(half)))
    p.end("ElementTimes", p.add("Asin", sine), p.number(2.0))


def _asinh(p: Foreign) -> None:
    """`sign (x) ln (|x| + sqrt (x^2 + 1))`."""
    (x,) = p.node.inputs
    one, zero = p.number(1.0), p.number(0.0)
    root = p.add("Sqrt", p.add("Plus", p.add("ElementTimes", x, x), one))
    positive = p.add("Log", p.add("Plus", p.add("Abs", x), root))
    p.end("If", p.add("Less", x, zero), p.add("Negate", positive), positive)


def _atanh(p: Foreign) -> None:
    """`(ln (1 + x) - ln (1 - x)) / 2`."""
    (x,) = p.node.inputs
    one = p.number(1.0)
    logs = [p.add("Log", p.add(kind, one, x)) for kind in ("Plus", "Minus")]
    p.end("ElementTimes", p.add("Minus", *logs), p.number(0.5))


def _elu(p: Foreign) -> None:
    """`x` above 0, else `alpha (e^x - 1)`."""
    (x,) = p.node.inputs
    below = p.add("Minus", p.add("Exp", x), p.number(1.0))
    scaled = p.add("ElementTimes", p.number(float(p.attribute("alpha", 1.0))), below)
    p.end("If", p.add("Greater", x, p.number(0.0)), x, scaled)


def _power(p: Foreign) -> None:
    """Products for a small whole exponent, a root for 1/2, else `e^(y ln x)`.

    For a whole exponent it has the sign that the power of a negative number has.
    """
    x, y = p.node.inputs
    exponent = p.number_of(y)
    if exponent == 0.5:
        p.end("Sqrt", x)
    elif exponent is None or not exponent.is_integer():
        p.end("Exp", p.add("ElementTimes", y, p.add("Log", x)))
    elif abs(exponent) <= LARGEST_POWER:
        _product(p, x, int(exponent))
    else:
        size = p.add("Exp", p.add("ElementTimes", y, p.add("Log", p.add("Abs", x))))
        if exponent % 2:
            p.end("If", p.add("Less", x, p.number(0.0)), p.add("Negate", size), size)
        else:
            p.end("Pass", size)


def _product(p: Foreign, x: str, exponent: int) -> None:
    """`x` times itself, by squares."""
    if exponent < 0:
        x, exponent = p.add("Reciprocal", x), -exponent
    found = ""
    while exponent:
        if exponent % 2:
            found = p.add("ElementTimes", found, x) if found else x
        exponent //= 2
        x = p.add("ElementTimes", x, x) if exponent else x
    p.end("Pass", found or p.add("Equal", x, x))


def _same(p: Foreign) -> None:
    p.end("Pass", *p.node.inputs[:1])


def _straight_through(p: Foreign) -> None:
    """1 above 0, else -1; the gradient passes as if it were x."""
    (x,) = p.node.inputs
    above = p.add("Greater", x, p.number(0.0))
    sign = p.add("If", above, p.number(1.0), p.number(-1.0))
    p.end("Plus", x, p.add("StopGradient", p.add("Minus", sign, x)))


def _filled(p: Foreign) -> None:
    """One number in the shape of the input."""
    (x,) = p.node.inputs
    p.end("Plus", p.add("Greater", x, x), p.number(float(p.attribute("fillvalue", 0.0))))


def _identity_like(p: Foreign) -> None:
    dims = p.dims(p.node.inputs[0])
    if len(dims) != 2 or prod(dims) > MOST_CLASSES:
        raise ValueError(f"shape {list(dims)} of an identity matrix")
    p.end("Pass", p.constant(np.eye(dims[1], dims[0])))


def _one_hot(p: Foreign) -> None:
    """Each number against 0, 1, ... along an axis of its own."""
    (x,) = p.node.inputs
    axis = p.attribute("onehotaxis", Axis(0))
    place = axis.index if axis.index >= 0 else len(p.dims(x)) + 1 + axis.index
    if not 0 <= place <= limit("rank"):
        raise ValueError(f"axis {axis.index}")
    p.end("Equal", _set_apart(p, x, place), _numbers(p, p.attribute("numclass", 0), place))


def _set_apart(p: Foreign, x: str, place: int) -> str:
    """`x` with an axis of one element in front of axis `place`, counted from 0."""
    options = {"dims": [1], "beginAxis": place + 1, "endAxis": place + 1}
    return p.add("Reshape", x, options=options)


def _numbers(p: Foreign, count: int, place: int) -> str:
    if not 0 < count <= MOST_CLASSES:
        raise ValueError(f"number of classes {count}")
    return p.constant(np.arange(count, dtype=np.float64).reshape(count, *[1] * place))


def _gather(p: Foreign) -> None:
    """The entries of the last axis of the source that the indices name, as a product."""
    index, source = p.node.inputs
    dims, axis = p.dims(source), p.attribute("axis")
    if not dims:
        raise ValueError(f"source of one number: '{source}'")
    place = len(dims) - 1 if axis is None else axis.index % len(dims)
    if place != len(dims) - 1:
        raise ValueError("axis that is not the last one")
    chosen = p.add("Equal", _set_apart(p, index, 0), _numbers(p, dims[-1], 0))
    if len(dims) == 1:
        row = p.reshape(source, (1, dims[0]))
        product = p.add("Times", row, chosen, options={"outputRank": 1})
        p.end("Reshape", product, options={"dims": [], "beginAxis": 1, "endAxis": 2})
        return
    p.end("Times", source, chosen, options={"outputRank": len(dims) - 1})


def _squeeze(p: Foreign) -> None:
    """Axes of one element reshaped away, the last one first."""
    x = p.node.inputs[0]
    axes = p.attribute("axisvec") or ([] if p.attribute("axis") is None else [p.attribute("axis")])
    places = {a.index if a.index >= 0 else len(p.dims(x)) + a.index for a in axes}
    if not places:
        places = {place for place, dim in enumerate(p.dims(x)) if dim == 1}
    for place in sorted(places, reverse=True):
        options: dict[str, object] = {"dims": [], "beginAxis": place + 1, "endAxis": place + 2}
        x = p.add("Reshape", x, options=options)
    p.end("Pass", x)


def _pad(p: Foreign) -> None:
    """More elements at the ends of each axis."""
    x = p.node.inputs[0]
    mode = int(p.attribute("paddingmode", CONSTANT))
    if mode not in (CONSTANT, REFLECT, SYMMETRIC):
        raise ValueError(f"kind of padding {mode}")
    heads, feet = p.attribute("paddinghead", []), p.attribute("paddingfoot", [])
    if any(n > MOST_PADDING for n in (*heads, *feet)):
        raise ValueError(f"padding of more than {MOST_PADDING} elements")
    for axis, (head, foot) in enumerate(zip(heads, feet, strict=True), 1):
        if head or foot:
            parts = _padded(p, x, axis, mode, (head, foot))
            x = p.add("RowStack", *parts, options={"axis": axis})
    p.end("Pass", x)


def _padded(p: Foreign, x: str, axis: int, mode: int, counts: tuple[int, int]) -> list[str]:
    head, foot = counts

    def element(begin: int) -> str:
        options = {"beginIndex": begin, "endIndex": begin + 1, "axis": axis}
        return p.add("Slice", x, options=options)

    if mode == CONSTANT:
        first = element(0)
        value = p.number(float(p.attribute("paddingconstantvalue", 0.0)))
        one = p.add("Plus", p.add("Greater", first, first), value)
        return [*[one] * head, x, *[one] * foot]
    skipped = 1 if mode == REFLECT else 0
    front = [element(skipped + n) for n in reversed(range(head))]
    back = [element(-1 - skipped - n) for n in range(foot)]
    return [*front, x, *back]


FOREIGN: dict[str, Callable[[Foreign], None]] = {
    "Asinh": _asinh,
    "Atan": _atan,
    "Atanh": _atanh,
    "Cast": _same,
    "ConstantOp": _filled,
    "ExponentialLinearUnit": _elu,
    "EyeLike": _identity_like,
    "Gather": _gather,
    "OneHot": _one_hot,
    "Pad": _pad,
    "Pow": _power,
    "Squeeze": _squeeze,
    "StraightThrough": _straight_through,
    "Tan": _tan,
}
"""What writes each function with nodes of BrainScript; ValueError with what it does not know."""

UNKNOWN: dict[str, str] = {
    "Assign": "it changes a parameter while values are computed",
    "ConvolutionSequenceShape": "it moves windows along the steps of a sequence",
    "CustomProxy": "it calls a program that is not in the file",
    "LatticeSequenceWithSoftmax": "it needs lattices of speech tools",
    "SequenceWithSoftmax": "it needs lattices of speech tools",
    "ToBatch": "it makes samples of an axis, and a network has those of its inputs",
    "ToSequence": "it makes steps of an axis that no input has",
    "UnpackBatch": "it makes an axis of samples",
    "UnpackSequence": "it makes an axis of steps, as long as the longest sequence",
    "UserDefinedFunction": "it is a program of Python that is not in the file",
}
"""What no node can do, and why."""
