"""Which function of the library makes a node of which operation; read off the library itself."""

from __future__ import annotations

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
    body = function.body
    if not isinstance(body, syntax.New) or body.kind != "ComputationNode":
        return None
    if not isinstance(body.operand, syntax.Record):
        return None
    fields = {member.name: member.value for member in body.operand.members}
    operation, inputs = fields.get("operation"), fields.get("inputs")
    if not isinstance(operation, syntax.String) or inputs is None or len(fields) > 2:
        return None
    items = inputs.items if isinstance(inputs, syntax.Colon) else (inputs,)
    given = [item.name for item in items if isinstance(item, syntax.Name)]
    positional = tuple(p.name for p in function.parameters if p.default is None)
    if len(given) != len(items) or sorted(given) != sorted(positional):
        return None
    defaults = {p.name: p.default for p in function.parameters if p.default is not None}
    order = tuple(given.index(parameter) for parameter in positional)
    return operation.value, Function(name, positional, order, defaults)
