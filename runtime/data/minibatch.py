"""Minibatches of resident data: which sequences, how many columns, and their samples.

A minibatch takes whole sequences while their samples stay within its size, at least one; it never
crosses the end of a sweep or of its epoch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime import native_library
from brainscript.runtime.data.corpus import Corpus
from brainscript.runtime.data.randomise import Order
from brainscript.runtime.data.ready.ahead import ReadAhead
from brainscript.runtime.data.streams import Binding
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.native_library import library
from brainscript.runtime.network import ALL, Array, InputSpec, Share

Load = Callable[[], Corpus]


class Minibatch:
    """Some sequences, in order."""

    def __init__(
        self,
        reader: Reader,
        info: native_library.MinibatchInfo,
        whole: Minibatch | None = None,
    ):
        """`whole` is the minibatch that this one is a part of, if it is."""
        self._reader = reader
        self.whole: Minibatch = whole or self
        self._info = info
        self.samples = int(info.samples)
        self.sweep = int(info.sweep)
        count = int(info.count)
        self._numbers = np.ctypeslib.as_array(info.sequences, (count,)).copy()
        info.sequences = self._numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        self._pieces: NDArray[np.uint64] | None = None
        if info.pieces:
            words = ctypes.cast(info.pieces, ctypes.POINTER(ctypes.c_uint64))
            self._pieces = np.ctypeslib.as_array(words, (count, 3)).copy()
            address = self._pieces.ctypes.data_as(ctypes.POINTER(native_library.Piece))
            info.pieces = address

    def part(self, share: Share) -> Minibatch:
        """Every n-th sequence; of truncated ones every n-th row, so that each stays in its part."""
        first, count = share
        numbers = self._numbers[first::count]
        part = native_library.MinibatchInfo()
        if self._pieces is None:
            lengths = self._reader.corpus.lengths()[numbers]
        else:
            chosen = self._pieces[:, 2] % count == first
            numbers, pieces = self._numbers[chosen], np.ascontiguousarray(self._pieces[chosen])
            lengths = pieces[:, 1]
            part.pieces = pieces.ctypes.data_as(ctypes.POINTER(native_library.Piece))
        numbers = np.ascontiguousarray(numbers)
        part.sequences = numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        part.count, part.samples, part.sweep = len(numbers), int(lengths.sum()), self.sweep
        part.rows, part.width = self._info.rows, self._info.width
        return self._reader.made(part, self)  # which copies what `part` points to

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the sequences, as the files have them."""
        corpus = self._reader.corpus
        keys: list[int] = self._reader.keys[self._numbers].tolist()
        return [corpus.name_of(key) for key in keys]

    @property
    def numbers(self) -> NDArray[np.uint32]:
        """The numbers of the sequences in the corpus."""
        return self._numbers

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        """Samples and packed columns of each axis."""
        sizes: dict[str, tuple[int, int]] = {}
        out = (ctypes.c_int64 * 2)()
        info = ctypes.byref(self._info)
        for axis, stream in self._reader.axes.items():
            if library().bs_reader_columns(self._reader.handle, stream, info, out):
                raise MemoryError("no memory to pack a minibatch")
            sizes[axis] = int(out[0]), int(out[1])
        return sizes

    @property
    def columns(self) -> Mapping[str, int]:
        """The samples on each dynamic axis."""
        return {axis: samples for axis, (samples, _) in self._sizes.items()}

    @property
    def padded(self) -> Mapping[str, int]:
        """The columns of each axis in CNTK's layout: first-fit rows as long as the longest."""
        return {axis: packed for axis, (_, packed) in self._sizes.items()}

    @property
    def frames(self) -> bool:
        """Whether all sequences have one sample, on every axis."""
        return self._pieces is None and self._reader.frames

    @property
    def layouts(self) -> Mapping[str, Sequences]:
        """The sequences of each axis, in the order of the minibatch."""
        return self._layouts

    @cached_property
    def _layouts(self) -> Mapping[str, Sequences]:
        """The sequences of each axis, and which of them go on from or in another minibatch."""
        return {axis: self._layout(stream) for axis, stream in self._reader.axes.items()}

    def _layout(self, stream: int) -> Sequences:
        lengths = self._lengths(stream)
        if self._pieces is None:
            return Sequences(lengths)
        begin, length, slot = (self._pieces[:, i].astype(np.int64) for i in range(3))
        whole = self._reader.corpus.lengths()[self._numbers]
        ends = (begin + length == whole).astype(np.int64)
        return Sequences(lengths, (begin == 0).astype(np.int64), ends, slot)

    def _lengths(self, stream: int) -> list[int]:
        out = np.empty(int(self._info.count), np.int64)
        info = ctypes.byref(self._info)
        library().bs_reader_lengths(self._reader.handle, stream, info, out.ctypes.data)
        return out.tolist()

    def fill(self, name: str, target: Array) -> None:
        """Write the samples of an input, densely, into a [columns, ...] array, in the order of the
        layout: time-major, longest sequences first."""
        reader = self._reader
        stream = reader.binding[name]
        dim = reader.corpus.streams[stream].dim
        columns = self._sizes[reader.axis_of[name]][0]
        if target.size != columns * dim:
            raise ValueError(f"{target.shape} has no room for {columns} samples of {dim} values")
        if target.dtype == reader.dtype and target.flags.c_contiguous:
            address = target.ctypes.data
            self._gather(stream, address)
            return
        rows = np.empty(columns * dim, reader.dtype)
        self._gather(stream, rows.ctypes.data)
        target[...] = rows.reshape(target.shape)

    def refer(self, name: str, element_bytes: int, records: NDArray[np.int64]) -> bool:
        """Point records to the elements of the samples of a sparse input, which lie in the corpus.

        False where they are of another type, or not sparse: nothing is done then.
        """
        reader = self._reader
        stream = reader.binding[name]
        if element_bytes != reader.dtype.itemsize or not reader.corpus.streams[stream].sparse:
            return False
        info, target = ctypes.byref(self._info), np.ascontiguousarray(records)
        if library().bs_reader_refer(reader.handle, stream, info, target.ctypes.data):
            raise MemoryError("no memory to pack a minibatch")
        records[...] = target
        return True

    def elements(self, names: Sequence[str]) -> int:
        """How many elements the samples of these inputs have in all; of dense ones none count."""
        reader, info = self._reader, ctypes.byref(self._info)
        streams = [reader.binding[name] for name in names]
        return sum(
            int(library().bs_reader_elements(reader.handle, stream, info))
            for stream in streams
            if reader.corpus.streams[stream].sparse
        )

    def _gather(self, stream: int, address: int) -> None:
        info = ctypes.byref(self._info)
        if library().bs_reader_gather(self._reader.handle, stream, info, address):
            raise MemoryError("no memory to pack a minibatch")


