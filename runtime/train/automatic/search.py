"""Learning rates by `searchBeforeEpoch`, and minibatch sizes by `autoAdjustMinibatch`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from brainscript.runtime.train.automatic.adjust import AdjustOptions
from brainscript.runtime.train.log import Log

STEP = 0.618
"""The ratio of a rate to the one tried before it."""
CLOSE = 1.2
"""A two-sided search ends when its bounds are within this factor."""
TINIEST = 1e-30
"""A rate at which no trial goes on, whatever the least rate of a config."""
GRAIN = 64
"""Sizes tried are multiples of this."""
GROWTH = float(np.float32(math.sqrt(2)))
"""A size over the one tried before it: just below the root of 2, so that doubling twice fits."""

Try = Callable[[str, float, int], float]
"""(label, rate, size) -> the criterion of a trial."""


def first_candidate(size: int, earlier: Sequence[float]) -> float:
    """The rate above the first one that is tried: of the best rates so far, or by the size."""
    largest = max(earlier, default=0.0)
    return largest / STEP / STEP if largest > 0 else 0.125 / STEP / math.sqrt(size)


def base_criterion(untrained: float, previous: float, share: float) -> float:
    """What a rate must reach: the criterion without training, drawn towards that of the epoch
    before; `share` is the part of an epoch that a trial is, 0 when that is not known."""
    ratio = math.sqrt(share) if share else 0.3
    return max(ratio * previous + (1 - ratio) * untrained, untrained)


def best_rate(
    attempt: Try, size: int, start: float, base: float, least: float, both_sides: bool
) -> float:
    """The largest rate of `start * STEP^k` whose trial is not worse than `base`.

    Not below `least`. With `both_sides` a search between `0.01 / size` and that rate follows.
    """
    rate = start
    while True:
        rate *= STEP
        found = attempt("AdaptiveLearnRateSearch", rate, size)
        if not math.isnan(found) and (found <= base or rate <= least):
            break
        if rate <= max(least / 1e6, TINIEST):
            break
    return _between(attempt, size, rate, found) if both_sides else rate


def _between(attempt: Try, size: int, high: float, at_high: float) -> float:
    """The better end of a range of rates that shrinks from its worse end."""
    low = 0.01 / size
    at_low = attempt("DetailBaseAdaptiveLearnRateSearch", low, size)
    while high > low * CLOSE:
        if at_high > at_low or math.isnan(at_high):
            high *= STEP
            at_high = attempt("DetailRightAdaptiveLearnRateSearch", high, size)
        else:
            low /= STEP
            at_low = attempt("DetailLeftAdaptiveLearnRateSearch", low, size)
    return low if at_low < at_high else high


def rounded(size: float) -> int:
    """The nearest multiple of `GRAIN`."""
    return GRAIN * int((size + GRAIN / 2) / GRAIN)


def size_bounds(o: AdjustOptions, configured: int, change: float, previous: int) -> tuple[int, int]:
    """Least and greatest size to try; `change` is the rate over that of the first epoch."""
    least = max(1, int(configured / math.sqrt(change))) if change > 0 else configured
    most = o.largest_size
    if previous:
        least, most = max(least, previous // 2), min(most, previous * 2)
    return least, most


def sizes(bounds: tuple[int, int]) -> list[int]:
    """The sizes to try: they grow by the root of 2, rounded, each once."""
    least, most = bounds
    found: dict[int, None] = {}
    asked = float(least)
    while asked <= most:
        found[max(GRAIN, rounded(asked))] = None
        asked *= GROWTH
    return list(found)


def best_size(
    attempt: Try, o: AdjustOptions, rate: float, bounds: tuple[int, int], log: Log
) -> int:
    """The largest size whose trial is about as good as that of the smallest."""
    base, good = math.nan, 0
    for size in sizes(bounds):
        found = attempt("AdaptiveMinibatchSearch", rate, size)
        if good and found > base * (1 + o.margin / 100):
            break
        base = base if good else found
        good = size
    log.line("best size", size=good or bounds[1], base=base)
    return good or bounds[1]
