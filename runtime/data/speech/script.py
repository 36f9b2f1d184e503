"""Scripts (scp files): which utterances there are, and where their frames lie.

A line is `key.ext=archive[first,last]`, `key=path`, or a path; `...` in a path is the folder of
the script unless a prefix is given, which then comes in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.sources import read_lines

RANGE = re.compile(r"^(?P<path>.*)\[(?P<first>[0-9]{1,18}),(?P<last>[0-9]{1,18})\]$")


@dataclass(frozen=True)
class Utterance:
    """One line: `last` is None for a whole file."""

    key: str
    path: str
    first: int
    last: int | None


def read_script(path: str, prefix: str, span: Span) -> list[Utterance]:
    """The utterances of a script, in order; keys are unique."""
    folder = str(Path(path).parent)
    utterances: list[Utterance] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(read_lines(path, span), 1):
        line = raw.strip()
        if not line:
            continue
        utterance = parse_line(line, folder, prefix)
        if utterance is None:
            why = "its range of frames ends before it begins"
            raise script_error(path, number, line, why, span)
        if utterance.key in seen:
            why = f"'{utterance.key}' is already in line {seen[utterance.key]}"
            raise script_error(path, number, line, why, span)
        seen[utterance.key] = number
        utterances.append(utterance)
    if not utterances:
        title = f"the list of utterances '{path}' is empty"
        raise BrainScriptError(Diagnostic("BS0631", title, span))
    return utterances


def parse_line(line: str, folder: str, prefix: str) -> Utterance | None:
    """One line; None when its range is empty."""
    name, _, place = line.rpartition("=")
    found = RANGE.match(place)
    first, last = 0, None
    if found:
        place = found["path"]
        first, last = int(found["first"]), int(found["last"])
        if last < first:
            return None
    return Utterance(key_of(name or place), resolve(place, folder, prefix), first, last)


def key_of(name: str) -> str:
    """A name without its extension."""
    stem, dot, extension = name.rpartition(".")
    return stem if dot and "/" not in extension else name


def resolve(path: str, folder: str, prefix: str) -> str:
    """The path of an archive."""
    if prefix:
        return f"{prefix.rstrip('/')}/{path}"
    return path.replace("...", folder, 1) if path.startswith("...") else path


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Last parts of keys that are paths, where they tell the keys apart."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(key.replace("\\", "/").rpartition("/")[2], []).append(key)
    return {short: names[0] for short, names in found.items() if len(names) == 1}


def script_error(path: str, number: int, line: str, why: str, span: Span) -> BrainScriptError:
    """The error for one line of a script."""
    title = f"{path}:{number}: {why}"
    return BrainScriptError(Diagnostic("BS0631", title, span, label=line[:80]))
