"""Where each node of a network goes in the text: a member, a member of a record, or by its name.

`L1.t` is `t` in the record `L1` as long as no node is called `L1`. A name that no path of records
gives, such as `W0*features` or `z.PlusArgs[0]`, is said with the field `nodeName`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brainscript.dialects.bs import LISTS
from brainscript.frontend.lexer import KEYWORDS

Path = tuple[str, ...]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Place:
    """The records around a member, and its name; `named` when the name of the node is another."""

    records: Path
    member: str
    named: bool = False

    @property
    def path(self) -> Path:
        """The whole way from the top."""
        return (*self.records, self.member)


class Places:
    """The places of the nodes; `inputs` gives the names that each node reads."""

    def __init__(self, inputs: Mapping[str, Sequence[str]], roots: Sequence[str]):
        self._inputs = inputs
        self._roots = roots
        self._taken = {name for name in inputs if _is_identifier(name)}
        lower = {name.lower() for name in inputs}
        self.of = {name: self._first(name, lower) for name in inputs}
        while moved := self._misplaced():
            for name in moved:
                self.of[name] = self._by_name(name)

    @property
    def words(self) -> set[str]:
        """Every name that a member has."""
        return {word for place in self.of.values() for word in place.path}

    def reference(self, records: Path, name: str) -> str | None:
        """How a node is named inside these records; None when something hides it."""
        target = self.of[name].path
        members = self._members()
        for depth in range(len(records), -1, -1):
            if target[:depth] != records[:depth] or len(target) == depth:
                continue
            head = target[depth]
            inner = (d for d in range(len(records), -1, -1) if head in members[records[:d]])
            if next(inner) == depth:
                return ".".join(target[depth:])
        return None

    def _first(self, name: str, names: set[str]) -> Place:
        parts = name.split(".")
        prefixes = {".".join(parts[:i]).lower() for i in range(1, len(parts))}
        if not all(map(_is_identifier, parts)) or prefixes & names or parts[0] in LISTS:
            return self._by_name(name)
        return Place(tuple(parts[:-1]), parts[-1])

    def _by_name(self, name: str) -> Place:
        member = re.sub(r"\W+", "_", name).strip("_") or "node"
        if not _is_identifier(member):
            member = f"n_{member}"
        while member in self._taken or member in LISTS:
            member += "_"
        self._taken.add(member)
        return Place((), member, True)

    def _misplaced(self) -> list[str]:
        """Nodes in records that nobody would find, or that something they read hides from."""
        nested = [name for name, place in self.of.items() if place.records]
        hidden = [n for n in nested if not self._sees_all(n)]
        return hidden or [n for n in nested if n not in self._reached()][:1]

    def _sees_all(self, name: str) -> bool:
        records = self.of[name].records
        return all(self.reference(records, one) is not None for one in self._inputs[name])

    def _members(self) -> dict[Path, set[str]]:
        members: dict[Path, set[str]] = {(): set()}
        for place in self.of.values():
            for depth in range(len(place.path)):
                members.setdefault(place.path[:depth], set()).add(place.path[depth])
        return members

    def _reached(self) -> set[str]:
        """The nodes below the members at the top and the lists."""
        todo = [*self._roots, *(name for name, place in self.of.items() if not place.records)]
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self._inputs[name]
        return seen


def _is_identifier(word: str) -> bool:
    return _IDENTIFIER.fullmatch(word) is not None and word not in KEYWORDS and word not in LISTS
