"""The garbage collector: off while a network is compiled, and spared by commands.

A network is a large heap of operations in rings, and what has been compiled leaves it behind. A
process of its own does better to let the first such heap lie than to walk it.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Generator
from contextlib import contextmanager

MOST_SPARED = 300_000
"""Objects that are never walked again; when there are more, no others join them."""

_commands: list[str] = []


def own_process(command: str) -> None:
    """Say that this process is the command's: the collector is off until `start_collector`."""
    if not _commands:
        atexit.register(gc.freeze)
    _commands.append(command)
    gc.disable()


def start_collector() -> None:
    """Turn the collector on in a command; what has been imported is not walked."""
    if _commands:
        gc.freeze()
        gc.enable()


@contextmanager
def without_collector() -> Generator[None]:
    """Leave the collector off: it would walk a large heap of operations again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if _commands and gc.get_freeze_count() < MOST_SPARED:
                gc.freeze()
            gc.enable()
