"""Source text: reading files, the search for included ones, the lines that diagnostics quote."""

from __future__ import annotations

import linecache
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError, Span
from brainscript.limits import exceeded, limit
from brainscript.nearby import near_file
from brainscript.placed import PlacedText

LIBRARY = Path(__file__).resolve().parent / "library"
"""Where our own BrainScript library lies; the last folder that includes are looked for in."""


class SourceText:
    """One text with the name that diagnostics give it; lines end with a line feed."""

    __slots__ = ("_last", "_starts", "name", "text")

    def __init__(self, name: str, text: str):
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.name = name
        self.text = text
        self._starts: list[int] | None = None
        self._last = (0, 0, 0)

    def span(self, offset: int, length: int = 1) -> Span:
        """The place of `length` characters from `offset`, cut at the end of the line."""
        line, start, end = self._last
        if not start <= offset < end:
            line, start, end = self._last = self._line_at(offset)
        length = min(length, end - 1 - offset)
        return Span(self.name, line, offset - start + 1, length if length > 1 else 1)

    def _line_at(self, offset: int) -> tuple[int, int, int]:
        """The line at an offset: its number, its first offset, and the one behind its end."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        end = starts[line] if line < len(starts) else max(len(self.text), offset) + 1
        return line, starts[line - 1], end

    def line(self, number: int) -> str:
        """Line `number`, counted from 1, without its end; empty when there is none."""
        starts = self._line_starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end]

    def placed(self) -> PlacedText:
        """The same text as pieces, one a line, for cutting and joining."""
        lines = self.text.split("\n")
        ended = [*(line + "\n" for line in lines[:-1]), lines[-1]]
        return PlacedText.of_lines(self.name, enumerate(ended, 1))

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = starts = [0]
            at = self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
        return self._starts


class Sources:
    """All texts of one run, the folders that includes are looked for in, and the warnings."""

    def __init__(self, folders: Iterable[str] = ()):
        self.folders: list[str] = list(folders)
        self.warnings: list[Diagnostic] = []
        self._texts: dict[str, SourceText] = {}

    def add(self, source: SourceText) -> SourceText:
        """Register a text that is no file, such as a string handed in by a program."""
        self._texts[source.name] = source
        return source

    def texts(self) -> tuple[SourceText, ...]:
        """Every text read so far, in the order of first reading."""
        return tuple(self._texts.values())

    def line_of(self, file: str, line: int) -> str:
        """One line of a registered text, for the renderer of diagnostics."""
        source = self._texts.get(file)
        return source.line(line) if source else linecache.getline(file, line)

    def warn(self, diagnostic: Diagnostic) -> None:
        """Keep a warning until the command prints them."""
        self.warnings.append(diagnostic)

    def read(self, path: str, asked: Span | None = None) -> SourceText:
        """The text of a file; `asked` is the place that names it."""
        source = self._texts.get(path)
        if source is not None:
            return source
        data = _read_bytes(path, asked)
        try:
            return self.add(decode(path, data))
        except BrainScriptError:
            self.add(SourceText(path, data.decode("utf-8", "replace")))
            raise

    def find(self, path: str, including: Sequence[str]) -> str | None:
        """The file that `include "path"` means, or None.

        Looked for as given; then in the folders of the including files, innermost first, in the
        folders of the configs and in the library: with its sub-folders and without them.
        """
        given = path if os.path.exists(path) else path.replace("\\", "/")
        if os.path.isfile(given):
            return given
        folders = [os.path.dirname(name) for name in including]
        for folder in dict.fromkeys([*folders, *self.folders, str(LIBRARY)]):
            for tail in (given, os.path.basename(given)):
                candidate = os.path.join(folder, tail)
                if os.path.isfile(candidate):
                    return candidate
        return None


def missing_file(path: str, asked: Span | None, reason: str = "") -> BrainScriptError:
    """The error for a file that is not there, or is no file that can be read."""
    found_none = reason in ("", "No such file or directory")
    kind = MissingFileError if found_none else BrainScriptError
    why = reason or "No such file or directory"
    help = near_file(path) if found_none else ""
    title = f"cannot read '{path}': {why}"
    return kind(Diagnostic("BS0101", title, asked, "named here", help=help))


def _read_bytes(path: str, asked: Span | None) -> bytes:
    most = limit("source-bytes")
    try:
        with open(path, "rb") as stream:
            data = stream.read(most + 1)
    except ValueError:
        raise missing_file(path, asked, "not a file name") from None
    except OSError as error:
        raise missing_file(path, asked, error.strerror or str(error)) from None
    if len(data) > most:
        raise exceeded("source-bytes", "BS0104", f"'{path}' is larger than {most} bytes", asked)
    return data


def decode(name: str, data: bytes) -> SourceText:
    """Bytes to text: UTF-8 with or without byte-order mark, any line ends, no NUL.

    Comments may be in any other encoding that has ASCII in it.
    """
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    zero = data.find(0)
    text, wrong = _utf8(data[start:])
    if wrong is not None:
        at = start + wrong
        if zero < 0 or at < zero:
            title = f"byte {data[at]:#04x} at offset {at} is not UTF-8"
            remedy = "save the file as UTF-8, for instance: iconv -f latin1 -t utf-8"
            if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                remedy = "this is UTF-16; save the file as UTF-8"
            raise BrainScriptError(
                Diagnostic("BS0102", title, _byte_span(name, data, at), help=remedy)
            )
    if zero >= 0:
        title = f"NUL byte at offset {zero}: '{name}' is not a text file"
        raise BrainScriptError(Diagnostic("BS0103", title, _byte_span(name, data, zero)))
    return SourceText(name, text)


_QUOTED = rb"\"[^\"]*\"|'[^']*'"
_IN_COMMENT = re.compile(rb"(?:%s|[^\"'])*?(?:^|[\s;])(?:#|//)" % _QUOTED)


def _utf8(data: bytes) -> tuple[str, int | None]:
    """The text, and where it is not UTF-8; strange bytes in comments are replaced."""
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    offset = 0
    for line in data.splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            if not _IN_COMMENT.match(line[: error.start]):
                return "", offset + error.start
            lines.append(line.decode("utf-8", "replace"))
        offset += len(line)
    return "".join(lines), None


def _byte_span(name: str, data: bytes, offset: int) -> Span:
    head = data[:offset].removeprefix(b"\xef\xbb\xbf")
    line = head.count(b"\n") + 1
    column = len(head[head.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return Span(name, line, column)
