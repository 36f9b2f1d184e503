"""`--sandbox DIR`: files outside of one folder are neither read nor written.

An audit hook of the interpreter sees every file that is opened, made, moved or removed; native
code announces the files that it opens. What belongs to Python and to this package may be read, the
folder of compiled code read and written. A hook cannot be taken off again: it holds to the end of
the process.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from brainscript.diagnostic import BrainScriptError, Diagnostic

READING = frozenset({"os.listdir", "os.scandir", "glob.glob"})
WRITING = frozenset(
    {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"}
)
MOVING = frozenset({"os.rename", "os.link", "os.symlink"})
DEVICES = ("/dev/", "/proc/self/", "/sys/devices/system/cpu", "/sys/fs/cgroup")
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(
    folder: Path, also_written: Iterable[Path] = (), also_read: Iterable[Path] = ()
) -> None:
    """From now on refuse every path outside of `folder` and of what the program itself needs."""
    tempfile.tempdir = tempfile.mkdtemp(prefix="brainscript-")
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)
    written = [_real(path) for path in (folder, tempfile.tempdir, *also_written)]
    here = os.getcwd()
    own = [p for p in (*sys.path, sys.prefix, sys.base_prefix) if p and _real(p) != _real(here)]
    package = Path(__file__).resolve().parent.parent
    read = [*written, *(_real(path) for path in (*own, package, *also_read))]
    sys.addaudithook(_hook(written, read))


def _hook(written: list[str], read: list[str]) -> Callable[[str, tuple[object, ...]], None]:
    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            changes = _changes(mode, flags)
            _check(path, written if changes else read, "written" if changes else "read")
        elif event in READING:
            _check(arguments[0], read, "read")
        elif event in WRITING:
            _check(arguments[0], written, "written")
        elif event in MOVING:
            for path in arguments[:2]:
                _check(path, written, "written")

    return hook


def _changes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & CHANGES)


def _check(path: object, allowed: list[str], how: str) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return
    name = os.fsdecode(path)  # pyright: ignore[reportUnknownArgumentType]
    real = _real(name)
    if real.startswith(DEVICES):
        return
    if not any(real == one or real.startswith(one + os.sep) for one in allowed):
        title = f"'{name}' may not be {how}: it lies outside of the folder of --sandbox"
        raise BrainScriptError(Diagnostic("BS0917", title))


def _real(path: str | os.PathLike[str]) -> str:
    return os.path.realpath(path)
