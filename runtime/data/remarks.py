"""What the native readers remark on a data file, as diagnostics."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace

from brainscript.diagnostic import (
    BrainScriptError,
    Diagnostic,
    LimitError,
    MissingFileError,
    Note,
    Severity,
    Span,
)
from brainscript.nearby import file_help
from brainscript.runtime import native_library


@dataclass(frozen=True)
class Remark:
    """One remark: its kind as in `native/data/corpus.h`, the place, the word or reason, the row.

    `sequence` is the key of the sequence that it is on.
    """

    kind: int
    line: int
    column: int
    sequence: int | str
    text: str
    excerpt: str

    @staticmethod
    def copy(native: native_library.Remark) -> Remark:
        """The remark with its texts taken out of native memory."""
        texts = [
            ctypes.string_at(t).decode("utf-8", "replace") for t in (native.text, native.excerpt)
        ]
        return Remark(native.kind, native.line, native.column, native.sequence, *texts)


CANNOT_OPEN, READ_FAILED, EMPTY_FILE, UTF16, NO_SEQUENCE_ID, ID_TOO_LARGE = range(1, 7)
STREAM_MISSING, OUT_OF_MEMORY, TOO_MANY_SEQUENCES, NOTHING_JOINED, BLANK_LINE, DAMAGED = (
    7,
    9,
    10,
    11,
    12,
    13,
)

_TEXTS: dict[int, tuple[str, str, str]] = {
    # kind: code, title with {text}, {sequence}, {file}; help
    CANNOT_OPEN: ("BS0607", "cannot open the data file '{file}': {text}", ""),
    READ_FAILED: ("BS0607", "reading the data file '{file}' failed: {text}", ""),
    EMPTY_FILE: ("BS0608", "the data file '{file}' is empty", ""),
    UTF16: ("BS0608", "the data file '{file}' is UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    NO_SEQUENCE_ID: (
        "BS0608",
        "the first row has neither a sequence id nor a '|'",
        "rows look like '|features 1 2 |labels 0 1' or '17 |features 1 2 |labels 0 1'",
    ),
    ID_TOO_LARGE: ("BS0608", "the sequence id is above 2^64 - 1", ""),
    STREAM_MISSING: (
        "BS0609",
        "sequence {sequence} has no sample of stream '{text}'",
        "give every sequence at least one sample of each stream under 'input'",
    ),
    BLANK_LINE: (
        "BS0609",
        "a blank row where every row is a sequence",
        "remove it, or put sequence ids in front of the rows",
    ),
    OUT_OF_MEMORY: ("BS0618", "the data of '{file}' does not fit in memory", ""),
    TOO_MANY_SEQUENCES: ("BS0618", "'{file}' has too many or too long sequences", ""),
    NOTHING_JOINED: ("BS0614", "no sequence key occurs in all files of the reader", ""),
    DAMAGED: (
        "BS0620",
        "the binary data file '{file}' is damaged at byte {sequence}: {text}",
        "write it again with CNTK's ctf2bin.py",
    ),
    20: (
        "",
        "the row holds no sample of the streams that the reader asks for",
        "its names must be those under 'input'; alias = ... gives the name that the file has",
    ),
    21: ("", "'{text}' is not a number", "numbers look like 1, -2.5 or 3e-4"),
    22: ("", "more numbers than the 'dim' of stream '{text}'", ""),
    23: ("", "the index is not below the 'dim' of stream '{text}'", ""),
    24: ("", "'|' expected before '{text}'", ""),
    25: ("", "a '|' without the name of a stream", "a comment begins with '|#'"),
    26: ("", "sequence {sequence} has more samples of stream '{text}' than rows", ""),
    27: ("", "sequence {sequence} has fewer samples than rows", ""),
    28: ("", "'{text}' is not an index:value pair", "sparse values look like 17:1"),
    40: ("BS0612", "fewer numbers than the 'dim' of stream '{text}'; the rest is zero", ""),
    41: ("BS0613", "a row without sequence id continues sequence {sequence}", ""),
}


def diagnostic_of(remark: Remark, file: str, severity: Severity) -> Diagnostic:
    """The remark as a diagnostic; `severity` tells a refusal from a tolerated mistake."""
    code, title, remedy = _TEXTS[remark.kind]
    if not code:
        code = "BS0610" if severity == "error" else "BS0611"
    text = title.format(file=file, text=remark.text, sequence=remark.sequence)
    if code == "BS0610":
        remedy = "; ".join(filter(None, (remedy, "maxErrors leaves out some rows of a sequence")))
    span = Span(file, remark.line, remark.column) if remark.line else None
    notes = (Note(f"the row reads '{remark.excerpt.strip()}'"),) if remark.excerpt.strip() else ()
    label = "left out" if code == "BS0611" else ""
    return Diagnostic(code, text, span, label, notes, remedy, severity=severity)


def error_of(remark: Remark, file: str, asked: Span | None) -> BrainScriptError:
    """The error for a file that cannot be used; `asked` is where the config names it."""
    found = diagnostic_of(remark, file, "error")
    if found.span is None:
        found = Diagnostic(found.code, found.title, asked, notes=found.notes, help=found.help)
    if remark.kind == CANNOT_OPEN and "No such file" in remark.text:
        several = "a reader has one file: join the texts into one" if ":" in file else ""
        several = several or file_help(file)
        return MissingFileError(replace(found, help=several))
    if found.code == "BS0618":
        return LimitError(found)
    return BrainScriptError(found)
