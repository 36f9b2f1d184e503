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
