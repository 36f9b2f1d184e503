"""The syntax tree as indented text, for `--emit ast`.

One line a node, children one blank further in, an empty line behind the last child. A record `[]`
lists its members as `name =`, sorted by code point; a call `(` has the function and `()` with the
arguments below it, a lambda `=>` has `()` with the parameters, then the body:

    f (x) = x + 1        []
                         f =
                          =>
                           ()
                            x

                           +
                            x
                            1
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brainscript.frontend import syntax
from brainscript.frontend.syntax import Expression
from brainscript.limits import exceeded, limit


@dataclass(frozen=True, slots=True)
class _Group:
    """What is printed of one node: a label, its parts, and its parts with names."""

    label: str
    items: Sequence[Expression | _Group] = ()
    named: Sequence[tuple[str, Expression]] = ()


def _number(node: syntax.Number) -> _Group:
    text = repr(node.value)
    return _Group(text.removesuffix(".0"))


def _string(node: syntax.String) -> _Group:
    escaped = node.value.replace("\n", "\\n")
    return _Group(f"'{escaped}'")


def _call(node: syntax.Call) -> _Group:
    items = [a.value for a in node.arguments if a.name is None]
    named = [(a.name, a.value) for a in node.arguments if a.name is not None]
    return _Group("(", (node.function, _Group("()", items, named)))


def _lambda(node: syntax.Lambda) -> _Group:
    items = [syntax.Name(p.span, p.name) for p in node.parameters if p.default is None]
    named = [(p.name, p.default) for p in node.parameters if p.default is not None]
    return _Group("=>", (_Group("()", items, named), node.body))


def _record(node: syntax.Record) -> _Group:
    members = sorted(node.members, key=lambda m: m.name)
    return _Group("[]", (), [(m.name, m.value) for m in members])


_GROUPS: dict[type[syntax.Node], Callable[[Any], _Group]] = {
    syntax.Number: _number,
    syntax.String: _string,
    syntax.Bool: lambda n: _Group("true" if n.value else "false"),
    syntax.Name: lambda n: _Group(n.name),
    syntax.Unary: lambda n: _Group(f"{n.sign}(", (n.operand,)),
    syntax.Binary: lambda n: _Group(n.sign, (n.left, n.right)),
    syntax.Colon: lambda n: _Group(":", n.items),
    syntax.ArrayLiteral: lambda n: _Group("[|", n.items),
    syntax.Generate: lambda n: _Group("array ", (n.low, n.high, n.function)),
    syntax.If: lambda n: _Group("if", (n.condition, n.then, n.otherwise)),
    syntax.New: lambda n: _Group(f"new {n.kind}", (n.operand,)),
    syntax.Field: lambda n: _Group(f". {n.name}", (n.record,)),
    syntax.Index: lambda n: _Group("[", (n.array, n.index)),
    syntax.Call: _call,
    syntax.Lambda: _lambda,
    syntax.Record: _record,
}


def tree_text(tree: Expression) -> str:
    """The whole tree as text; it is built without recursion, so any depth prints."""
    lines: list[str] = []
    waiting: list[tuple[int, Expression | _Group | str]] = [(0, tree)]
    size = 0
    while waiting:
        indent, shown = waiting.pop()
        if isinstance(shown, str):
            line = " " * indent + shown if shown else ""
        else:
            group = shown if isinstance(shown, _Group) else _GROUPS[type(shown)](shown)
            line = " " * max(1, indent) + group.label
            waiting += reversed(_below(group, indent + 1))
        lines.append(line + "\n")
        size += len(line) + 1
        if size > limit("source-bytes"):
            title = "the printed tree is too large"
            raise exceeded("source-bytes", "BS0128", title, tree.span)
    return "".join(lines)


def _below(group: _Group, indent: int) -> list[tuple[int, Expression | _Group | str]]:
    lines: list[tuple[int, Expression | _Group | str]] = []
    lines += ((indent, item) for item in group.items)
    if group.items:
        lines.append((0, ""))
    for name, value in group.named:
        lines += ((indent, f"{name} ="), (indent + 1, value))
    if group.named:
        lines.append((0, ""))
    return lines
