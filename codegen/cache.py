"""Object code kept between runs: one checked file for each key in a folder of the user's own."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from brainscript.codegen.checked_files import CheckedFiles, Warn

MAGIC = b"BSOBJ1\n\0"


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/brainscript`, else `~/.cache/brainscript`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "brainscript"


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


class ObjectCache(CheckedFiles):
    """The object code of kernels, in files `<key>.o`."""

    def __init__(self, folder: Path, warn: Warn | None = None):
        super().__init__(folder, ".o", MAGIC, "kernel", warn)
