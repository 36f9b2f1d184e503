"""The thread pool that runs compiled steps, and how many threads it gets."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from brainscript.literals import read_integer
from brainscript.runtime.native_library import library
from brainscript.runtime.train.parallel.world import beside


def available_cores() -> int:
    """Cores that this process may use: its affinity, cut by the quota of its control group."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        if quota != "max":
            cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return cores


def thread_count(configured: int = 0) -> int:
    """Threads for `numCPUThreads`: 0 asks OMP_NUM_THREADS, else all; -k leaves k cores free.

    Processes of `mpiexec` share the cores that it has not divided among them.
    """
    cores = available_cores()
    if cores == os.cpu_count():
        cores = max(1, cores // beside())
    if configured > 0:
        return min(configured, cores)
    if configured < 0:
        return max(1, cores + configured)
    first = read_integer(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    return min(first, cores) if first is not None and first > 0 else cores


class ThreadPool:
    """Threads of native code; they spin for 200 microseconds after a step and then sleep."""

    def __init__(self, threads: int):
        handle = library().bs_pool_create(max(1, threads))
        if not handle:
            raise MemoryError("no memory for the thread pool")
        self._handle: int = handle
        self._size = int(library().bs_pool_size(handle))

    @property
    def threads(self) -> int:
        """How many threads run a step, the caller's included."""
        return self._size

    @property
    def handle(self) -> int:
        """The address that native code knows the pool by."""
        return self._handle

    @property
    def barrier(self) -> int:
        """The address of the barrier: goes into word 4 of a frame."""
        return int(library().bs_pool_barrier(self._handle))

    def run(self, step: int, frame: int, threads: int = 0) -> None:
        """Call `step(frame, tid, nt)` on `threads` threads, 0 for all; addresses are numbers."""
        library().bs_run_step_on(self._handle, step, frame, threads)

    def latency(self, repeats: int = 10000, *, barriers: bool = False) -> float:
        """Seconds of an empty run, or of one with three barriers."""
        return float(library().bs_pool_latency(self._handle, repeats, int(barriers)))

    def close(self) -> None:
        """End the threads."""
        if self._handle:
            library().bs_pool_destroy(self._handle)
            self._handle = 0


@cache
def shared_pool(threads: int) -> ThreadPool:
    """The pool of this size that all programs of the process share."""
    return ThreadPool(threads)
