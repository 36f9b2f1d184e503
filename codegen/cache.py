"""Object code kept between runs: one checked file for each key in a folder of the user's own."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from brainscript.diagnostic import Diagnostic

MAGIC = b"BSOBJ1\n\0"
SIZE_LIMIT = 512 << 20
"""Bytes the folder may hold before the entries not used for longest are removed."""

_DIGEST = hashlib.sha256().digest_size


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/brainscript`, else `~/.cache/brainscript`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "brainscript"


Warn = Callable[[Diagnostic], None]
"""Where remarks on damaged entries go."""


def open_cache(folder: str | Path | None = None, warn: Warn | None = None) -> ObjectCache | None:
    """The cache in this folder, or None when no folder can be made that is the user's alone."""
    place = Path(folder) if folder is not None else default_folder()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_private(place):
            return ObjectCache(place, warn)
    except OSError:
        pass
    return None


def _is_private(folder: Path) -> bool:
    """Whether nobody else can put files there: what is loaded from it is run."""
    facts = folder.stat()
    if os.name == "nt":
        return True
    if facts.st_uid != os.getuid():
        return False
    if stat.S_IMODE(facts.st_mode) & 0o077:
        folder.chmod(0o700)
    return True


class ObjectCache:
    """Entries are `<key>.o`: a mark, the SHA-256 of the payload, the payload.

    A file that is cut short or changed counts as absent. Writing never fails the caller: a full
    disk only means that the next run compiles again.
    """

    def __init__(self, folder: Path, warn: Warn | None = None):
        self.folder = folder
        self._warn = warn

    def get(self, key: str) -> bytes | None:
        """The bytes stored under `key`, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        start = len(MAGIC) + _DIGEST
        payload = data[start:]
        if data[:start] != MAGIC + hashlib.sha256(payload).digest():
            self._refuse(path)
            return None
        with suppress(OSError):
            os.utime(path)
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Store bytes under `key`; readers see all of them or none."""
        try:
            self._write(key, MAGIC + hashlib.sha256(payload).digest() + payload)
        except OSError:
            return

    def prune(self, limit: int = SIZE_LIMIT) -> None:
        """Remove the entries not used for longest until the rest is within `limit` bytes."""
        entries: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*.o"):
            with suppress(OSError):
                facts = path.stat()
                entries.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= limit:
                return
            with suppress(OSError):
                path.unlink()
            total -= size

    def _refuse(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()
        if self._warn is not None:
            title = "a compiled kernel in the cache is damaged and is compiled again"
            label = f"{path}: the checksum is wrong"
            self._warn(Diagnostic("BS0814", title, label=label, severity="warning"))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.o"

    def _write(self, key: str, data: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.replace(name, self._path(key))
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
