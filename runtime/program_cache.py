"""Compiled programs kept between runs: a warm start reads one file and runs no compiler at all.

An entry is found by all that decides what the compiler would make: the source text after
substitution and includes, the overrides, the version and the files of this package, LLVM's
version and the target. It holds plain data and the objects to link.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import brainscript
from brainscript.codegen.cache import ObjectCache
from brainscript.diagnostic import Diagnostic
from brainscript.program_image import FORMAT
from brainscript.target import Target

MAGIC = b"BSPROG1\n"
SUFFIX = ".program"
SIZE_LIMIT = 512 << 20
"""Bytes that entries may take before the ones not used for longest are removed."""

_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Entry:
    """What is kept of one compilation: data that json can hold, and objects by key."""

    data: Mapping[str, Any]
    objects: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


class BadEntryError(ValueError):
    """A file of the cache is not what was written."""


@cache
def package_fingerprint() -> str:
    """A hash that changes when a file of this package does."""
    lines: list[str] = []
    for root in brainscript.__path__:
        for folder, _, names in os.walk(root, followlinks=True):
            for name in names:
                if name.endswith((".py", ".bs")):
                    facts = os.stat(os.path.join(folder, name))
                    lines.append(f"{folder}/{name} {facts.st_size} {facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8")).hexdigest()


def program_key(parts: Iterable[str], target: Target) -> str:
    """The key for these texts (sources, overrides, mode, ...) and this target."""
    digest = hashlib.sha256()
    fixed = (
        str(FORMAT),
        brainscript.__version__,
        package_fingerprint(),
        version("llvmlite"),
        target.name,
        target.triple,
        target.cpu,
        target.features,
    )
    for part in (*fixed, *parts):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


class ProgramCache:
    """Entries beside the objects of `codegen/cache.py`, in the same private folder.

    `warn` is told of an entry that is damaged; it is removed, and the caller compiles again.
    """

    def __init__(self, objects: ObjectCache, warn: Callable[[Diagnostic], None]):
        self.folder = objects.folder
        self._warn = warn

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            entry = decode(data)
        except (BadEntryError, KeyError, TypeError) as error:
            self._refuse(path, str(error))
            return None
        with suppress(OSError):
            os.utime(path)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry; a full disk only means that the next run compiles again."""
        with suppress(OSError):
            self._write(self._path(key), encode(entry))
            self.prune()

    def prune(self, limit: int = SIZE_LIMIT) -> None:
        """Remove the entries not used for longest until the rest is within `limit` bytes."""
        entries: list[tuple[float, int, Path]] = []
        for path in self.folder.glob(f"*{SUFFIX}"):
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

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

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

    def _refuse(self, path: Path, why: str) -> None:
        with suppress(OSError):
            path.unlink()
        self._warn(
            Diagnostic(
                "BS0814",
                "a compiled program in the cache is damaged and is compiled again",
                label=f"{path}: {why}",
                severity="warning",
            )
        )


def encode(entry: Entry) -> bytes:
    """An entry as bytes: mark, hash of the rest, length of the data, the data, the objects."""
    sizes = {key: len(data) for key, data in entry.objects.items()}
    head = json.dumps({"data": entry.data, "objects": sizes}).encode("utf-8")
    parts = [len(head).to_bytes(8, "little"), head, *entry.objects.values()]
    payload = b"".join(parts)
    return MAGIC + hashlib.sha256(payload).digest() + payload


def decode(data: bytes) -> Entry:
    """The entry that `encode` wrote."""
    start = len(MAGIC) + _DIGEST
    payload = data[start:]
    if data[:start] != MAGIC + hashlib.sha256(payload).digest():
        raise BadEntryError("the checksum is wrong")
    end = 8 + int.from_bytes(payload[:8], "little")
    head: dict[str, Any] = json.loads(payload[8:end])
    objects: dict[str, bytes] = {}
    for key, size in head["objects"].items():
        objects[key] = payload[end : end + size]
        end += size
    return Entry(head["data"], objects)
