"""Prefix and infix operators on plain values, functions, arrays and nodes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    OPERANDS,
    ArrayOp,
    ComposeOp,
    InfixOp,
    LambdaOp,
    PrefixOp,
    join_path,
    path_of,
)
from brainscript.passes.evaluate.engine import Engine
from brainscript.passes.evaluate.failures import type_name
from brainscript.passes.evaluate.plain import Plain, integer, plain
from brainscript.passes.evaluate.rules.nodes import make_node

NODES = {
    "+": "Plus", "-": "Minus", "*": "Times", ".*": "ElementTimes", "&&": "ElementTimes",
    "<": "Less", "==": "Equal", ">": "Greater", ">=": "GreaterEqual", "!=": "NotEqual",
    "<=": "LessEqual",
}  # fmt: skip
"""The node that an operator makes of two nodes."""


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _remainder(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        result = a**b
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(result, complex) else result


NUMBERS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
    "**": _power,
}
COMPARISONS: dict[str, Callable[[Plain, Plain], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
HELP = {
    "/": "write ElementDivide (a, b) to divide nodes, 1/a for the reciprocal",
    "**": "write Exp (b * Log (a)) for a power of nodes",
    "||": "write BS.Boolean.Or (a, b) for nodes",
    "with": "records cannot be joined; write a new record with the members of both",
}
"""What to do instead where an operator does not apply."""


def infix_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """The first two terms are combined; what is left of a chain comes after.

    `bs.infix "+" %1, %2, %x` becomes `bs.infix "+" %3, %x`, then a node.
    """
    assert isinstance(op, InfixOp)
    sign, left = op.sign.data, op.terms[0]
    if sign in ("&&", "||"):
        ready, needed = engine.wants(op, [left])
        if not ready:
            return needed
        if plain(left.owner) is (sign == "||"):
            return _rest(engine, op, left)
    ready, needed = engine.wants(op, [left, op.terms[1]])
    if not ready:
        return needed
    if len(op.terms) == 2:
        return _combine(engine, op, left, op.terms[1])
    depth = len(op.terms) - 2
    below = path_of(op)
    for _ in range(depth):
        below = join_path(below, f"{OPERANDS[sign]}Args[0]")
    properties = {"sign": op.sign}
    pair = engine.make(InfixOp, op, [left, op.terms[1]], properties, below)
    op.operands = [pair, *op.terms[2:]]
    return pair


def _rest(engine: Engine, op: InfixOp, left: SSAValue) -> SSAValue:
    """The chain without its second term, which the first one decides."""
    if len(op.terms) == 2:
        return engine.replace(op, left)
    rest = engine.make(InfixOp, op, [left, *op.terms[2:]], {"sign": op.sign})
    return engine.replace(op, rest)


def _combine(engine: Engine, op: InfixOp, left: SSAValue, right: SSAValue) -> SSAValue:
    if engine.is_node(left) or engine.is_node(right):
        return _combine_nodes(engine, op, left, right)
    sign, a, b = op.sign.data, plain(left.owner), plain(right.owner)
    if a is not None and b is not None:
        result = _combine_plain(sign, a, b)
        if result is not None:
            return engine.replace(op, engine.literal(op, result))
    functions = (LambdaOp, ComposeOp)
    if sign == ">>" and isinstance(left.owner, functions) and isinstance(right.owner, functions):
        return engine.replace(op, engine.make(ComposeOp, op, [left, right]))
    count = integer(right.owner)
    if sign == "<<" and isinstance(left.owner, ArrayOp) and count is not None:
        return _shift(engine, op, left.owner, count)
    raise not_applicable(engine, op, sign, (left, right))


def _combine_plain(sign: str, a: Plain, b: Plain) -> Plain | None:
    if type(a) is not type(b):
        return None
    if sign in COMPARISONS:
        return COMPARISONS[sign](a, b)
    if isinstance(a, bool):
        return {"&&": a and bool(b), "||": a or bool(b)}.get(sign)
    if isinstance(a, str) or isinstance(b, str):
        return f"{a}{b}" if sign == "+" else None
    return NUMBERS[sign](a, b) if sign in NUMBERS else None


def _shift(engine: Engine, op: InfixOp, array: ArrayOp, count: int) -> SSAValue:
    if array.first.value.data != 0:
        raise engine.fail(op, "BS0307", "the array must begin with index 0")
    return engine.replace(op, engine.array(op, array.elements[max(0, count) :]))


def _combine_nodes(engine: Engine, op: InfixOp, left: SSAValue, right: SSAValue) -> SSAValue:
    """One term at least is a node."""
    sign, terms = op.sign.data, (left, right)
    values = [plain(term.owner) for term in terms]
    if any(isinstance(value, bool) for value in values):
        return _with_boolean(engine, op, terms, values)
    numbers = [value for value in values if isinstance(value, float)]
    if sign == "/":
        return _quotient(engine, op, terms, values)
    other = [t for t in terms if not engine.is_node(t) and plain(t.owner) is None]
    strange = other or any(isinstance(value, str) for value in values)
    if strange or sign not in NODES or (sign == "&&" and numbers):
        raise not_applicable(engine, op, sign, terms)
    kind = "ElementTimes" if numbers and sign == "*" else NODES[sign]
    return make_node(engine, op, kind, terms)


def _with_boolean(
    engine: Engine, op: InfixOp, terms: tuple[SSAValue, SSAValue], values: Sequence[Plain | None]
) -> SSAValue:
    """`x && true` is x, `x && false` is false, `x || true` is true; else there is no node."""
    sign = op.sign.data
    number = next(i for i, value in enumerate(values) if isinstance(value, bool))
    literal, node = terms[number], terms[1 - number]
    if sign == "&&":
        return engine.replace(op, node if values[number] else literal)
    if sign == "||":
        return engine.replace(op, literal if values[number] else node)
    raise not_applicable(engine, op, sign, terms)


def _quotient(
    engine: Engine, op: InfixOp, terms: tuple[SSAValue, SSAValue], values: Sequence[Plain | None]
) -> SSAValue:
    """`x / 2` is `x .* 0.5`, `1 / x` the reciprocal; other divisions have no node."""
    top, bottom = values
    if isinstance(bottom, float):
        factor = engine.literal(op, _divide(1.0, bottom))
        return make_node(engine, op, "ElementTimes", [terms[0], factor])
    if top == 1.0 and engine.is_node(terms[1]):
        return make_node(engine, op, "Reciprocal", [terms[1]])
    raise not_applicable(engine, op, "/", terms)


def not_applicable(
    engine: Engine, op: Operation, sign: str, terms: Sequence[SSAValue]
) -> Exception:
    """The error for an operator on values that it is not defined for."""
    kinds = [type_name(term.owner) for term in terms if isinstance(term.owner, Operation)]
    title = f"operator '{sign}' cannot be applied to {' and '.join(kinds)}"
    nodes = any(engine.is_node(term) for term in terms) or sign == "with"
    return engine.fail(op, "BS0308", title, help=HELP.get(sign, "") if nodes else "")


def prefix_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """`-x`, `+x`, `!x`: `!x` on a node is `1 - x`."""
    assert isinstance(op, PrefixOp)
    ready, needed = engine.wants(op, [op.term])
    if not ready:
        return needed
    sign, value = op.sign.data, plain(op.term.owner)
    node = engine.is_node(op.term)
    if sign == "!" and isinstance(value, bool):
        return engine.replace(op, engine.literal(op, not value))
    if sign == "!" and node:
        return make_node(engine, op, "Minus", [engine.literal(op, 1.0), op.term])
    number = isinstance(value, float)
    if sign == "+" and (number or node):
        return engine.replace(op, op.term)
    if sign == "-" and node:
        return make_node(engine, op, "Negate", [op.term])
    if sign == "-" and isinstance(value, float):
        return engine.replace(op, engine.literal(op, -value))
    raise not_applicable(engine, op, sign, [op.term])
