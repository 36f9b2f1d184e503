"""Data resident in native memory: read from text files, joined by sequence key."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Note, Span, shorten
from brainscript.runtime import native_library
from brainscript.runtime.data.ready.parsed import ParsedCache
from brainscript.runtime.data.remarks import Remark, diagnostic_of, error_of
from brainscript.runtime.data.sequence_keys import Keys
from brainscript.runtime.native_library import library


@dataclass(frozen=True)
class Stream:
    """One stream of a file: the network input it feeds and the name it has in the file."""

    name: str
    alias: str
    dim: int
    sparse: bool
    defines_size: bool = False
    span: Span | None = None
    window: int = 1
    """How many frames of the file make one sample; `dim` counts all of them."""


@dataclass(frozen=True)
class TextFile:
    """How to read one file of CNTK's text format; `span` is the place that names it."""

    path: str
    streams: tuple[Stream, ...]
    chunk_bytes: int = 32 << 20
    max_errors: int = 0
    skip_ids: bool = False
    max_remarks: int = 20
    span: Span | None = None
    cache: ParsedCache | None = None

    @property
    def how(self) -> tuple[object, ...]:
        """What decides which data the bytes of the file mean."""
        streams = [(s.alias, s.dim, s.sparse, s.defines_size) for s in self.streams]
        return (streams, self.chunk_bytes, self.skip_ids)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """The data, and warnings on it. Only data whose keys stay the file's numbers is kept."""
        file = self if keys.numeric and not keys.shift else replace(self, cache=None)
        corpus, warnings = read_text(file, element_bytes, symbolic=not keys.numeric)
        corpus.rename(keys)
        return corpus, warnings


