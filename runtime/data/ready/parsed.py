"""Parsed text kept between runs: the arrays of a file in binary, private to the user.

A file is found again by its size, times, number and samples of its content, and by how it is to
be read. An entry is checked as a whole; a damaged one is removed, and the text is read again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from threading import Thread
from typing import Protocol

from brainscript.codegen.checked_files import remove_oldest
from brainscript.diagnostic import Diagnostic
from brainscript.runtime.native_library import library

FORMAT = 1
LEAST_BYTES = 8 << 20
"""Smaller files are parsed faster than it pays to keep them."""
SIZE_LIMIT = 8 << 30
"""Bytes of all entries before those not used for longest are removed."""
SAMPLE = 1 << 16
ROOM = 16
"""An entry is made only where the disk has this many times the room of the text."""
SUFFIX = ".data"
DAY = 86400.0


class Text(Protocol):
    """A text file and how it is to be read."""

    @property
    def path(self) -> str:
        """Where it lies."""
        ...

    @property
    def how(self) -> tuple[object, ...]:
        """What decides which data its bytes mean."""
        ...


class Data(Protocol):
    """Data in native memory."""

    handle: int


@dataclass(frozen=True)
class ParsedCache:
    """Entries `<key>.data` in a folder that only this user can open."""

    folder: Path

    def key(self, file: Text, element_bytes: int) -> str | None:
        """The key of a file as it is now; None when it is not worth an entry."""
        try:
            facts = os.stat(file.path)
            if facts.st_size < LEAST_BYTES:
                return None
            digest = hashlib.sha256()
            with open(file.path, "rb") as stream:
                for place in (0, facts.st_size // 2, max(0, facts.st_size - SAMPLE)):
                    stream.seek(place)
                    digest.update(stream.read(SAMPLE))
        except OSError:
            return None
        how = (FORMAT, file.how, element_bytes)
        times = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_dev)
        digest.update(repr((how, times)).encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def load(self, key: str, warnings: list[Diagnostic]) -> int | None:
        """The handle of the data under `key`, or None."""
        path = self._path(key)
        if not path.is_file():
            return None
        handle = library().bs_corpus_load(os.fsencode(path))
        if not handle:
            with suppress(OSError):
                path.unlink()
            title = "parsed data in the cache is damaged; the text is read again"
            warnings.append(Diagnostic("BS0622", title, label=str(path), severity="warning"))
            return None
        with suppress(OSError):
            os.utime(path)
        return int(handle)

    def keep(self, key: str, data: Data, file: Text, element_bytes: int) -> None:
        """Write an entry while the caller goes on, unless the file has changed since."""
        if self.key(file, element_bytes) != key:
            return
        with suppress(OSError):
            room = ROOM * os.path.getsize(file.path) < disk_usage(self.folder).free
            if room:
                Thread(target=self.save, args=(key, data), name="data cache").start()

    def save(self, key: str, data: Data) -> None:
        """Write an entry; readers see all of it or nothing. A full disk only means no entry."""
        with suppress(OSError):
            self.prune()
            handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.folder)
            os.close(handle)
            os.unlink(name)
            try:
                if not library().bs_corpus_save(data.handle, os.fsencode(name)):
                    os.replace(name, self._path(key))
            finally:
                with suppress(OSError):
                    os.unlink(name)

    def prune(self, limit: int = SIZE_LIMIT) -> None:
        """Remove the entries not used for longest beyond `limit` bytes, and old remains."""
        remove_oldest(self.folder, SUFFIX, limit)
        for path in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > DAY:
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"
