"""Values as C's `strtod` and CNTK's configuration files spell them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

DECIMAL = r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
HEXADECIMAL = r"0[xX](?:[0-9a-fA-F]+(?:\.(?!\.)[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
"""Patterns of a number without sign; a point before another point is left to `..`."""

_NUMBER = re.compile(rf"[+-]?(?:{HEXADECIMAL}|{DECIMAL}|inf(?:inity)?|nan)", re.IGNORECASE)
_INFINITE = re.compile(rf"([+-]?)(?:{DECIMAL})#INF.*", re.IGNORECASE | re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TRUE = frozenset(("t", "true", "T", "True", "TRUE", "1"))
_FALSE = frozenset(("f", "false", "F", "False", "FALSE", "0", ""))


def number_of(text: str) -> float:
    """The value of a number that a pattern above matched; too large ones are infinite."""
    if "x" not in text and "X" not in text:
        return float(text)
    try:
        return float.fromhex(text)
    except OverflowError:
        return -float("inf") if text.startswith("-") else float("inf")


def read_number(text: str) -> float | None:
    """A number that fills `text`, also `1#INF` for infinity; None if it is none."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return number_of(text)
    if infinite := _INFINITE.fullmatch(text):
        return -float("inf") if infinite[1] == "-" else float("inf")
    return None


def read_integer(text: str) -> int | None:
    """A whole decimal number of at most 18 digits that fills `text`; None if it is none."""
    text = text.strip()
    return int(text) if _INTEGER.fullmatch(text) else None


def read_boolean(text: str) -> bool | None:
    """`true t 1 ...` or `false f 0 ...` or nothing (false); None for anything else."""
    text = text.strip()
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def read_word(text: str, known: Sequence[str]) -> str | None:
    """One of the known words, in lower case, however it is spelt; None for anything else."""
    word = text.strip().lower()
    return word if word in known else None


def opened_path(path: str) -> str:
    """A path as this system opens it: where separators are `/`, a file of Windows has `\\`."""
    foreign = os.sep == "/" and "\\" in path and not os.path.exists(path)
    return path.replace("\\", "/") if foreign else path
