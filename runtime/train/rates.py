"""Learning rates and momentum: from the units of a config to what one update uses.

    lr[e]       = float32 (learningRatesPerMB[e] / minibatchSize[e])   or learningRatesPerSample[e]
    momPS[e]    = momentumPerMB[e] ^ (1 / minibatchSize[e])            or the value per sample
    momentum(N) = momPS ^ N                                            for a minibatch of N samples

The configured minibatch size converts, the actual one applies again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

RateUnit = Literal["minibatch", "sample"]
MomentumUnit = Literal["minibatch", "sample", "time constant"]


def float32(value: float) -> float:
    """`value` rounded to single precision."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def at(values: Sequence[float], epoch: int) -> float:
    """Entry of a schedule; the last one repeats."""
    return values[min(epoch, len(values) - 1)]


@dataclass(frozen=True)
class LearningRates:
    """A schedule of learning rates, one entry an epoch."""

    values: tuple[float, ...]
    unit: RateUnit

    def per_sample(self, epoch: int, minibatch_size: int) -> float:
        """The rate that multiplies the summed gradient, rounded to single precision."""
        value = float32(at(self.values, epoch))
        return value if self.unit == "sample" else float32(value / minibatch_size)

    def explicit(self, epoch: int) -> bool:
        """Whether the config gives an entry of its own for this epoch."""
        return epoch < len(self.values)


@dataclass(frozen=True)
class Momenta:
    """A schedule of momenta, one entry an epoch; the default is 0.9 per minibatch."""

    values: tuple[float, ...] = (0.9,)
    unit: MomentumUnit = "minibatch"

    def per_sample(self, epoch: int, minibatch_size: int) -> float:
        """The factor per sample, in double."""
        value = float32(at(self.values, epoch))
        if self.unit == "minibatch":
            return value ** (1.0 / minibatch_size)
        if self.unit == "time constant":
            return float32(math.exp(-1.0 / value)) if value else 0.0
        return value


def momentum_for(per_sample: float, samples: int) -> float:
    """The momentum of an update over this many samples."""
    return per_sample**samples


def time_constant(per_sample: float) -> float:
    """The momentum as a time constant in samples."""
    if per_sample <= 0:
        return 0.0
    return -1.0 / math.log(per_sample) if per_sample < 1 else math.inf