class Reader:
    """Epoch after epoch of one corpus, which is loaded when the first epoch starts."""

    in_memory = True
    """Whether all samples lie in the corpus, so that native code can read them."""

    def __init__(
        self,
        load: Load,
        order: Order,
        inputs: Sequence[InputSpec],
        binding: Binding,
        dtype: np.dtype[np.floating],
        truncation: int = 0,
        rows: int = 0,
        group: int = 0,
        once: bool = False,
    ):
        """`truncation` is the most steps of a piece of a sequence; 0 for whole sequences.

        With `rows` it is the minibatch size, and so many sequences are read side by side. With
        `group` a minibatch is so many whole sequences, whatever its size. With `once` no epoch is
        longer than one sweep.
        """
        self.truncation, self.rows, self.group, self.once = truncation, rows, group, once
        self._load = load
        self.order = order
        self.binding = binding
        self.dtype = dtype
        self.axis_of = {spec.name: spec.axis for spec in inputs}
        self.axes: dict[str, int] = {}
        for spec in inputs:
            self.axes.setdefault(spec.axis, binding[spec.name])
        self._handle = 0
        self.share: Share = ALL

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", 0), 0
        if handle:
            library().bs_reader_free(handle)

    def prefetch(self) -> None:
        """Begin to read the data while the caller goes on."""
        if isinstance(self._load, ReadAhead):
            self._load.start()

    @cached_property
    def corpus(self) -> Corpus:
        """The data; read at first use."""
        return self._load()

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """The key of each sequence of the data."""
        return self.corpus.keys()

    @property
    def handle(self) -> int:
        """The reader of the native library."""
        if not self._handle:
            options = self.order.native()
            created = library().bs_reader_create(self.corpus.handle, ctypes.byref(options))
            if not created:
                raise MemoryError("no memory for a reader")
            self._handle = int(created)
            library().bs_reader_truncate(self._handle, self.truncation)
            library().bs_reader_group(self._handle, self.group)
        return self._handle

    @cached_property
    def frames(self) -> bool:
        """Whether every sequence has one sample in the streams that are read."""
        return all(self.corpus.single(stream) for stream in self.axes.values())

    def start_epoch(self, index: int, epoch_size: int, minibatch_size: int) -> None:
        """Go to epoch `index` of `epoch_size` samples (0: one sweep of the data)."""
        size = min(epoch_size, 2**62 // (index + 1))
        if self.once and size > int(self.corpus.lengths().sum(dtype=np.int64)):
            size = 0
        if self.rows:
            self.truncation = minibatch_size
            library().bs_reader_truncate(self.handle, minibatch_size)
            minibatch_size *= self.rows
        if library().bs_reader_start_epoch(self.handle, index, size, min(minibatch_size, 2**62)):
            raise MemoryError("no memory for the order of the data")

    def next(self) -> Minibatch | None:
        """The next minibatch, or None at the end of the epoch."""
        info = native_library.MinibatchInfo()
        status = library().bs_reader_next(self.handle, ctypes.byref(info))
        if status == native_library.END_OF_EPOCH:
            return None
        if status != native_library.DONE:
            raise MemoryError("no memory for the order of the data")
        if self.share == ALL:
            return self.made(info)
        return Minibatch(self, info).part(self.share)

    def made(self, info: native_library.MinibatchInfo, whole: Minibatch | None = None) -> Minibatch:
        """The minibatch that the native library describes, a part of `whole` if that is given."""
        return Minibatch(self, info, whole)
