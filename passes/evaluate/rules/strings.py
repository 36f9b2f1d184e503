"""Functions on strings."""

from __future__ import annotations


def replace_all(text: str, old: str, new: str) -> str:
    """All occurrences that do not overlap, from the left; an empty `old` changes nothing."""
    return text.replace(old, new) if old else text


def substring(text: str, begin: int, count: int) -> str:
    """`count` characters from `begin`; a negative `begin` counts from the end, as far as there is
    text; a negative `count` means to the end.
    """
    start = max(0, len(text) + begin) if begin < 0 else begin
    return text[start:] if count < 0 else text[start : start + count]
