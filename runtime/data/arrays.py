"""A corpus made of arrays: for files that are decoded in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime import native_library
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.native_library import library

Floats = NDArray[np.floating]
Counts = NDArray[np.uint32]
ELEMENTS = {4: np.dtype(np.float32), 8: np.dtype(np.float64)}


@dataclass(frozen=True)
class StreamArrays:
    """The samples of one stream, all sequences behind each other.

    `lengths` has the number of samples of each sequence. `values` is [samples, dim]; of a sparse
    stream it is flat, `counts` has the entries of each sample and `rows` the index of each entry.
    """

    stream: Stream
    lengths: Counts
    values: Floats
    counts: Counts = field(default_factory=lambda: np.empty(0, np.uint32))
    rows: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))


def one_hot(stream: Stream, lengths: Counts, classes: NDArray[np.integer]) -> StreamArrays:
    """Sparse samples with a single 1 each, at the index `classes` gives."""
    rows = classes.astype(np.int32)
    return StreamArrays(stream, lengths, np.ones(len(rows)), np.ones(len(rows), np.uint32), rows)


def corpus_of(
    arrays: Sequence[StreamArrays],
    keys: Sequence[int] | NDArray[np.uint64],
    element_bytes: int,
    chunk_starts: Sequence[int] = (),
) -> Corpus:
    """The corpus of these streams; sequences have `keys`, chunks begin at `chunk_starts`.

    Without `chunk_starts` everything is one chunk. The arrays are copied.
    """
    numbers = np.ascontiguousarray(keys, np.uint64)
    starts = list(chunk_starts) or [0]
    chunks = np.array([*starts, len(numbers)] if len(numbers) else [0], np.uint32)
    specs = (native_library.ArrayStream * len(arrays))()
    kept: list[NDArray[np.generic]] = []
    for spec, given in zip(specs, arrays, strict=True):
        assert len(given.lengths) == len(numbers), given.stream.name
        spec.dim, spec.sparse = given.stream.dim, given.stream.sparse
        parts: dict[str, NDArray[np.generic]] = {
            "lengths": np.ascontiguousarray(given.lengths, np.uint32),
            "values": np.ascontiguousarray(given.values, ELEMENTS[element_bytes]),
            "counts": np.ascontiguousarray(given.counts, np.uint32),
            "rows": np.ascontiguousarray(given.rows, np.int32),
        }
        _check(given, parts)
        for name, part in parts.items():
            setattr(spec, name, part.ctypes.data)
            kept.append(part)
    handle = library().bs_corpus_from_arrays(
        specs,
        len(arrays),
        numbers.ctypes.data,
        len(numbers),
        chunks.ctypes.data,
        len(chunks) - 1,
        element_bytes,
    )
    return Corpus(handle, [given.stream for given in arrays])


def _check(given: StreamArrays, parts: dict[str, NDArray[np.generic]]) -> None:
    """The sizes fit together: native code relies on it."""
    samples = int(given.lengths.sum(dtype=np.uint64))
    if given.stream.sparse:
        entries = int(given.counts.sum(dtype=np.uint64))
        assert len(parts["counts"]) == samples, given.stream.name
        assert parts["values"].size == parts["rows"].size == entries, given.stream.name
    else:
        assert parts["values"].size == samples * given.stream.dim, given.stream.name
