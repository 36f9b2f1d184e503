"""UCIFastReader: a table of numbers, a sample a row, labels in a column of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, did_you_mean
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.data.sources import Source, read_lines
from brainscript.runtime.data.text import at_least
from brainscript.settings import Settings

KINDS = ("category", "regression", "none")
WITHOUT_EFFECT = ("minibatchMode", "traceLevel", "verbosity", "prefetch")


@dataclass(frozen=True)
class Columns:
    """The columns of one stream; `classes` is the file with the names of classes, if any."""

    stream: Stream
    start: int
    count: int
    classes: str = ""
    span: Span | None = None


@dataclass(frozen=True)
class TableSource:
    """One table."""

    parts: tuple[Columns, ...]
    path: str
    span: Span
    delimiter: str = ""
    point: str = "."

    @property
    def streams(self) -> tuple[Stream, ...]:
        """One stream for each section."""
        return tuple(part.stream for part in self.parts)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """All rows."""
        rows = self._rows()
        if not rows:
            raise BrainScriptError(Diagnostic("BS0651", f"'{self.path}' has no rows", self.span))
        lengths = np.ones(len(rows), np.uint32)
        arrays = [self._arrays(part, rows, lengths) for part in self.parts]
        return corpus_of(arrays, np.arange(len(rows), dtype=np.uint64), element_bytes), []

    def _rows(self) -> list[tuple[int, list[str]]]:
        split = self.delimiter or None
        lines = enumerate(read_lines(self.path, self.span), 1)
        return [(n, line.split(split)) for n, line in lines if line.strip()]

    def names(self, part: Columns) -> list[str]:
        """The names in a column, each once, in the order in which they come."""
        return list(dict.fromkeys(self._take(part, n, row)[0] for n, row in self._rows()))

    def _arrays(
        self, part: Columns, rows: list[tuple[int, list[str]]], lengths: NDArray[np.uint32]
    ) -> StreamArrays:
        if part.classes:
            names = [line.strip() for line in read_lines(part.classes, part.span)]
            numbers = {name: k for k, name in enumerate(names) if name}
            classes = [
                self._class(part, numbers, n, self._take(part, n, row)[0]) for n, row in rows
            ]
            return one_hot(part.stream, lengths, np.array(classes))
        self._take(part, *rows[0])
        values = np.empty((len(rows), part.count))
        for k, (number, row) in enumerate(rows):
            values[k] = [self._number(number, field) for field in self._take(part, number, row)]
        return StreamArrays(part.stream, lengths, values)

    def _take(self, part: Columns, number: int, row: list[str]) -> list[str]:
        end = part.start + part.count
        if len(row) < end:
            why = f"it has {len(row)} columns, '{part.stream.name}' needs {end}"
            raise self._error(number, why)
        return row[part.start : end]

    def _class(self, part: Columns, numbers: dict[str, int], line: int, name: str) -> int:
        number = numbers.get(name.strip())
        if number is None or number >= part.stream.dim:
            help = did_you_mean(name, numbers)
            why = f"the class '{name}' is not among the first {part.stream.dim} of '{part.classes}'"
            raise self._error(line, why, help)
        return number

    def _number(self, line: int, field: str) -> float:
        text = field.replace(self.point, ".") if self.point != "." else field
        with suppress(ValueError):
            if "_" not in text:
                return float(text)
        raise self._error(line, f"'{field}' is no number")

    def _error(self, line: int, why: str, help: str = "") -> BrainScriptError:
        title = f"{Path(self.path)}:{line}: {why}"
        return BrainScriptError(Diagnostic("BS0651", title, self.span, help=help))


def table_sources(settings: Settings) -> list[Source]:
    """A section with `readerType = UCIFastReader`: sections with `start` and `dim`, one file."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    names = [n for n in settings.own_keys() if settings.is_section(n)]
    parts = [part for n in names if (part := _columns(settings.section(n), n))]
    holders = [settings, *(settings.section(n) for n in names)]
    holders = [h for h in holders if h.has("file", inherited=False)] or [settings]
    holder = holders[0]
    delimiter = settings.text("customDelimiter", "")
    point = settings.text("customDecimalPoint", ".")
    path, span = holder.text("file"), holder.span_of("file")
    for other in holders[1:]:
        if (second := other.text("file")) != path:
            why = f"is '{second}', but '{holder.name}' has '{path}'"
            raise other.wrong("file", why, "one reader reads one table: name the same file")
    return [TableSource(tuple(parts), path, span, delimiter, point)]


def _columns(section: Settings, name: str) -> Columns | None:
    start = at_least(section, "start", 0, 0)
    if not section.has("labelDim", inherited=False):
        section.has("labelType", inherited=False)
        dim = at_least(section, "dim", 1, 0)
        return Columns(Stream(name, name, dim, False, span=section.key_span("dim")), start, dim)
    kind = section.word("labelType", KINDS, "category")
    dim, count = at_least(section, "labelDim", 1, 0), at_least(section, "dim", 1, 1)
    section.has("labelMappingFile", inherited=False)
    if kind == "none":
        return None
    if kind == "regression":
        return Columns(Stream(name, name, count, False, span=section.key_span("dim")), start, count)
    stream = Stream(name, name, dim, True, span=section.key_span("labelDim"))
    span = section.span_of("labelMappingFile")
    return Columns(stream, start, 1, section.text("labelMappingFile"), span)


def class_names(settings: Settings) -> tuple[str, Callable[[], list[str]]]:
    """The mapping file that a table's reader section names, and what finds the classes for it."""
    (source,) = table_sources(settings)
    assert isinstance(source, TableSource)
    part = next((part for part in source.parts if part.classes), None)
    if part is None:
        title = "the reader has no labels by name: a section with labelDim and labelMappingFile"
        raise BrainScriptError(Diagnostic("BS0603", title, settings.span))
    return part.classes, lambda: source.names(part)
