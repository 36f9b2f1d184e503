"""A record of what a run does when: events in the format that Chrome and Perfetto show.

Nothing is recorded, at next to no cost, unless `start` has been called.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

MOST = 500_000
"""Events that are kept; those after them are only counted."""
KERNELS = "kernels of the first thread, added up"
"""The track for kernels: their times of one call of the loop, one behind the other."""

Spent = Sequence[tuple[str, int, int]]
"""Name, nanoseconds and number of calls of each kernel."""


class Trace:
    """The events of a run, times in microseconds since its start."""

    def __init__(self) -> None:
        self.begun = time.perf_counter_ns()
        self.events: list[dict[str, Any]] = []
        self.dropped = 0
        self._threads: dict[int, int] = {}
        self._lock = threading.Lock()

    def add(self, name: str, kind: str, begin: int, length: int, **details: Any) -> None:
        """An event of the calling thread: its begin (`perf_counter_ns`) and its nanoseconds."""
        with self._lock:
            track = self._threads.setdefault(threading.get_ident(), len(self._threads) + 1)
            self._put(name, kind, begin, length, track, details)

    def add_kernels(self, begin: int, spent: Spent) -> None:
        """What the kernels of a step have taken since `begin`, the longest first."""
        with self._lock:
            for name, length, calls in sorted(spent, key=lambda item: -item[1]):
                self._put(name, "kernel", begin, length, 0, {"calls": calls})
                begin += length

    def _put(
        self, name: str, kind: str, begin: int, length: int, track: int, details: dict[str, Any]
    ) -> None:
        if len(self.events) >= MOST:
            self.dropped += 1
            return
        event: dict[str, Any] = {"name": name, "cat": kind, "ph": "X", "pid": os.getpid()}
        event |= {"tid": track, "ts": (begin - self.begun) / 1000, "dur": length / 1000}
        self.events.append(event | ({"args": details} if details else {}))

    def text(self) -> str:
        """The record as JSON."""
        names = {0: KERNELS} | {n: f"thread {n}" for n in self._threads.values()}
        tracks = [
            {"name": "thread_name", "ph": "M", "pid": os.getpid(), "tid": n, "args": {"name": text}}
            for n, text in names.items()
        ]
        whole = {"traceEvents": [*tracks, *self.events], "displayTimeUnit": "ms"}
        return json.dumps(whole | {"otherData": {"dropped": self.dropped}}) + "\n"


_current: list[Trace] = []


def start() -> Trace:
    """Record from now on, until `stop`."""
    _current[:] = [Trace()]
    return _current[0]


def stop() -> None:
    """Record no longer."""
    _current.clear()


def running() -> Trace | None:
    """The record, if there is one."""
    return _current[0] if _current else None


@contextmanager
def span(name: str, kind: str, **details: Any) -> Generator[None]:
    """An event for the time that the block takes, if a record is kept."""
    trace = running()
    if trace is None:
        yield
        return
    begin = time.perf_counter_ns()
    try:
        yield
    finally:
        trace.add(name, kind, begin, time.perf_counter_ns() - begin, **details)
