"""Compiled programs kept between runs: a warm start reads one file and runs no compiler at all.

An entry is found by all that decides what the compiler would make: the source text after
substitution and includes, the overrides, the version and the files of this package, LLVM's
version and the target. It holds plain data and the objects to link.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import brainscript
from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.checked_files import SIZE_LIMIT, CheckedFiles, Warn
from brainscript.program_image import FORMAT
from brainscript.target import Target

llvmlite: Any = import_module("llvmlite")
MAGIC = b"BSPROG1\n"


@dataclass(frozen=True)
class Entry:
    """What is kept of one compilation: data that json can hold, and objects by key."""

    data: Mapping[str, Any]
    objects: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


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
        llvmlite.__version__,
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

    def __init__(self, objects: ObjectCache, warn: Warn):
        self.folder = objects.folder
        self._files = CheckedFiles(self.folder, ".program", MAGIC, "program", warn)

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, or None."""
        data = self._files.get(key)
        return None if data is None else decode(data)

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry; a full disk only means that the next run compiles again."""
        self._files.put(key, encode(entry))
        self._files.tidy()

    def prune(self, limit: int = SIZE_LIMIT) -> None:
        """Remove the entries not used for longest until the rest is within `limit` bytes."""
        self._files.prune(limit)


def encode(entry: Entry) -> bytes:
    """An entry as bytes: length of the data, the data, the objects."""
    sizes = {key: len(data) for key, data in entry.objects.items()}
    head = json.dumps({"data": entry.data, "objects": sizes}).encode("utf-8")
    return b"".join([len(head).to_bytes(8, "little"), head, *entry.objects.values()])


def decode(payload: bytes) -> Entry:
    """The entry that `encode` wrote."""
    end = 8 + int.from_bytes(payload[:8], "little")
    head: dict[str, Any] = json.loads(payload[8:end])
    objects: dict[str, bytes] = {}
    for key, size in head["objects"].items():
        objects[key] = payload[end : end + size]
        end += size
    return Entry(head["data"], objects)
