"""Syntax tree to level 1: `bs` operations in one graph region, with what the library adds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Region, SSAValue

from brainscript.diagnostic import Span
from brainscript.dialects.bs import NetworkOp, RootsOp, root_order, strings
from brainscript.frontend import syntax
from brainscript.frontend.building.builder import Builder
from brainscript.frontend.building.expressions import TABLE
from brainscript.frontend.building.library import library_members
from brainscript.frontend.building.scope import Scope, field_names
from brainscript.frontend.flat import DOT, is_node_list
from brainscript.limits import exceeded, limit, recursion

NOWHERE = Span("library:surroundings", 1, 1)
FRAMES = 8
"""Calls on the interpreter's stack for one level of nesting in an expression."""

Roots = Callable[[Builder, Scope], tuple[Sequence[str], Sequence[SSAValue]]]


def build_network(expression: syntax.Expression, *, precision: str = "float") -> ModuleOp:
    """The network of a builder section: a record of members, or an expression that gives one.

    A record is the members of `new ComputationNetwork { ... }`; any other expression is the value
    of a member `network`.
    """
    if is_node_list(expression) and isinstance(expression.operand, syntax.Record):
        return _build(expression, "members", precision, _nodes(expression.operand))
    if isinstance(expression, syntax.New) and expression.kind == "ComputationNetwork":
        expression = expression.operand
        if not isinstance(expression, syntax.Record):
            expression = syntax.New(expression.span, "ComputationNetwork", expression)
    if isinstance(expression, syntax.Record):
        return _build(expression, "members", precision, _members(expression))
    return _build(expression, "expression", precision, _single(expression, "network"))


def build_value(expression: syntax.Expression, *, precision: str = "float") -> ModuleOp:
    """A program that wants the value of one expression with all that is in it."""
    return _build(expression, "value", precision, _single(expression, "value"))


def _members(record: syntax.Record) -> Roots:
    """Every member of a network record is demanded, in the order of the language."""
    places = {member.name: member.span for member in record.members}

    def roots(builder: Builder, outer: Scope) -> tuple[Sequence[str], Sequence[SSAValue]]:
        scope = Scope(outer, builder.block, "", record.members)
        names = root_order(places)
        return names, [builder.lookup(scope, name, places[name]) for name in names]

    return roots


def _nodes(record: syntax.Record) -> Roots:
    """Every member of a node list is demanded in the order written."""

    def roots(builder: Builder, outer: Scope) -> tuple[Sequence[str], Sequence[SSAValue]]:
        scope = Scope(outer, builder.block, "", record.members)
        names = [member.name.removeprefix(DOT) for member in record.members]
        return names, [builder.lookup(scope, m.name, m.span) for m in record.members]

    return roots


def _single(expression: syntax.Expression, name: str) -> Roots:
    """The expression is the only root."""

    def roots(builder: Builder, outer: Scope) -> tuple[Sequence[str], Sequence[SSAValue]]:
        return [name], [builder.expression(expression, outer, name)]

    return roots


def _build(expression: syntax.Expression, form: str, precision: str, roots: Roots) -> ModuleOp:
    with _room(expression):
        builder = Builder(TABLE, field_names(expression))
        names, values = roots(builder, _library(builder, precision))
        builder.drain()
        values = [builder.built(value) for value in values]
        end = RootsOp.create(operands=values, properties={"names": strings(names)})
        builder.block.add_op(end)
    network = NetworkOp.create(
        properties={"form": StringAttr(form)}, regions=[Region(builder.block)]
    )
    return ModuleOp([network], attributes={"net.precision": StringAttr(precision)})


@contextmanager
def _room(expression: syntax.Expression) -> Generator[None]:
    """Room on the interpreter's stack for expressions nested as deep as the limit allows."""
    try:
        with recursion(FRAMES * limit("expression-nesting")):
            yield
    except RecursionError:
        title = "an expression is nested too deeply"
        raise exceeded("expression-nesting", "BS0321", title, expression.span) from None


def _library(builder: Builder, precision: str) -> Scope:
    """The scope around every program: the library, and the settings that nodes look for."""
    settings = (
        syntax.Member(NOWHERE, "deviceId", syntax.Number(NOWHERE, -1.0)),
        syntax.Member(NOWHERE, "traceLevel", syntax.Number(NOWHERE, 0.0)),
        syntax.Member(NOWHERE, "precision", syntax.String(NOWHERE, precision)),
    )
    return Scope(None, builder.block, "", (*library_members(), *settings))
