"""What the timings over sequences work on: the lengths of the sequences, and a clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SEED = 1
COUNTS = {
    "lstm": (32, 3, 20),
    "tagger": (25, 5, 30),
    "bidirectional": (16, 5, 30),
    "ctc": (32, 100, 400),
}
"""Sequences of a batch, steps of the shortest and of the longest."""
CLASSES = 80
"""Classes of `ctc`; the first one is the blank."""
STEPS_A_LABEL = 8
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
WARM = 3
"""Steps before those that count."""
LEAST_SECONDS = 0.5


def lengths(network: str, batch: str) -> NDArray[np.int64]:
    """The steps of each sequence: those of a ragged batch are spread evenly, in any order."""
    count, low, high = COUNTS[network]
    if batch == "equal":
        return np.full(count, high, np.int64)
    spread = np.linspace(low, high, count).round().astype(np.int64)
    return np.random.default_rng(SEED).permutation(spread)


def labels(batch: str) -> list[NDArray[np.int64]]:
    """The labels of each sequence of `ctc`."""
    random = np.random.default_rng(SEED)
    return [random.integers(1, CLASSES, n // STEPS_A_LABEL) for n in lengths("ctc", batch)]


def best_of(step: Callable[[], object], steps: int, clock: str) -> float:
    """Seconds of the best step, of as many and of half a second at least: a core wakes slowly."""
    now, best = CLOCKS[clock], float("inf")
    number, end = 0, time.perf_counter() + LEAST_SECONDS
    while number < steps + WARM or time.perf_counter() < end:
        start = now()
        step()
        if number >= WARM:
            best = min(best, now() - start)
        number += 1
    return best
