"""Scopes: what is defined where, what is built already, what a program asks records for."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Block, SSAValue

from brainscript.dialects.bs import join_path
from brainscript.frontend import syntax
from brainscript.frontend.walk import walk


class Scope:
    """The names of one record or one function, inside the scope around it.

    `members` are expressions, `values` what has been built of them (or the parameters of a
    function).
    """

    __slots__ = ("_records", "block", "depth", "members", "parent", "path", "values")

    def __init__(
        self,
        parent: Scope | None,
        block: Block,
        path: str = "",
        members: Iterable[syntax.Member] = (),
    ):
        self.parent = parent
        self.block = block
        self.path = path
        self.members = {member.name: member for member in members}
        self.values: dict[str, SSAValue] = {}
        self._records: dict[int, Scope] = {}
        self.depth: int = parent.depth if parent is not None else 0

    def owner(self, name: str) -> Scope | None:
        """The innermost scope from here outwards that defines `name`."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values or name in scope.members:
                return scope
            scope = scope.parent
        return None

    def visible(self) -> set[str]:
        """Every name that can be written here."""
        names: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            names.update(scope.values, scope.members)
            scope = scope.parent
        return names

    def inner(self, node: syntax.Record, path: str) -> Scope:
        """The scope of a record written in this scope; one for each such record."""
        found = self._records.get(id(node))
        if found is None:
            found = self._records[id(node)] = Scope(self, self.block, path, node.members)
        return found

    def record(self, name: str) -> Scope | None:
        """The scope of the member `name` of this scope when it is a record written in place."""
        member = self.members.get(name)
        if member is None or not isinstance(member.value, syntax.Record):
            return None
        return self.inner(member.value, join_path(self.path, name))


def field_names(expression: syntax.Expression) -> frozenset[str]:
    """Every name that stands behind a dot anywhere in `expression`."""
    nodes = walk(expression)
    return frozenset(node.name for node in nodes if isinstance(node, syntax.Field))


def static_record(expression: syntax.Expression, scope: Scope, path: str) -> Scope | None:
    """The scope of a record that can be named without evaluating anything, else None.

    So in `{ ... }.y` and `BS.Constants.One` members that nobody names are never built.
    """
    if isinstance(expression, syntax.Record):
        return scope.inner(expression, path)
    if isinstance(expression, syntax.Name):
        owner = scope.owner(expression.name)
        return None if owner is None else owner.record(expression.name)
    return None
