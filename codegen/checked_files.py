"""Files kept between runs that are whole or count as absent: the ground of both caches."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from brainscript.diagnostic import Diagnostic

SIZE_LIMIT = 512 << 20
"""Bytes that the files of one kind may take before those not used for longest are removed."""

ABANDONED_SECONDS = 24 * 3600
"""The age from which a file that is being written belongs to a run that was killed over it."""

PRUNE_SECONDS = 600
"""How long after it was pruned a folder may grow: to look at 100,000 files takes seconds."""

_DIGEST = hashlib.sha256().digest_size

Warn = Callable[[Diagnostic], None]
"""Where remarks on damaged files go."""


class CheckedFiles:
    """The files `<key><suffix>` of a folder: a mark, the SHA-256 of the payload, the payload.

    A file that is cut short or changed is removed, with a remark that says `what` it held. Writing
    never fails the caller: a full disk only means that the next run compiles again.
    """

    def __init__(self, folder: Path, suffix: str, mark: bytes, what: str, warn: Warn | None):
        self.folder = folder
        self._suffix = suffix
        self._mark = mark
        self._what = what
        self._warn = warn

    def get(self, key: str) -> bytes | None:
        """The bytes stored under `key`, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        start = len(self._mark) + _DIGEST
        payload = data[start:]
        if data[:start] != self._head(payload):
            self._refuse(path)
            return None
        with suppress(OSError):
            os.utime(path)
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Store bytes under `key`; readers see all of them or none."""
        with suppress(OSError):
            self._write(self._path(key), self._head(payload) + payload)

    def tidy(self) -> None:
        """Prune, unless that was done shortly before."""
        mark = self.folder / f".{self._suffix[1:]}-pruned"
        with suppress(OSError):
            if mark.exists() and time.time() - mark.stat().st_mtime < PRUNE_SECONDS:
                return
            mark.touch()
            self.prune()

    def prune(self, limit: int = SIZE_LIMIT) -> None:
        """Remove the files not used for longest until the rest is within `limit` bytes."""
        remove_oldest(self.folder, self._suffix, limit)
        for path in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                    path.unlink()

    def _head(self, payload: bytes) -> bytes:
        return self._mark + hashlib.sha256(payload).digest()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{self._suffix}"

    def _refuse(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()
        if self._warn is not None:
            title = f"a compiled {self._what} in the cache is damaged and is compiled again"
            label = f"{path}: the checksum is wrong"
            self._warn(Diagnostic("BS0814", title, label=label, severity="warning"))

    def _write(self, path: Path, data: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise


def remove_oldest(folder: Path, suffix: str, limit: int) -> None:
    """Remove the files `*<suffix>` not used for longest until the rest is within `limit` bytes."""
    entries: list[tuple[float, int, str]] = []
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(suffix):
                with suppress(OSError):
                    facts = file.stat()
                    entries.append((facts.st_mtime, facts.st_size, file.path))
    total = sum(size for _, size, _ in entries)
    if total <= limit:
        return
    for _, size, path in sorted(entries):
        with suppress(OSError):
            os.unlink(path)
        total -= size
        if total <= limit:
            return
