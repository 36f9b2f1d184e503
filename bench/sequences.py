"""The lengths of the sequences that the timings over sequences work on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEED = 1
COUNTS = {"lstm": (32, 3, 20), "tagger": (25, 5, 30)}
"""Sequences of a batch, steps of the shortest and of the longest."""


def lengths(network: str, batch: str) -> NDArray[np.int64]:
    """The steps of each sequence; one has the most in any case."""
    count, low, high = COUNTS[network]
    if batch == "equal":
        return np.full(count, high, np.int64)
    found = np.random.default_rng(SEED).integers(low, high + 1, count)
    found[0] = high
    return found
