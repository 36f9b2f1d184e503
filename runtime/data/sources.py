"""What a reader's parts have in common: streams before reading, a corpus after it."""

from __future__ import annotations

import re
from typing import Protocol

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError, Span
from brainscript.nearby import file_help
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys

_WORD = re.compile(r"[^ \t\n\r\f\v]+")


class Source(Protocol):
    """One file, or one set of files, of a reader; nothing is opened before `read`."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that it offers."""
        ...

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """The data in float (4) or double (8), and warnings on it."""
        ...


def read_bytes(path: str, span: Span | None) -> bytes:
    """A whole file; one that cannot be read is a diagnostic at the key that names it."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise cannot_open(path, error, span) from None
    except ValueError as error:
        title = f"cannot open the data file '{path}': {error}"
        raise BrainScriptError(Diagnostic("BS0607", title, span)) from None


def read_lines(path: str, span: Span | None) -> list[str]:
    """The lines of a text file, without byte order mark and line ends.

    A line feed, a carriage return or both end a line; other signs, such as U+2028, are text.
    """
    text = read_bytes(path, span).decode("utf-8-sig", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def words_of(line: str) -> list[str]:
    """What stands between the blanks of a line; a no-break space is part of a word."""
    return _WORD.findall(line)


def cannot_open(path: str, error: OSError, span: Span | None) -> BrainScriptError:
    """The error for a file that cannot be read."""
    kind = MissingFileError if isinstance(error, FileNotFoundError) else BrainScriptError
    title = f"cannot open the data file '{path}': {error.strerror}"
    help = file_help(path) if kind is MissingFileError else ""
    return kind(Diagnostic("BS0607", title, span, help=help))
