"""Map files: one image a line, with its label and perhaps a key, separated by tabs.

`path<TAB>label` or `key<TAB>path<TAB>label`; `...` at the start of a path is the folder of the map,
`archive.zip@/name` a member of an archive. In a Base64 map the picture itself stands in the line,
behind the label.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.literals import read_integer
from brainscript.runtime.data.sources import read_lines

ARCHIVE_MARK = "@/"


@dataclass(frozen=True)
class Entry:
    """One image: its key ('' without one), where its bytes are, its class, its place."""

    key: str
    path: str
    label: int
    place: str
    data: bytes = b""

    @property
    def archive(self) -> tuple[str, str] | None:
        """The archive and the name in it, when the path names a member of one."""
        before, mark, name = self.path.rpartition(ARCHIVE_MARK)
        return (before, name) if mark else None


def read_map(path: str, classes: int, span: Span) -> list[Entry]:
    """The images of a map file."""
    folder = str(Path(path).parent)

    def entry(place: str, fields: list[str]) -> Entry:
        if len(fields) < 2:
            raise map_error(place, "a line is path, tab, label", span)
        key = fields[0] if len(fields) > 2 else ""
        image, label = fields[-2:]
        if image.startswith("..."):
            image = image.replace("...", folder, 1)
        return Entry(key, image, class_of(place, label, classes, span), place)

    return _entries(path, span, entry)


def read_base64_map(path: str, classes: int, span: Span) -> list[Entry]:
    """The images of a Base64 map; whether there are keys is told by the first line."""
    keyed: list[bool] = []

    def entry(place: str, fields: list[str]) -> Entry:
        keyed.append(keyed[0] if keyed else len(fields) > 2)
        if len(fields) < 2 + keyed[0]:
            raise map_error(place, "a line is label, tab, picture in Base64", span)
        label = class_of(place, fields[keyed[0]], classes, span)
        text = fields[keyed[0] + 1]
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        return Entry(fields[0] if keyed[0] else "", place, label, place, data)

    return _entries(path, span, entry)


def _entries(path: str, span: Span, entry: Callable[[str, list[str]], Entry]) -> list[Entry]:
    found: list[Entry] = []
    for number, line in enumerate(read_lines(path, span), 1):
        if line.strip():
            found.append(entry(f"{path}:{number}", [f.strip() for f in line.split("\t")]))
    if not found:
        raise BrainScriptError(Diagnostic("BS0640", f"the map file '{path}' is empty", span))
    return found


def class_of(place: str, text: str, classes: int, span: Span) -> int:
    """The class that a field begins with."""
    number = read_integer(text.partition(" ")[0])
    if number is None:
        raise map_error(place, f"the label '{text[:40]}' is no number", span)
    if not 0 <= number < classes:
        raise map_error(place, f"label {number} is not below labelDim = {classes}", span)
    return number


def map_error(place: str, why: str, span: Span) -> BrainScriptError:
    """The error for one line of a map file."""
    return BrainScriptError(Diagnostic("BS0640", f"{place}: {why}", span))
