"""What to try where a file that was asked for is not there."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, did_you_mean

QUOTES = (
    "\N{LEFT DOUBLE QUOTATION MARK}",
    "\N{DOUBLE LOW-9 QUOTATION MARK}",
    "`",
    "\N{ACUTE ACCENT}",
)
"""What word processors put in the place of quotation marks."""
MOST_NAMES = 2000
"""A folder with more files is not searched to its end."""


def file_help(path: str | Path) -> str:
    """The help line for a missing file: a name like it in its folder, or where its path begins."""
    if str(path)[:1] in QUOTES:
        return f'the path begins with {str(path)[0]}, which is no quotation mark: write "'
    asked = Path(path)
    if asked.parent.is_dir():
        return near_file(path) or _start(asked)
    absent = asked.parent
    while not absent.parent.is_dir():
        absent = absent.parent
    return "; ".join(filter(None, (f"there is no folder '{absent}'", _start(asked))))


def near_file(path: str | Path) -> str:
    """The help line that offers a name like the one of `path` in its folder; else empty."""
    asked = Path(path)
    near = did_you_mean(asked.name, _names(asked.parent), 0.7)
    folder = os.path.dirname(path)
    return near.replace("'", f"'{os.path.join(folder, '')}", 1) if near and folder else near


def _names(folder: Path) -> list[str]:
    with suppress(OSError, BrainScriptError), os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, MOST_NAMES)]
    return []


def _start(path: Path) -> str:
    return "" if path.is_absolute() else f"relative paths begin at '{os.getcwd()}'"
