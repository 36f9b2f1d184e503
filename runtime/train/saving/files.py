"""The files of a training run: names, the lock, and the manifest that says which of them count.

A model and its checkpoint are two files; the manifest, a small JSON file replaced last, commits
them together. A file that it does not list was left behind by a run that was stopped.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.literals import read_integer
from brainscript.runtime.model.container import Written, write_error, written

VERSION = 2


@dataclass(frozen=True)
class ModelFiles:
    """File names of a run: `path.k` after epoch k, `path` after the last one."""

    path: Path
    max_epochs: int

    def model(self, done: int) -> Path:
        """The model after `done` epochs."""
        return self.path if done == self.max_epochs else Path(f"{self.path}.{done}")

    def checkpoint(self, done: int) -> Path:
        """The optimiser state that belongs to `model(done)`."""
        return Path(f"{self.model(done)}.ckp")

    def found(self) -> list[int]:
        """After how many epochs there is a model, the last one first."""
        prefix = f"{self.path.name}."
        folder = self.path.parent
        names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
        tails = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        numbers = [k for tail in tails if (k := read_integer(tail)) is not None and str(k) == tail]
        known = {k for k in numbers if 0 <= k < self.max_epochs} | {self.max_epochs}
        return [k for k in sorted(known, reverse=True) if self.model(k).is_file()]

    def prepare(self) -> None:
        """Make the folder of the models; refuse a path that no model can be written to."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not os.access(self.path.parent, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            number = errno.ENOTDIR if error.errno == errno.EEXIST else error.errno or 0
            title = f"no model can be written to '{self.path}': {os.strerror(number)}"
            raise BrainScriptError(Diagnostic("BS0508", title, help="change modelPath")) from None

    def tidy(self) -> None:
        """Remove what runs left that were killed while they wrote; the lock must be held."""
        name = re.escape(self.path.name)
        left = re.compile(rf"\.{name}(\.\d+)?(\.ckp|\.manifest|\.partial)?\.\w{{8}}\.tmp", re.A)
        with suppress(OSError):
            for path in list(self.path.parent.iterdir()):
                if left.fullmatch(path.name):
                    with suppress(OSError):
                        path.unlink()

    @property
    def manifest(self) -> Path:
        """Which files are complete."""
        return Path(f"{self.path}.manifest")

    @property
    def partial(self) -> Path:
        """Model and state of a run that was interrupted within an epoch."""
        return Path(f"{self.path}.partial")

    @property
    def lock(self) -> Path:
        """Held while a run trains."""
        return Path(f"{self.path}.lock")


@dataclass
class Manifest:
    """The complete files of a run by name, the newest epoch, and its position.

    Of each file it has the bytes and the SHA-256 of the header, which holds that of the tensors:
    so one pass over the values is enough to write a file, and one to check it.
    """

    epoch: int = -1
    files: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    position: dict[str, Any] = field(default_factory=dict[str, Any])

    def lists(self, path: Path) -> bool:
        """Whether the bytes of `path` are those of a complete file (under whatever name)."""
        size = path.stat().st_size
        candidates = {f["sha256"] for f in self.files.values() if f["bytes"] == size}
        found = written(path) if candidates else None
        return found is not None and found.sha256 in candidates

    def add(self, path: Path, made: Written) -> None:
        """Enter a file that has just been written."""
        self.files[path.name] = {"bytes": made.bytes, "sha256": made.sha256}

    def save(self, path: Path) -> None:
        """Replace the manifest on disk."""
        record = {
            "version": VERSION,
            "epoch": self.epoch,
            "files": [{"name": name, **entry} for name, entry in sorted(self.files.items())],
            "position": self.position,
        }
        text = json.dumps(record, sort_keys=True) + "\n"
        try:
            atomic.write_text(path, text)
        except OSError as error:
            raise write_error(path, error) from None


def load_manifest(path: Path) -> Manifest | None:
    """The manifest at `path`; None when there is none."""
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["version"] != VERSION:
            raise _damaged(path, f"version {record['version']} is not known")
        files: dict[str, dict[str, Any]] = {}
        for entry in cast(list[dict[str, Any]], record["files"]):
            files[str(entry["name"])] = {
                "bytes": int(entry["bytes"]),
                "sha256": str(entry["sha256"]),
            }
        return Manifest(int(record["epoch"]), files, dict(record["position"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(path, str(error)) from None


def newest_complete(
    files: ModelFiles, manifest: Manifest | None, warn: Callable[[Diagnostic], None]
) -> int | None:
    """The number of epochs after which a complete model exists; None for a fresh start.

    Walks from the last epoch down; a model counts when it is not older than the one before it
    and, where there is a manifest, listed there.
    """
    for done in files.found():
        path = files.model(done)
        before = files.model(done - 1) if done else None
        if before is not None and before.is_file() and _older(path, before):
            continue
        if manifest is None or manifest.lists(path):
            return done
        title = f"'{path}' was left by a run that was stopped while saving; it is not used"
        help = f"remove '{files.manifest}' to trust the files by their names alone"
        warn(Diagnostic("BS0714", title, help=help, severity="warning"))
    return None


def _older(path: Path, other: Path) -> bool:
    return path.stat().st_mtime_ns < other.stat().st_mtime_ns


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file while the block runs; refuse when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _take(path)
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _take(path: Path) -> int:
    import fcntl

    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            title = f"'{path}' cannot be opened: {error.strerror}"
            help = "a run of another user may have left it: if none is under way, remove it"
            raise BrainScriptError(Diagnostic("BS0508", title, help=help)) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            title = f"another run trains this model (process {owner} holds '{path}')"
            help = "wait for it, stop it, or give this run another modelPath"
            raise BrainScriptError(Diagnostic("BS0713", title, help=help)) from None
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(handle).st_ino:
                _sign(handle)
                return handle
        os.close(handle)


def _sign(handle: int) -> None:
    """Say in the lock file who holds it; on a full disk it holds all the same."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())


def _damaged(path: Path, why: str) -> BrainScriptError:
    title = f"the manifest '{path}' is damaged: {why}"
    help = "remove it to restart from the model files alone"
    return BrainScriptError(Diagnostic("BS0717", title, help=help))
