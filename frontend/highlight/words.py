"""The words of the language and of its library, as the lexer and the library files have them."""

from __future__ import annotations

import re

from brainscript.dialects.bs import LISTS
from brainscript.frontend import syntax
from brainscript.frontend.building.library import library_members
from brainscript.frontend.lexer import KEYWORDS

CONSTANTS = ("true", "false")
CONTROL = tuple(sorted(KEYWORDS - {*CONSTANTS, "with"}))


def library_words() -> list[str]:
    """Functions and namespaces of the library that programs use, sorted."""
    return sorted(m.name for m in library_members() if not m.name.startswith("_"))


def layer_words() -> list[str]:
    """Those that make parameters: functions whose name ends in Layer, Block or Stack."""
    made = re.compile(r"(Layer|Block|Stack|Parameter|Tensor)$")
    return [
        m.name
        for m in library_members()
        if isinstance(m.value, syntax.Lambda) and made.search(m.name)
    ]


def list_words() -> list[str]:
    """The lists of nodes."""
    return sorted(LISTS)


def any_of(words: list[str] | tuple[str, ...]) -> str:
    """A pattern for whole words."""
    return rf"\b(?:{'|'.join(map(re.escape, words))})\b"