class Corpus:
    """Sequences of several streams. Streams are numbered in the order of `streams`.

    `names` has what keys stand for that are no numbers in the files; `name_shift` bits of such a
    key are the number of a frame.
    """

    def __init__(self, handle: int | None, streams: Sequence[Stream]):
        if not handle:
            raise MemoryError("no memory for the data")
        self.handle: int = handle
        self.streams = tuple(streams)
        self.names: Mapping[int, str] = {}
        self.name_shift = 0
        totals = (ctypes.c_int64 * 6)()
        library().bs_corpus_totals(handle, totals)
        self.sequences, self.samples, self.chunks, self.errors = (int(n) for n in totals[:4])
        self.remarks_left_out, self.dropped = int(totals[4]), int(totals[5])

    def __del__(self) -> None:
        handle, self.handle = getattr(self, "handle", 0), 0
        if handle:
            library().bs_corpus_free(handle)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to remark on the data."""
        return not (self.errors or self.remarks_left_out or self.remarks())

    def failure(self) -> Remark | None:
        """Why the data cannot be used, if so."""
        native = native_library.Remark()
        if not library().bs_corpus_failure(self.handle, ctypes.byref(native)):
            return None
        return Remark.copy(native)

    def remarks(self) -> list[Remark]:
        """Mistakes that were tolerated, and warnings."""
        found: list[Remark] = []
        native = native_library.Remark()
        for index in range(int(library().bs_corpus_remarks(self.handle))):
            library().bs_corpus_remark(self.handle, index, ctypes.byref(native))
            found.append(Remark.copy(native))
        return found

    def keys(self) -> NDArray[np.uint64]:
        """The key of each sequence."""
        if not self.sequences:
            return np.empty(0, np.uint64)
        keys = library().bs_corpus_keys(self.handle)
        return np.ctypeslib.as_array(keys, (self.sequences,)).copy()

    def rename(self, keys: Keys) -> None:
        """Give the sequences of a file the keys that their ids have in this reader."""
        if keys.numeric and not keys.shift:
            return
        numbers = keys.of_sequences(self.keys(), self.ids())
        library().bs_corpus_set_keys(self.handle, np.ascontiguousarray(numbers).ctypes.data)

    def ids(self) -> list[str]:
        """What the keys stand for, in a file whose ids are no numbers: key k is `ids[k]`."""
        count = int(library().bs_corpus_names(self.handle))
        texts = (library().bs_corpus_name(self.handle, k) for k in range(count))
        return [text.decode("utf-8", "replace") for text in texts]

    def name_of(self, key: int) -> str:
        """What the files call a sequence."""
        return self.names.get(key >> self.name_shift, str(key))

    def lengths(self) -> NDArray[np.uint32]:
        """What each sequence counts in a minibatch."""
        if not self.sequences:
            return np.empty(0, np.uint32)
        lengths = library().bs_corpus_lengths(self.handle)
        return np.ctypeslib.as_array(lengths, (self.sequences,)).copy()

    def chunk_starts(self) -> NDArray[np.uint32]:
        """The first sequence of each chunk, and the number of sequences."""
        starts = library().bs_corpus_chunks(self.handle)
        return np.ctypeslib.as_array(starts, (self.chunks + 1,)).copy()

    def single(self, stream: int) -> bool:
        """Whether every sequence has one sample in this stream."""
        return bool(library().bs_corpus_single(self.handle, stream))

    def first_difference(self, left: int, right: int) -> tuple[int, int, int] | None:
        """Key and two lengths of the first sequence that differs in length between two streams."""
        out = (ctypes.c_int64 * 3)()
        if not library().bs_corpus_compare(self.handle, left, right, out):
            return None
        return out[0] & 0xFFFFFFFFFFFFFFFF, out[1], out[2]


def read_text(
    file: TextFile, element_bytes: int, *, symbolic: bool = False
) -> tuple[Corpus, list[Diagnostic]]:
    """The data of a file and the warnings on it; raises when the file cannot be used.

    With `symbolic` ids are words, and keys the numbers of these words.
    """
    specs = (native_library.StreamSpec * len(file.streams))()
    for spec, stream in zip(specs, file.streams, strict=True):
        alias = stream.alias.encode("utf-8")
        spec.alias, spec.alias_bytes, spec.dim = alias, len(alias), stream.dim
        spec.sparse, spec.defines_size = stream.sparse, stream.defines_size
    options = native_library.TextOptions(
        file.chunk_bytes, file.max_errors, file.skip_ids, symbolic, element_bytes, file.max_remarks
    )
    path = file.path.encode("utf-8", "surrogateescape")
    sys.audit("open", file.path, "r", 0)
    warnings: list[Diagnostic] = []
    key = file.cache.key(file, element_bytes) if file.cache is not None else None
    if file.cache is not None and key is not None:
        kept = file.cache.load(key, warnings)
        if kept is not None:
            return Corpus(kept, file.streams), warnings
    handle = library().bs_text_read(path, specs, len(specs), ctypes.byref(options))
    corpus = Corpus(handle, file.streams)
    ids = corpus.ids()
    failure = corpus.failure()
    if failure is not None:
        raise error_of(_named(failure, ids), file.path, file.span)
    if file.cache is not None and key is not None and corpus.clean:
        file.cache.keep(key, corpus, file, element_bytes)
    warnings += [diagnostic_of(_named(r, ids), file.path, "warning") for r in corpus.remarks()]
    if corpus.remarks_left_out and file.max_remarks:
        title = f"{corpus.remarks_left_out} further remarks on '{file.path}' are not shown"
        warnings.append(Diagnostic("BS0611", title, severity="warning"))
    return corpus, warnings


def _named(remark: Remark, ids: Sequence[str]) -> Remark:
    """The remark with the id of its sequence as the file has it."""
    known = isinstance(remark.sequence, int) and remark.sequence < len(ids)
    return replace(remark, sequence=ids[int(remark.sequence)]) if known else remark


def join(parts: Sequence[Corpus], span: Span | None) -> tuple[Corpus, list[Diagnostic]]:
    """Several corpora as one, joined by sequence key; the first gives the order."""
    if len(parts) == 1:
        return parts[0], []
    handles = (ctypes.c_void_p * len(parts))(*(part.handle for part in parts))
    streams = [stream for part in parts for stream in part.streams]
    corpus = Corpus(library().bs_corpus_join(handles, len(parts)), streams)
    if corpus.failure() is not None:
        raise _nothing_joined(parts, span)
    warnings: list[Diagnostic] = []
    if corpus.dropped:
        title = f"{corpus.dropped} sequences are left out because a file lacks their key"
        warnings.append(Diagnostic("BS0615", title, span, severity="warning"))
    return corpus, warnings


def _nothing_joined(parts: Sequence[Corpus], span: Span | None) -> BrainScriptError:
    title = "no sequence key occurs in all files of the reader"
    first = [(p.streams[0].name, p.name_of(int(p.keys()[0]))) for p in parts if p.sequences]
    notes = tuple(Note(f"the first key of '{name}' is '{shorten(key, 60)}'") for name, key in first)
    help = (
        "the key of a row of text is what stands before its first '|', else the number of the line"
    )
    return BrainScriptError(Diagnostic("BS0614", title, span, notes=notes, help=help))
