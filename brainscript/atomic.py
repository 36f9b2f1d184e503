"""Writing a file so that readers see the old bytes or the new ones, never half of them."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | Path) -> Generator[BinaryIO]:
    """Open a temporary file beside `path`; on a clean exit it is made durable and takes its place.

    On an exception the temporary file is removed and `path` keeps its old bytes. What a link points
    to is replaced, not the link; a device or a pipe is written to as it is.
    Raises OSError as the operating system gives it (disk full, no permission).
    """
    if _is_device(path):
        with Path(path).open("wb") as stream:
            yield stream
        return
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with replacing(path) as stream:
        stream.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` atomically, line ends as they are."""
    write_bytes(path, text.encode("utf-8"))


def _is_device(path: str | Path) -> bool:
    """Whether something other than a file is there; a folder is an error."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return not stat.S_ISREG(mode)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
