"""What a reader's parts have in common: streams before reading, a corpus after it."""

from __future__ import annotations

from typing import Protocol

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError, Span
from brainscript.nearby import file_help
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys


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


def read_lines(path: str, span: Span | None) -> list[str]:
    """The lines of a text file, without byte order mark and line ends."""
    return read_bytes(path, span).decode("utf-8-sig", "replace").splitlines()


def cannot_open(path: str, error: OSError, span: Span | None) -> BrainScriptError:
    """The error for a file that cannot be read."""
    kind = MissingFileError if isinstance(error, FileNotFoundError) else BrainScriptError
    title = f"cannot open the data file '{path}': {error.strerror}"
    help = file_help(path) if kind is MissingFileError else ""
    return kind(Diagnostic("BS0607", title, span, help=help))
