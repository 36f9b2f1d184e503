"""What the timings of sparse inputs work on: sizes, and random words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sequences
from numpy.typing import NDArray


@dataclass(frozen=True)
class Words:
    """A network from words to classes: an embedding, a recurrent layer, a linear one."""

    vocabulary: int
    embedding: int
    cells: int
    classes: int


WORDS = {
    "tagger": Words(943, 150, 300, 129),
    "words": Words(50_000, 150, 300, 129),
    "lm": Words(10_000, 150, 200, 10_000),
    "large": Words(50_000, 150, 200, 50_000),
}

TRIGRAMS, WIDTH, TOP, PAIRS, IN_A_BAG = 49_292, 300, 128, 1024, 20
"""The sizes of `dssm`."""


def lengths() -> NDArray[np.int64]:
    """The steps of each sequence."""
    return sequences.lengths("tagger", "ragged")


def draw(limit: int, count: int, seed: int) -> NDArray[np.int64]:
    """Words as texts have them: few of them make most of it."""
    random = np.random.default_rng(seed)
    return np.minimum(random.zipf(1.3, count) - 1 + random.integers(0, 50, count), limit - 1)
