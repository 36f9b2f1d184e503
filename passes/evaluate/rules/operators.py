"""Prefix and infix operators on plain values, functions, arrays and nodes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from brainscript import limits
from brainscript.dialects.bs import (
    OPERANDS,
    ArrayOp,
    CloneFunctionOp,
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
    except (ZeroDivisionError, OverflowError):
        negative = math.copysign(1, a) < 0 and math.fmod(b, 2) in (1, -1)
        return -math.inf if negative else math.inf
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


Pair = tuple[SSAValue, SSAValue]


def infix_rule(engine: Engine, op: Operation) -> SSAValue | None:
    """The terms are evaluated from the left, then combined from the left.

    `bs.infix "+" %1, %2, %x` at path P becomes a number and a node, with numbers folded.
    """
    assert isinstance(op, InfixOp)
    sign = op.sign.data
    if sign in ("&&", "||"):
        return _logical_rule(engine, op, sign)
    terms = op.operands
    for index in range(engine.checked.get(op, 0), len(terms)):
        ready, needed = engine.wants(op, (terms[index],))
        if not ready:
            return needed
        engine.checked[op] = index
    return engine.replace(op, _fold_chain(engine, op, list(terms)))


def _fold_chain(engine: Engine, op: InfixOp, terms: Sequence[SSAValue]) -> SSAValue:
    """The value of a chain of one operator; a run of numbers makes one literal."""
    fold = NUMBERS.get(op.sign.data)
    value: SSAValue | None = terms[0]
    total = plain(terms[0].owner)
    for depth, term in zip(range(len(terms) - 2, -1, -1), terms[1:], strict=True):
        other = plain(term.owner)
        if fold is not None and type(total) is float and type(other) is float:
            value, total = None, fold(total, other)
            continue
        left = _literal(engine, op, value, total)
        value = _combine(engine, op, (left, term), _path_at(engine, op, depth, (left, term)))
        total = plain(value.owner)
    return _literal(engine, op, value, total)


def _literal(engine: Engine, op: InfixOp, value: SSAValue | None, total: Plain | None) -> SSAValue:
    """A value, or the literal for a number that is none yet."""
    if value is None:
        assert total is not None
        return engine.literal(op, total)
    return value


def _path_at(engine: Engine, op: InfixOp, depth: int, terms: Pair) -> str:
    """The path of one operator of a chain; only nodes have one."""
    path = path_of(op)
    if depth == 0 or not any(engine.is_node(term) for term in terms):
        return path
    step = f"{OPERANDS[op.sign.data]}Args[0]"
    if len(path) + depth * len(step) > limits.limit("path-length"):
        raise engine.stop(op, "path-length", f"a chain of {len(op.operands)} operators on nodes")
    return join_path(path, step) + f".{step}" * (depth - 1)


def _logical_rule(engine: Engine, op: InfixOp, sign: str) -> SSAValue | None:
    """The first term may decide; what is left of a chain comes after."""
    left, right = op.operands[0], op.operands[1]
    ready, needed = engine.wants(op, (left,))
    if not ready:
        return needed
    value = left
    if plain(left.owner) is not (sign == "||"):
        ready, needed = engine.wants(op, (right,))
        if not ready:
            return needed
        value = _combine(engine, op, (left, right), path_of(op))
    rest = list(op.operands)[2:]
    if not rest:
        return engine.replace(op, value)
    op.operands = [value, *rest]
    return _logical_rule(engine, op, sign)


def _combine(engine: Engine, op: InfixOp, terms: Pair, path: str) -> SSAValue:
    """The value of one operator at `path` on two evaluated terms."""
    left, right = terms
    if engine.is_node(left) or engine.is_node(right):
        return _combine_nodes(engine, op, terms, path)
    sign, a, b = op.sign.data, plain(left.owner), plain(right.owner)
    if a is not None and b is not None:
        result = _combine_plain(sign, a, b)
        if isinstance(result, str) and len(result) > limits.limit("string-bytes"):
            raise engine.stop(op, "string-bytes", "the text becomes too long")
        if result is not None:
            return engine.literal(op, result)
    functions = (LambdaOp, ComposeOp, CloneFunctionOp)
    if sign == ">>" and isinstance(left.owner, functions) and isinstance(right.owner, functions):
        return engine.make(ComposeOp, op, terms)
    count = integer(right.owner)
    if sign == "<<" and isinstance(left.owner, ArrayOp) and count is not None:
        return _shift(engine, op, left.owner, count)
    raise not_applicable(engine, op, sign, terms)


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
    return engine.array(op, array.elements[max(0, count) :])


def _combine_nodes(engine: Engine, op: InfixOp, terms: Pair, path: str) -> SSAValue:
    """One term at least is a node."""
    sign = op.sign.data
    values = [plain(term.owner) for term in terms]
    if any(isinstance(value, bool) for value in values):
        return _with_boolean(engine, op, terms, values)
    numbers = [value for value in values if isinstance(value, float)]
    if sign == "/":
        return _quotient(engine, op, terms, path)
    strange = len(numbers) + sum(map(engine.is_node, terms)) < len(terms)
    if strange or sign not in NODES or (sign == "&&" and numbers):
        raise not_applicable(engine, op, sign, terms)
    kind = "ElementTimes" if numbers and sign == "*" else NODES[sign]
    return make_node(engine, op, kind, terms, path)


def _with_boolean(
    engine: Engine, op: InfixOp, terms: Pair, values: Sequence[Plain | None]
) -> SSAValue:
    """`x && true` is x, `x && false` is false, `x || true` is true; else there is no node."""
    sign = op.sign.data
    number = next(i for i, value in enumerate(values) if isinstance(value, bool))
    literal, node = terms[number], terms[1 - number]
    if sign == "&&":
        return node if values[number] else literal
    if sign == "||":
        return literal if values[number] else node
    raise not_applicable(engine, op, sign, terms)


def _quotient(engine: Engine, op: InfixOp, terms: Pair, path: str) -> SSAValue:
    """`x / 2` is `x .* 0.5`, `1 / x` the reciprocal; other divisions have no node."""
    top, bottom = plain(terms[0].owner), plain(terms[1].owner)
    if isinstance(bottom, float) and engine.is_node(terms[0]):
        factor = engine.literal(op, _divide(1.0, bottom))
        return make_node(engine, op, "ElementTimes", [terms[0], factor], path)
    if top == 1.0 and engine.is_node(terms[1]):
        return make_node(engine, op, "Reciprocal", [terms[1]], path)
    raise not_applicable(engine, op, "/", terms)


def not_applicable(
    engine: Engine, op: Operation, sign: str, terms: Sequence[SSAValue]
) -> Exception:
    """The error for an operator on values that it is not defined for."""
    kinds = [type_name(term.owner) for term in terms if isinstance(term.owner, Operation)]
    title = f"operator '{sign}' cannot be applied to {' and '.join(kinds)}"
    nodes = any(engine.is_node(term) for term in terms) or sign == "with"
    help = HELP.get(sign, "") if nodes else ""
    if sign == "+" and set(kinds) == {"a string", "a number"}:
        help = "Format (number, '') gives a number as text"
    elif "a function" in kinds and sign not in ("<<", ">>"):
        help = "a function is applied to its input: LinearLayer {10} (x), Sigmoid (x)"
    return engine.fail(op, "BS0308", title, help=help)


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
        minuend = engine.literal(op, 1.0)
        return engine.replace(op, make_node(engine, op, "Minus", [minuend, op.term]))
    number = isinstance(value, float)
    if sign == "+" and (number or node):
        return engine.replace(op, op.term)
    if sign == "-" and node:
        return engine.replace(op, make_node(engine, op, "Negate", [op.term]))
    if sign == "-" and isinstance(value, float):
        return engine.replace(op, engine.literal(op, -value))
    raise not_applicable(engine, op, sign, [op.term])
