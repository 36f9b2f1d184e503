"""LibSVMBinaryReader: rows of sparse features and dense labels, packed by the batch.

Layout, little-endian: i64 rows, i64 batches, i32 features, i32 labels; for each of these i32 name
bytes, name, i32 size; i64 offset of each batch behind these offsets; the batches: i32 rows, for
each feature i32 entries, their values, i32 index of each, i32 first entry of each row and the
end; for each label its values. Values are floats or doubles, whichever fits.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.data.sources import Source, cannot_open
from brainscript.runtime.network import InputSpec
from brainscript.settings import Settings

FIRST = "DSSMLabel"
"""An input of this name, where the file has none, says that the first of its classes is right."""
WITHOUT_EFFECT = "randomize minibatchMode minibatch traceLevel verbosity prefetch".split()
Part = tuple[NDArray[np.floating], NDArray[np.int32], NDArray[np.uint32]]
"""Values, and of a feature their indices and the number of entries of each row."""
NONE = np.empty(0, np.int32), np.empty(0, np.uint32)


class _Cursor:
    """The bytes of the file, from the front."""

    def __init__(self, path: str, span: Span):
        self.path, self.span, self.at = path, span, 0
        try:
            with open(path, "rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise self.damaged("it is empty") from None
        except OSError as error:
            raise cannot_open(path, error, span) from None

    def damaged(self, why: str) -> BrainScriptError:
        """The error for a file whose parts do not fit together."""
        title = f"'{self.path}' is not a usable LibSVMBinaryReader file: {why}"
        return BrainScriptError(Diagnostic("BS0620", title, self.span))

    def array(self, form: str, count: int) -> NDArray[np.generic]:
        """The next numbers."""
        kind = np.dtype(form)
        if count < 0 or count * kind.itemsize > len(self.data) - self.at:
            raise self.damaged("it is cut short")
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += count * kind.itemsize
        return found

    def number(self, form: str = "<i4") -> int:
        """The next number."""
        return int(self.array(form, 1)[0])


@dataclass(frozen=True)
class RowsFile:
    """A file and what its header says; the batches lie behind `start`."""

    path: str
    span: Span
    features: tuple[Stream, ...]
    labels: tuple[Stream, ...]
    batches: int
    start: int
    first: tuple[Stream, ...] = ()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Features and labels."""
        return (*self.features, *self.labels, *self.first)

    def fitted(self, inputs: Sequence[InputSpec]) -> RowsFile:
        """The same with labels for the input `DSSMLabel`, if there is one."""
        named = {stream.name for stream in self.streams}
        wanted = [spec for spec in inputs if spec.name == FIRST and FIRST not in named]
        sizes = [int(np.prod(spec.dims)) for spec in wanted]
        return replace(self, first=tuple(Stream(FIRST, FIRST, size, True) for size in sizes))

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """All rows, in the order of the file."""
        cursor = _Cursor(self.path, self.span)
        cursor.at = self.start - 8 * self.batches
        begins = self.start + cursor.array("<i8", self.batches).astype(np.int64)
        ends = [*begins[1:].tolist(), len(cursor.data)]
        parts: list[list[Part]] = [[] for _ in (*self.features, *self.labels)]
        form, rows = "", 0
        for begin, end in zip(begins.tolist(), ends, strict=True):
            if not self.start <= begin <= end <= len(cursor.data):
                raise cursor.damaged("its batches overlap")
            form = form or self._form(cursor, begin, end)
            cursor.at = begin
            count, found = self._batch(cursor, form)
            rows += count
            for part, more in zip(parts, found, strict=True):
                part.append(more)
        return self._corpus(parts, rows, element_bytes), []

    def _form(self, cursor: _Cursor, begin: int, end: int) -> str:
        """Floats or doubles: those with which a batch ends where it should."""
        for form in ("<f4", "<f8"):
            cursor.at = begin
            with suppress(BrainScriptError):
                self._batch(cursor, form)
                if cursor.at == end:
                    return form
        raise cursor.damaged("its first batch is neither of floats nor of doubles")

    def _batch(self, cursor: _Cursor, form: str) -> tuple[int, list[Part]]:
        """The number of rows of the batch where the cursor is, and what they are."""
        rows = cursor.number()
        if rows < 0:
            raise cursor.damaged(f"a batch has {rows} rows")
        found: list[Part] = []
        for stream in self.features:
            entries = cursor.number()
            values = cursor.array(form, entries).astype(form[1:])
            index = cursor.array("<i4", entries).astype(np.int32)
            starts = cursor.array("<i4", rows + 1).astype(np.int64)
            counts = np.diff(starts)
            if starts[0] or starts[-1] != entries or (counts < 0).any():
                raise cursor.damaged(f"the rows of '{stream.alias}' overlap")
            if entries and not 0 <= index.min() <= index.max() < stream.dim:
                raise cursor.damaged(f"'{stream.alias}' has an index outside of {stream.dim}")
            found.append((values, index, counts.astype(np.uint32)))
        for stream in self.labels:
            values = cursor.array(form, rows * stream.dim).astype(form[1:])
            found.append((values.reshape(rows, stream.dim), *NONE))
        return rows, found

    def _corpus(self, parts: list[list[Part]], rows: int, element_bytes: int) -> Corpus:
        made: list[StreamArrays] = []
        lengths = np.ones(rows, np.uint32)
        for stream, part in zip((*self.features, *self.labels), parts, strict=True):
            values, index, counts = zip(*part, strict=True)
            entries = np.concatenate(counts), np.concatenate(index)
            made.append(StreamArrays(stream, lengths, np.concatenate(values), *entries))
        made += [one_hot(stream, lengths, np.zeros(rows, np.int32)) for stream in self.first]
        return corpus_of(made, np.arange(rows, dtype=np.uint64), element_bytes)


def sparse_rows(settings: Settings) -> list[Source]:
    """A section with `readerType = LibSVMBinaryReader`; only the header is read."""
    for key in WITHOUT_EFFECT:
        settings.has(key, inherited=False)
    names = [name for name in settings.own_keys() if settings.is_section(name)]
    renamed = {name: settings.section(name).text("rename", name) for name in names}
    cursor = _Cursor(settings.text("file"), settings.span_of("file"))
    cursor.number("<i8")
    batches, features, labels = cursor.number("<i8"), cursor.number(), cursor.number()
    if batches < 1 or features < 0 or labels < 0 or not features + labels:
        raise cursor.damaged("it has no batches or no streams")
    streams: list[Stream] = []
    while len(streams) < features + labels:
        name = bytes(cursor.array("u1", cursor.number())).decode("utf-8", "replace")
        dim, sparse = cursor.number(), len(streams) < features
        if dim < 1:
            raise cursor.damaged(f"the stream '{name}' has size {dim}")
        streams.append(Stream(renamed.get(name, name), name, dim, sparse))
    cursor.array("<i8", batches)
    head, tail = tuple(streams[:features]), tuple(streams[features:])
    return [RowsFile(cursor.path, cursor.span, head, tail, batches, cursor.at)]
