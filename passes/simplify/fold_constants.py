"""`net-fold-constants`: numbers that follow from numbers are computed by the compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import Float64Type, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.shape import (
    ReshapeOp,
    RowRepeatOp,
    SliceOp,
    SpliceOp,
    TransposeDimensionsOp,
)
from brainscript.dialects.tensors import Element
from brainscript.passes.simplify.site import Site, number_of, redirect

Number = np.floating[Any]
LEAST_DENOMINATOR = 1e-30


@dataclass(frozen=True)
class NetFoldConstants(ModulePass):
    """Compute what depends on numbers alone, as the kernels would, bit for bit.

    Only numbers that stand in the network are constants: values of parameters live outside of it,
    also of those that never learn. Functions whose rounding is up to the kernels (`Exp`, ..) stay.

    Before: `%a = net.splat 3.0`, `%b = net.splat 0.5`, `%c = net.minus %a, %b : T`.
    After: `%c = net.splat 2.5 : T`.
    """

    name = "net-fold-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            fold_constants(network)


def fold_constants(network: NetworkOp) -> None:
    """Rewrite a network, first operations first."""
    for op in list(network.block.ops):
        if type(op) not in FUNCTIONS or not isinstance(op, NetOp) or op.parent is None:
            continue
        value = folded(op)
        if value is not None:
            redirect(op, Site(op).splat(value))


def folded(op: NetOp) -> float | None:
    """The number that an operation gives everywhere; None where that is not known, or no number."""
    numbers = [number_of(value) for value in op.operands]
    found = [number for number in numbers if number is not None]
    if len(found) < len(numbers) or (kind := op.result.type).axis is not None:
        return None
    return computed(op, [rounded(number, kind.element) for number in found])


def computed(op: NetOp, numbers: Sequence[Number]) -> float | None:
    """What an operation makes of numbers; None where that is no number."""
    with np.errstate(all="ignore"):
        found = FUNCTIONS[type(op)](*numbers)
    return None if found is None or not np.isfinite(found) else float(found)


def rounded(number: float, element: Element) -> Number:
    """A number as kernels of this precision have it."""
    return np.float64(number) if isinstance(element, Float64Type) else np.float32(number)


def alike(*numbers: Number) -> Number | None:
    """What is moved, not computed: the one number there is."""
    return numbers[0] if len(set(numbers)) == 1 else None


def truth(value: object, like: Number) -> Number:
    """1 or 0."""
    return type(like)(1.0 if value else 0.0)


def add(a: Number, b: Number) -> Number:
    """`a + b`."""
    return a + b


def subtract(a: Number, b: Number) -> Number:
    """`a - b`."""
    return a - b


def multiply(a: Number, b: Number) -> Number:
    """`a .* b`."""
    return a * b


def equal(a: Number, b: Number) -> Number:
    """`a == b`."""
    return truth(a == b, a)


def greater(a: Number, b: Number) -> Number:
    """`a > b`."""
    return truth(a > b, a)


def greater_equal(a: Number, b: Number) -> Number:
    """`a >= b`."""
    return truth(a >= b, a)


def not_equal(a: Number, b: Number) -> Number:
    """`a != b`."""
    return truth(a != b, a)


def less(a: Number, b: Number) -> Number:
    """`a < b`."""
    return truth(a < b, a)


def less_equal(a: Number, b: Number) -> Number:
    """`a <= b`."""
    return truth(a <= b, a)


def negate(x: Number) -> Number:
    """`-x`."""
    return -x


def size(x: Number) -> Number:
    """`|x|`."""
    return -x if x < 0 else x + 0


def positive(x: Number) -> Number:
    """x where it is more than 0."""
    return x if x > 0 else type(x)(0.0)


def root(x: Number) -> Number:
    """The square root of `max (x, 0)`."""
    return type(x)(np.sqrt(positive(x)))


def floor(x: Number) -> Number:
    """The largest integer not above x."""
    return type(x)(np.floor(x))


def choose(c: Number, a: Number, b: Number) -> Number:
    """`if c then a else b`."""
    return a if c != 0 else b


def reciprocal(x: Number) -> Number:
    """`1 / x`, and 0 of 0."""
    return x if x == 0 else type(x)(1.0) / x


def quotient(a: Number, b: Number) -> Number:
    """`a / b` with b kept away from 0."""
    least = type(b)(LEAST_DENOMINATOR)
    return a / (b if abs(b) >= least else (-least if b < 0 else least))


def clip(low: Number, high: Number, x: Number) -> Number:
    """x between two bounds."""
    return low if x < low else (high if x > high else x)


FUNCTIONS: dict[type[Operation], Callable[..., Number | None]] = {
    ew.PlusOp: add,
    ew.MinusOp: subtract,
    ew.ElementTimesOp: multiply,
    ew.QuotientOp: quotient,
    ew.EqualOp: equal,
    ew.GreaterOp: greater,
    ew.GreaterEqualOp: greater_equal,
    ew.NotEqualOp: not_equal,
    ew.LessOp: less,
    ew.LessEqualOp: less_equal,
    ew.NegateOp: negate,
    ew.AbsOp: size,
    ew.FloorOp: floor,
    ew.SqrtOp: root,
    ew.ReciprocalOp: reciprocal,
    ew.RectifiedLinearOp: positive,
    ew.ClipOp: clip,
    ew.SelectOp: choose,
    ew.BroadcastToOp: alike,
    ew.PassOp: alike,
    ReshapeOp: alike,
    RowRepeatOp: alike,
    SliceOp: alike,
    SpliceOp: alike,
    TransposeDimensionsOp: alike,
}
"""What an operation makes of numbers; each of these is rounded once, or not at all."""
