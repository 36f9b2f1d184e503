"""The library: BrainScript text in `frontend/library/core`, parsed once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from brainscript.frontend import syntax
from brainscript.frontend.parser import parse_members
from brainscript.frontend.source import SourceText

FOLDER = Path(__file__).resolve().parent.parent / "library" / "core"
NAME = "library:"
"""What the names of library files begin with in places."""


@cache
def library_members() -> tuple[syntax.Member, ...]:
    """Every member of every library file."""
    members: list[syntax.Member] = []
    for file in sorted(FOLDER.glob("*.bs")):
        text = SourceText(NAME + file.name, file.read_text(encoding="utf-8"))
        members.extend(parse_members(text).members)
    return tuple(members)


@cache
def namespaced() -> dict[str, str]:
    """The members of `BS`, by their names alone, with the records that they are in."""
    found: dict[str, str] = {}
    outer = {member.name: member.value for member in library_members()}

    def walk(value: syntax.Expression | None, path: str) -> None:
        if isinstance(value, syntax.Name):
            value = outer.get(value.name)
        if isinstance(value, syntax.Record):
            for member in value.members:
                found.setdefault(member.name, path + member.name)
                walk(member.value, f"{path}{member.name}.")

    walk(outer["BS"], "BS.")
    return found
