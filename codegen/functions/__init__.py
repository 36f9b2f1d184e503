"""Our own mathematical functions as LLVM text, on vectors of any width and on scalars."""

from __future__ import annotations

from collections.abc import Callable

from brainscript.codegen.functions import exponential, logarithm, rounding, trigonometric
from brainscript.codegen.functions.lanes import Element, Emit, Lanes, float_literal

Function = Callable[[Lanes, str], str]

NATIVE: dict[str, Function] = {
    "exp": exponential.exp,
    "decay": exponential.decay,
    "tanh": exponential.tanh,
    "log": logarithm.log,
    "log1p": logarithm.log1p,
    "sqrt": Lanes.sqrt,
    "absf": Lanes.absolute,
    "floor": rounding.floor,
    "ceil": rounding.ceil,
}
"""Functions computed in the element type itself."""

WIDE: dict[str, Function] = {
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "asin": trigonometric.asin,
    "acos": trigonometric.acos,
    "sinh": exponential.sinh,
    "cosh": exponential.cosh,
}
"""Rarer functions, computed in double precision for both element types."""

NAMES = frozenset(NATIVE) | frozenset(WIDE)

__all__ = ["NAMES", "NATIVE", "WIDE", "Element", "Emit", "Lanes", "expand", "float_literal"]


def expand(name: str, operand: str, lanes: int | None, element: Element, emit: Emit) -> str:
    """Write the instructions of `name(operand)` through `emit`; returns the result's text.

    `lanes` is the vector width, or `None` for a scalar; `name` is spelt as in the dialects
    `math` and `kern`.
    """
    v = Lanes(emit, lanes, element)
    if name in NATIVE:
        return NATIVE[name](v, operand)
    if element == "double":
        return WIDE[name](v, operand)
    return v.narrow(WIDE[name](v.widened(), v.widen(operand)))
