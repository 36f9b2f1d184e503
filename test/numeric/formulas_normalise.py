"""The definition of batch normalisation in numpy, and of the operation that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, isinf
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def normalised(
    x: Array, scale: Array, bias: Array, mean: Array, inverse: Array, *_: Array
) -> Array:
    """`(x - mean) .* scale .* inverse + bias`."""
    return (x - mean) * scale * inverse + bias


ELEMENTWISE: dict[str, Callable[..., Array]] = {"net.normalise": normalised}


@dataclass(frozen=True)
class Norm:
    """One batch normalisation: its constants, and which axes of a sample are taken together."""

    time: float = 0.0
    blend: float = 0.0
    epsilon: float = 1e-5
    together: tuple[int, ...] = ()

    @property
    def frozen(self) -> bool:
        """Whether nothing moves."""
        return isinf(self.time) and isinf(self.blend)

    def weight(self, n: int, count: float) -> float:
        """How much the minibatch counts for the running values."""
        if self.frozen:
            return 0.0
        if self.time < 0:
            return n / (n + count)
        return 1.0 if count == 0 or self.time == 0 else 1 - exp(-n / self.time)


def trained(norm: Norm, x: Array, before: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The value in training and the running values after it; samples are the last axis of x.

    `scale`, `bias`, `mean` and `variance` broadcast over a sample, `count` is a number.
    """
    axes, n = (*norm.together, x.ndim - 1), x.shape[-1]
    old = {k: v[..., None] for k, v in before.items()}
    a = norm.weight(n, float(before["count"][0]))
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    size = x.size // mean.size
    unbiased = variance * (size / (size - 1)) if size > 1 else variance * 0
    running = a * mean + (1 - a) * old["mean"], a * unbiased + (1 - a) * old["variance"]
    value = old["scale"] * (x - mean) / np.sqrt(variance + norm.epsilon) + old["bias"]
    count = before["count"] + (0 if norm.frozen else n)
    return value, {"mean": running[0][..., 0], "variance": running[1][..., 0], "count": count}
