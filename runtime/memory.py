"""Memory for tensors: aligned to lines of the cache, and large blocks on huge pages."""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.linear import ALIGNMENT, round_up

Bytes = NDArray[np.uint8]

HUGE_PAGE = 2 << 20
"""Bytes of a huge page, on every processor that has them in this size."""

LEAST_HUGE = HUGE_PAGE // 2
"""Blocks from this size on start on a huge page of their own."""

_ADVICE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)


def aligned_bytes(size: int) -> Bytes:
    """So many zero bytes from a multiple of 64 on.

    A matrix of 2 KiB a row touches a page of 4 KiB with every second row: on pages of 2 MiB
    products read it without waiting for the addresses. Raises MemoryError.
    """
    if size < LEAST_HUGE or _ADVICE is None:
        return _from(np.zeros(size + ALIGNMENT, np.uint8), ALIGNMENT, size)
    try:
        block = mmap.mmap(-1, round_up(size, HUGE_PAGE) + HUGE_PAGE, mmap.MAP_PRIVATE)
    except (OSError, ValueError, OverflowError) as error:
        raise MemoryError(f"{size} bytes") from error
    with suppress(OSError):  # a kernel without huge pages: the memory is the same
        block.madvise(_ADVICE)
    return _from(np.frombuffer(block, np.uint8), HUGE_PAGE, size)


def room_for(size: int, what: str, help: str) -> Bytes:
    """`aligned_bytes`, or BrainScriptError where the machine has less memory than that."""
    try:
        if size <= memory_of_machine():
            return aligned_bytes(size)
    except MemoryError:
        pass
    title = f"{what} needs {size / 2**30:.1f} GiB of memory"
    raise BrainScriptError(Diagnostic("BS0812", title, help=help))


@cache
def memory_of_machine() -> int:
    """The bytes of physical memory; without bound where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return sys.maxsize


def _from(block: Bytes, alignment: int, size: int) -> Bytes:
    start = -block.ctypes.data % alignment
    return block[start : start + size]
