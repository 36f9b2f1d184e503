"""Syntax tree to level 1: `bs` operations in one graph region, with what the library adds."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Region, SSAValue

from brainscript.diagnostic import Span
from brainscript.dialects.bs import NetworkOp, RootsOp, root_order, strings
from brainscript.frontend import syntax
from brainscript.frontend.building.builder import Builder
from brainscript.frontend.building.expressions import TABLE
from brainscript.frontend.building.library import library_members
from brainscript.frontend.building.scope import Scope, field_names
from brainscript.limits import limit, recursion

NOWHERE = Span("library:surroundings", 1, 1)
FRAMES = 8
"""Calls on the interpreter's stack for one level of nesting in an expression."""


def build_network(expression: syntax.Expression, *, precision: str = "float") -> ModuleOp:
    """The network of a builder section: a record of members, or an expression that gives one.

    A record is the members of `new ComputationNetwork { ... }`; any other expression is the value
    of a member `network`.
    """
    if isinstance(expression, syntax.New) and expression.kind == "ComputationNetwork":
        expression = expression.operand
    elif not isinstance(expression, syntax.Record):
        return _build(expression, "network", precision)
    if not isinstance(expression, syntax.Record):
        return _build(expression, "network", precision)
    with recursion(FRAMES * limit("expression-nesting")):
        builder, outer = _start(expression, precision)
        scope = Scope(outer, builder.block, "", expression.members)
        names = root_order([member.name for member in expression.members])
        places = {member.name: member.span for member in expression.members}
        values = [builder.lookup(scope, name, places[name]) for name in names]
        return _finish(builder, names, values, "members", precision)


def build_value(expression: syntax.Expression, *, precision: str = "float") -> ModuleOp:
    """A program that wants the value of one expression with all that is in it."""
    return _build(expression, "value", precision)


def _build(expression: syntax.Expression, name: str, precision: str) -> ModuleOp:
    with recursion(FRAMES * limit("expression-nesting")):
        builder, outer = _start(expression, precision)
        value = builder.expression(expression, outer, name)
        form = "value" if name == "value" else "expression"
        return _finish(builder, [name], [value], form, precision)


def _start(expression: syntax.Expression, precision: str) -> tuple[Builder, Scope]:
    builder = Builder(TABLE, field_names(expression))
    surroundings = (
        syntax.Member(NOWHERE, "deviceId", syntax.Number(NOWHERE, -1.0)),
        syntax.Member(NOWHERE, "traceLevel", syntax.Number(NOWHERE, 0.0)),
        syntax.Member(NOWHERE, "precision", syntax.String(NOWHERE, precision)),
    )
    return builder, Scope(None, builder.block, "", (*library_members(), *surroundings))


def _finish(
    builder: Builder, names: Sequence[str], values: Sequence[SSAValue], form: str, precision: str
) -> ModuleOp:
    roots = RootsOp.create(operands=values, properties={"names": strings(names)})
    builder.drain()
    builder.block.add_op(roots)
    network = NetworkOp.create(
        properties={"form": StringAttr(form)}, regions=[Region(builder.block)]
    )
    return ModuleOp([network], attributes={"net.precision": StringAttr(precision)})
