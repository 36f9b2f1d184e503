"""Going through the syntax tree of one expression, however long or deep it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

from brainscript.frontend import syntax

LEAVES = frozenset({syntax.Number, syntax.String, syntax.Bool, syntax.Name})
"""Nodes with none below."""


def walk(root: syntax.Expression) -> Iterator[object]:
    """What stands at or below `root`, in no order, but for leaves and operators of two terms.

    Those two make up a long sum of numbers, and nobody looks for them.
    """
    todo: list[object] = [root]
    while todo:
        item = todo.pop()
        if isinstance(item, syntax.Binary):
            todo += [part for part in (item.left, item.right) if type(part) not in LEAVES]
        elif type(item) not in LEAVES:
            yield item
            todo += parts(item)


def parts(item: object) -> list[object]:
    """The syntax nodes directly below `item`."""
    found: list[object] = []
    for name in _fields(type(item)):
        value = getattr(item, name)
        if isinstance(value, tuple):
            found.extend(value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, syntax.Node):
            found.append(value)
    return found


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a class of `syntax` that may hold nodes."""
    return tuple(field.name for field in fields(kind) if field.name != "span")
