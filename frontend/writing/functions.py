"""Which function of the library makes a node of which operation; read off the library itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from brainscript.frontend import syntax
from brainscript.frontend.building.library import library_members
from brainscript.frontend.syntax import Expression


@dataclass(frozen=True)
class Function:
    """`Name (inputs..., option=value)`: its inputs by position and the defaults of its options."""

    name: str
    inputs: tuple[str, ...]
    order: tuple[int, ...]
    defaults: dict[str, Expression]


@cache
def functions() -> dict[str, Function]:
    """By operation and number of inputs, as `Plus/2`, the function that makes just such a node."""
    found: dict[str, Function] = {}
    for member in library_members():
        if isinstance(member.value, syntax.Lambda):
            made = _simple(member.name, member.value)
            if made is not None:
                found.setdefault(f"{made[0]}/{len(made[1].inputs)}", made[1])
    return found


def _simple(name: str, function: syntax.Lambda) -> tuple[str, Function] | None:
    """The operation of a function that does nothing but make a node of its parameters."""
    defaults = {p.name: p.default for p in function.parameters if p.default is not None}
    body = _by_default(function.body, defaults)
    if not isinstance(body, syntax.New) or body.kind != "ComputationNode":
        return None
    if not isinstance(body.operand, syntax.Record):
        return None
    fields = {member.name: member.value for member in body.operand.members}
    operation, inputs = fields.get("operation"), fields.get("inputs")
    if not isinstance(operation, syntax.String) or inputs is None or len(fields) > 2:
        return None
    inputs = _by_default(inputs, defaults)
    items = inputs.items if isinstance(inputs, syntax.Colon) else (inputs,)
    given = [item.name for item in items if isinstance(item, syntax.Name)]
    positional = tuple(p.name for p in function.parameters if p.default is None)
    if len(given) != len(items) or sorted(given) != sorted(positional):
        return None
    order = tuple(given.index(parameter) for parameter in positional)
    return operation.value, Function(name, positional, order, defaults)


def _by_default(tree: Expression, defaults: Mapping[str, Expression]) -> Expression:
    """The branch of `if option == value` that is taken where the option has its default."""
    while isinstance(tree, syntax.If) and isinstance(tree.condition, syntax.Binary):
        test = tree.condition
        left, right = test.left, test.right
        if test.sign != "==" or not isinstance(left, syntax.Name):
            break
        default = defaults.get(left.name)
        if not isinstance(default, syntax.Number) or not isinstance(right, syntax.Number):
            break
        tree = tree.then if default.value == right.value else tree.otherwise
    return tree


def plain_default(tree: Expression) -> float | str | bool | None:
    """The value of a default that is written as a literal; None for any other."""
    if isinstance(tree, syntax.Unary) and tree.sign == "-":
        operand = tree.operand
        return -operand.value if isinstance(operand, syntax.Number) else None
    if isinstance(tree, syntax.Number | syntax.String | syntax.Bool):
        return tree.value
    return None
