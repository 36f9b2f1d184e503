"""Activations of ONNX in terms of BrainScript's nodes."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from brainscript.runtime.model.exchange.reading.importer import Attributes, Importer, Reader
from brainscript.runtime.model.exchange.reading.nodes import finish, foreign, make, pieces, text

ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
ERF_SCALE = 0.3275911
"""Abramowitz and Stegun 7.1.26: within 1.5e-7."""
SELU = (1.67326319217681884765625, 1.05070102214813232421875)


def _same_as(kind: str) -> Reader:
    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        foreign(i, output, kind, inputs, dict(a))

    return read


def _erf(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`sign (x) (1 - (a1 t + ... + a5 t^5) e^(-x^2))` with `t = 1 / (1 + p |x|)`."""
    p = pieces(i, output, inputs)
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
    finish(i, p)


def _leaky(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above 0, else x times the slope, a number or a parameter."""
    p = pieces(i, output, inputs[:1])
    (x,) = p.node.inputs
    if len(inputs) > 1:
        slope = i.operand(inputs[1], output)
    else:
        slope = p.number(float(a.get("alpha", 0.01)))
    above = p.add("Greater", x, p.number(0.0))
    p.end("If", above, x, p.add("ElementTimes", x, slope))
    finish(i, p)


def _selu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    alpha, gamma = a.get("alpha", SELU[0]), a.get("gamma", SELU[1])
    foreign(i, f"{output}/elu", "ExponentialLinearUnit", inputs, {"alpha": float(alpha)})
    factor = i.parameter(f"{output}/gamma", np.full(1, gamma), learns=False)
    make(i, output, "ElementTimes", [f"{output}/elu", factor])


def _softplus(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = pieces(i, output, inputs)
    p.end("LogPlus", p.node.inputs[0], p.number(0.0))
    finish(i, p)


def _softsign(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    size = p.add("Plus", p.add("Abs", x), p.number(1.0))
    p.end("ElementTimes", x, p.add("Reciprocal", size))
    finish(i, p)


def _hard(swish: bool) -> Reader:
    """`max (0, min (1, alpha x + beta))`, times x for the swish."""

    def read(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
        p = pieces(i, output, inputs)
        (x,) = p.node.inputs
        alpha = 1 / 6 if swish else float(a.get("alpha", 0.2))
        scaled = p.add("ElementTimes", x, p.number(alpha))
        line = p.add("Plus", scaled, p.number(0.5 if swish else float(a.get("beta", 0.5))))
        bounds = p.number(0.0), p.number(1.0)
        if swish:
            p.end("ElementTimes", x, p.add("Clip", *bounds, line))
        else:
            p.end("Clip", *bounds, line)
        finish(i, p)

    return read


def _celu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above 0, else `alpha (e^(x / alpha) - 1)`."""
    alpha, p = float(a.get("alpha", 1.0)), pieces(i, output, inputs)
    (x,) = p.node.inputs
    grown = p.add("Exp", p.add("ElementTimes", x, p.number(1 / alpha)))
    below = p.add("ElementTimes", p.number(alpha), p.add("Minus", grown, p.number(1.0)))
    p.end("If", p.add("Greater", x, p.number(0.0)), x, below)
    finish(i, p)


def _gelu(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x (1 + erf (x / sqrt 2)) / 2`, or with tanh in the place of erf."""
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    if text(a.get("approximate", "none")) == "tanh":
        cube = p.add("ElementTimes", p.add("ElementTimes", x, x), x)
        bent = p.add("Plus", x, p.add("ElementTimes", cube, p.number(0.044715)))
        curve = p.add("Tanh", p.add("ElementTimes", bent, p.number(sqrt(2 / pi))))
    else:
        scaled = p.add("ElementTimes", x, p.number(sqrt(0.5)))
        finish(i, p)
        curve = f"{output}/erf"
        _erf(i, curve, [scaled], {})
    half = p.add("ElementTimes", x, p.number(0.5))
    p.end("ElementTimes", half, p.add("Plus", curve, p.number(1.0)))
    finish(i, p)


def _mish(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x tanh (ln (1 + e^x))`."""
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    p.end("ElementTimes", x, p.add("Tanh", p.add("LogPlus", x, p.number(0.0))))
    finish(i, p)


def _thresholded(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """x above a threshold, else 0."""
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    above = p.add("Greater", x, p.number(float(a.get("alpha", 1.0))))
    p.end("If", above, x, p.number(0.0))
    finish(i, p)


def _shrunk(i: Importer, output: str, inputs: list[str], a: Attributes) -> None:
    """`x - bias` above a bound, `x + bias` below its negative, else 0."""
    bound, bias = float(a.get("lambd", 0.5)), float(a.get("bias", 0.0))
    p = pieces(i, output, inputs)
    (x,) = p.node.inputs
    low = p.add(
        "If", p.add("Less", x, p.number(-bound)), p.add("Plus", x, p.number(bias)), p.number(0.0)
    )
    p.end("If", p.add("Greater", x, p.number(bound)), p.add("Minus", x, p.number(bias)), low)
    finish(i, p)


ACTIVATIONS: dict[str, Reader] = {
    **{name: _same_as(name) for name in ("Asinh", "Atan", "Atanh", "Pow", "Tan")},
    "Celu": _celu,
    "Elu": _same_as("ExponentialLinearUnit"),
    "Erf": _erf,
    "Gelu": _gelu,
    "HardSigmoid": _hard(swish=False),
    "HardSwish": _hard(swish=True),
    "LeakyRelu": _leaky,
    "Mish": _mish,
    "PRelu": _leaky,
    "Selu": _selu,
    "Shrink": _shrunk,
    "Softplus": _softplus,
    "Softsign": _softsign,
    "ThresholdedRelu": _thresholded,
}
"""What reads each operation."""
