"""What to try where a key of a config is missing or unknown, or its value cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import prod

from brainscript.diagnostic import did_you_mean, nearest

COMMAND_LINE = "<command line>"
"""The source of what is given behind the config file."""
_PRODUCT = re.compile(r"\d{1,9}(\s*\*\s*\d{1,9}){1,4}")
_NEXT_KEY = re.compile(r"(?<![\w$])([A-Za-z]\w*)\s*=(?!=)")


def for_missing(key: str, given: Mapping[str, str]) -> str:
    """The help line for a key that is not there, among the texts of those that are."""
    lower = key.lower()
    for name, text in given.items():
        head, colon, value = name.partition(":")
        if colon and head.strip().lower() == lower:
            return f"write {key} = {value.strip()}: a value stands behind '='"
        if text[:1] not in ("[", "{", "(") and lower in map(str.lower, _NEXT_KEY.findall(text)):
            return f"the value of '{name}' goes on with '{key} =': is ';' missing between them?"
    near = nearest(key, given)
    return f"'{near}' is given: did you mean '{key}'?" if near else f"add {key} = ..."


def for_value(text: str) -> str:
    """The help line for a value that cannot be read; empty where nothing is known."""
    if text.startswith("="):
        return "write one '='"
    if "//" in text:
        return "a comment in a config begins with '#'"
    if _PRODUCT.fullmatch(text.strip()):
        return f"a config does not calculate: write {prod(map(int, text.split('*')))}"
    following = _NEXT_KEY.search(text)
    return f"is ';' missing before '{following[1]} ='?" if following else ""


def for_unknown(key: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The help line for a key that nothing reads; empty where nothing is near."""
    if key.startswith("."):
        return "put the whole expression in parentheses: ({ ... }" + key + ")"
    if key[:1].isdigit():
        return "',' ends a value: a fraction is written 0.5, several values a:b"
    return did_you_mean(key, known, likeness)


def for_override(key: str, known: Iterable[str], holding: Sequence[str], values: str) -> str:
    """The help line for an override that nothing reads; empty where a value names it.

    `holding` are sections that have such a key, `values` is the text of all values.
    """
    if ":" in key:
        return f"write {_in_sections(key)}"
    if holding:
        remedy = _in_sections(f"{holding[0]}:{key}")
        return f"the section '{holding[0]}' has one of its own: write {remedy}"
    named = rf"(?<![\w.]){re.escape(key)}(?!\w|\s*(=(?!=)|[\[{{]))"
    if re.search(named, values, re.IGNORECASE):
        return ""
    near = did_you_mean(key, [name for name in known if name != key])
    return near or "no command that ran has a use for it"


def _in_sections(path: str) -> str:
    """`a=[b=[c=...]]` for `a:b:c`."""
    *sections, last = path.split(":")
    return f"{'=['.join(sections)}=[{last}=...{']' * len(sections)}"
