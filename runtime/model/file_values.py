"""The tensors of a model file by name, read when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.model.model_file import BLOCK, ModelFile

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Slice:
    """Where the numbers of a tensor lie in a file: its dims as an array has them, and its type."""

    at: int
    shape: tuple[int, ...]
    stored: np.dtype[Any]


class FileValues(Mapping[str, Array]):
    """Tensors by name: read from the file when they are asked for, or held as arrays."""

    def __init__(self, file: ModelFile, dtype: np.dtype[Any] | None = None):
        self._file = file
        self._dtype = dtype
        self._entries: dict[str, Slice | Array] = {}
        self._seal: tuple[int, str] | None = None

    def seal(self, start: int, checksum: str) -> None:
        """Say what the SHA-256 of everything from byte `start` on, the tensors, must be.

        It is compared once: when the first tensor is asked for, or while all are copied.
        """
        self._seal = start, checksum

    def add(self, name: str, entry: Slice | Array) -> None:
        """One more tensor."""
        self._entries[name] = entry

    def entry(self, name: str) -> Slice | Array:
        """The tensor, or where it lies."""
        return self._entries[name]

    def __getitem__(self, name: str) -> Array:
        entry = self._entries[name]
        if self._seal is not None:
            self._compare(self._file.sha256(self._seal[0]))
        array = entry if not isinstance(entry, Slice) else self._read(entry)
        return array if self._dtype is None else array.astype(self._dtype, copy=False)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def form(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and type of a tensor, which is not read for that."""
        entry = self._entries[name]
        stored = entry.stored if isinstance(entry, Slice) else entry.dtype
        return entry.shape, stored if self._dtype is None else self._dtype

    def copy_into(self, targets: Mapping[str, Array]) -> None:
        """Copy tensors into contiguous arrays of as many elements.

        When the tensors have a checksum that differs, the error comes after the copying.
        """
        if self._seal is not None:
            self._copy_and_compare(targets)
            return
        for name, target in targets.items():
            entry = self._entries[name]
            if isinstance(entry, Slice) and entry.stored == target.dtype:
                self._file.read_into(entry.at, target)
            else:
                target.reshape(-1)[:] = self[name].reshape(-1)

    def _copy_and_compare(self, targets: Mapping[str, Array]) -> None:
        """One pass over all tensors, in the file's order; a thread computes the checksum."""
        digest = hashlib.sha256()
        with ThreadPoolExecutor(1) as worker:
            for name, entry in self._entries.items():
                assert isinstance(entry, Slice)
                target = targets.get(name)
                if target is None or target.dtype != entry.stored:
                    part = self._read(entry)
                    worker.submit(digest.update, part.reshape(-1).data.cast("B"))
                    if target is not None:
                        target.reshape(-1)[:] = part.reshape(-1)
                    continue
                view = target.reshape(-1).data.cast("B")
                for begin in range(0, len(view), BLOCK):
                    chunk = view[begin : begin + BLOCK]
                    self._file.read_bytes_into(entry.at + begin, chunk)
                    worker.submit(digest.update, chunk)
        self._compare(digest.hexdigest())

    def _compare(self, found: str) -> None:
        assert self._seal is not None
        start, expected = self._seal
        if found != expected:
            raise self._file.damaged(start, "the checksum of its tensors differs")
        self._seal = None

    def _read(self, entry: Slice) -> Array:
        count = int(np.prod(entry.shape, dtype=np.int64))
        return self._file.read_array(entry.at, entry.stored, count).reshape(entry.shape)
