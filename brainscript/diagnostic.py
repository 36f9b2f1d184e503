"""Diagnostics: what went wrong, where, why, and what to do about it. Data first, one renderer."""

from __future__ import annotations

import difflib
import linecache
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "remark"]
LineOf = Callable[[str, int], str]
"""Text of one line (1-based) of a source; empty when it is not known."""

LONGEST_LABEL = 500
"""Characters of a label, such as the type of a tensor with many axes."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of characters on one line: `line` and `column` from 1, `length` at least 1."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Note:
    """Another place that belongs to a diagnostic: a definition, a call site, a first use."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One remark on the user's input.

    `title` says what is wrong (lower case, no full stop, names in single quotes), `label` why at
    this place, `help` what to do, `path` the BrainScript name of the node, `calls` the call sites
    from the inside out through which the place was reached.
    """

    code: str
    title: str
    span: Span | None = None
    label: str = ""
    notes: tuple[Note, ...] = ()
    help: str = ""
    path: str = ""
    calls: tuple[Span, ...] = ()
    severity: Severity = "error"

    def as_json(self) -> dict[str, Any]:
        """The same facts as plain data, for `--format json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Diagnostic:
        """The diagnostic of what `as_json` gave."""

        def span(found: Mapping[str, Any] | None) -> Span | None:
            return None if found is None else Span(**found)

        notes = tuple(Note(note["text"], span(note["span"])) for note in data["notes"])
        calls = tuple(Span(**call) for call in data["calls"])
        placed: dict[str, Any] = {"span": span(data["span"]), "notes": notes, "calls": calls}
        return cls(**{**data, **placed})


class BrainScriptError(Exception):
    """The input is at fault: carries diagnostics; the exit code is what the commands return."""

    exit_code = 1

    def __init__(self, *diagnostics: Diagnostic):
        super().__init__(diagnostics[0].title if diagnostics else "")
        self.diagnostics = diagnostics
        self.line_of: LineOf = linecache.getline

    def __str__(self) -> str:
        """What a program that does not catch the error shows: the first diagnostic as text."""
        return render(self.diagnostics[0], self.line_of) if self.diagnostics else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.diagnostics


class CommandLineError(BrainScriptError):
    """The command line itself is wrong."""

    exit_code = 2


class MissingFileError(BrainScriptError):
    """A file or model that the config names is not there."""

    exit_code = 3


class LimitError(BrainScriptError):
    """A limit of `limits.py` stopped the work."""

    exit_code = 4


class CompilerFaultError(BrainScriptError):
    """The compiler made something that cannot be compiled: its own fault, not the input's."""

    exit_code = 70


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name most like `name`, or an empty string where none is of that likeness.

    Another name is like one letter only if it is that letter, large or small. A name of half the
    length or less is not like the other one, unless it is a part of it.
    """
    likeness, lower = 1.0 if len(name) == 1 else likeness, name.lower()
    sizes = range(len(name) // 2 + 1, 2 * len(name))
    table = {k.lower(): k for k in known}
    close = [k for k in table if len(k) in sizes or k in lower or lower in k]
    hits = difflib.get_close_matches(lower, close, n=1, cutoff=likeness)
    return table[hits[0]] if hits else ""


def did_you_mean(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The help line for a misspelt name; empty when nothing is near."""
    hit = nearest(name, known, likeness)
    return f"did you mean '{hit}'?" if hit else ""


def shorten(text: str, limit: int = 160) -> str:
    """`text` with its middle left out when it is longer than `limit`."""
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def render(diagnostic: Diagnostic, line_of: LineOf = linecache.getline) -> str:
    """The diagnostic as text for a terminal, without colour."""
    d = diagnostic
    lines = [f"{d.severity}[{d.code}]: {d.title}"]
    if d.span is not None:
        lines += _excerpt(d.span, shorten(d.label, LONGEST_LABEL), "^", line_of)
    elif d.label:
        lines.append(f"  {shorten(d.label, LONGEST_LABEL)}")
    if d.path:
        lines.append(f"in: {shorten(d.path)}")
    for note in d.notes:
        if note.span is None:
            lines.append(f"note: {note.text}")
        else:
            lines += _excerpt(note.span, note.text, "-", line_of)
    lines += [f"called from {span}" for span in d.calls]
    if d.help:
        lines.append(f"help: {d.help}")
    return "\n".join(lines)


def _excerpt(span: Span, label: str, mark: str, line_of: LineOf) -> list[str]:
    pad = " " * len(str(span.line))
    place = f"{pad}--> {span}"
    raw = line_of(span.file, span.line).rstrip("\r\n")
    if not raw:
        return [place, f"{pad} = {label}"] if label else [place]
    start = max(0, span.column - 60) if len(raw) > 160 else 0
    text = raw[start : start + 160]
    column = min(span.column - 1 - start, len(text))
    line = "".join(" " if c == "\t" or not c.isprintable() else c for c in text)
    length = span.length if span.length > 1 else _word_length(line, column)
    under = mark * max(1, min(length, len(line) - column))
    gutter = f"{pad} | {' ' * column}{under} {label}".rstrip()
    return [place, f"{pad} |", f"{span.line} | {line}", gutter]


def _word_length(line: str, column: int) -> int:
    """The length of the name, `%name`, `$name$` or number at `column`; places in IR have none."""
    if line.startswith("$", column) and (stop := line.find("$", column + 1)) > 0:
        return stop + 1 - column
    if column and (line[column - 1].isalnum() or line[column - 1] == "_"):
        return 1
    end = column + line.startswith(("%", "@"), column)
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    return max(1, end - column)
