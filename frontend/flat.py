"""Networks as a list of nodes with names of their own: what NDL and SimpleNetworkBuilder make.

The tree is `new NodeList { .W = ... ; .L1.T = ... }`: every member is a node of the network, made
in the order written. The names begin with a dot, which no name of BrainScript does, so no name of
a node hides a function of the library, and any text can be a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from brainscript.diagnostic import Span
from brainscript.frontend import syntax
from brainscript.frontend.syntax import Expression

KIND = "NodeList"
"""The class of `new` that marks such a tree; no text of BrainScript can hold its names."""
DOT = "."


def node_list(span: Span, members: Iterable[tuple[Span, str, Expression]]) -> syntax.New:
    """The tree of nodes (place, name, value); lists such as `featureNodes` are members, too."""
    named = tuple(syntax.Member(place, DOT + name, value) for place, name, value in members)
    return syntax.New(span, KIND, syntax.Record(span, named))


def is_node_list(tree: Expression) -> TypeGuard[syntax.New]:
    """Whether a tree was made by `node_list`."""
    return isinstance(tree, syntax.New) and tree.kind == KIND


def reference(span: Span, name: str) -> syntax.Name:
    """The node of this name."""
    return syntax.Name(span, DOT + name)


def array(span: Span, items: Sequence[Expression]) -> Expression:
    """An array; one item stands for itself."""
    return items[0] if len(items) == 1 else syntax.ArrayLiteral(span, tuple(items))


def shape(span: Span, dims: Iterable[float]) -> Expression:
    """Dimensions as an array."""
    return array(span, [syntax.Number(span, float(dim)) for dim in dims])


def literal(span: Span, value: float | str | bool) -> Expression:
    """A plain value."""
    if isinstance(value, bool):
        return syntax.Bool(span, value)
    if isinstance(value, str):
        return syntax.String(span, value)
    return syntax.Number(span, float(value))


def new_node(
    span: Span,
    operation: str,
    inputs: Sequence[Expression],
    options: Mapping[str, Expression | float | str | bool] | None = None,
) -> syntax.New:
    """`new ComputationNode { operation = '...' ; inputs = (...) ; option = ... }`."""
    members = [syntax.Member(span, "operation", syntax.String(span, operation))]
    if inputs:
        given = syntax.ArrayLiteral(span, tuple(inputs))
        members.append(syntax.Member(span, "inputs", given))
    for name, value in (options or {}).items():
        members.append(syntax.Member(span, name, _expression(span, value)))
    return syntax.New(span, "ComputationNode", syntax.Record(span, tuple(members)))


def call(
    span: Span,
    function: str,
    positional: Sequence[Expression],
    named: Mapping[str, Expression | float | str | bool] | None = None,
) -> syntax.Call:
    """A call of a function of the library."""
    arguments = [syntax.Argument(span, None, value) for value in positional]
    for name, value in (named or {}).items():
        arguments.append(syntax.Argument(span, name, _expression(span, value)))
    return syntax.Call(span, syntax.Name(span, function), tuple(arguments))


def _expression(span: Span, value: Expression | float | str | bool) -> Expression:
    if isinstance(value, bool | float | int | str):
        return literal(span, value)
    return value
