"""CNTK's random numbers, bit for bit: Mersenne Twister of 64 bits, uniform, normal, truncated.

Numbers are drawn in double; asking for float32 rounds each of them. Elements come in the order of
memory, which for CNTK's matrices is column-major.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.native_library import library

Doubles = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
Element = Literal["f32", "f64"]

STATE_WORDS = 313
LAYERS = 128
EDGE = Decimal("3.44261985589665212142432049146733970433760")
"""Where the tail of the ziggurat starts: with it, 128 layers of equal area close at 0."""


@cache
def ziggurat() -> tuple[Doubles, Doubles]:
    """The edges X[0..128] of the layers and the density Y at them, correctly rounded.

    With f(x) = exp(-x*x/2) and the tail area beyond r, every layer has the area
    v = r f(r) + tail; X[0] = v / f(r), X[1] = r, f(X[i+1]) = f(X[i]) + v / X[i], X[128] = 0.
    """
    with localcontext() as context:
        context.prec = 40
        density = (-EDGE * EDGE / 2).exp()
        area = EDGE * density + _tail(EDGE)
        edges = [area / density, EDGE]
        densities = [Decimal(0), density]
        while len(edges) < LAYERS:
            density += area / edges[-1]
            edges.append((-2 * density.ln()).sqrt())
            densities.append(density)
        x = np.array([float(e) for e in edges] + [0.0])
        y = np.array([float(d) for d in densities] + [1.0])
    return x, y


def _tail(edge: Decimal) -> Decimal:
    """The integral of exp(-x*x/2) from `edge` on, by its continued fraction."""
    fraction = edge
    for term in range(400, 0, -1):
        fraction = edge + term / fraction
    return (-edge * edge / 2).exp() / fraction


class Generator:
    """A stream of random numbers; `state` (313 words) is all there is to it."""

    def __init__(self, seed: int):
        self.state: NDArray[np.uint64] = np.empty(STATE_WORDS, np.uint64)
        library().bs_twister_seed(self.state.ctypes.data, seed & 0xFFFFFFFFFFFFFFFF)

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next raw 64-bit numbers."""
        out = np.empty(count, np.uint64)
        library().bs_twister_words(self.state.ctypes.data, out.ctypes.data, count)
        return out

    def uniform(self, count: int, low: float, high: float, element: Element = "f64") -> Numbers:
        """Uniform in [low, high); `low` throughout when the range is empty."""
        out = _room(count, element)
        address = out.ctypes.data
        library().bs_uniform(self.state.ctypes.data, low, high, address, count, out.itemsize)
        return out

    def normal(self, count: int, mean: float, sigma: float, element: Element = "f64") -> Numbers:
        """Normal, by the ziggurat of 128 layers."""
        return self._normal("bs_normal", count, mean, sigma, element)

    def truncated_normal(
        self, count: int, mean: float, sigma: float, element: Element = "f64"
    ) -> Numbers:
        """Normal, drawn again while outside two standard deviations."""
        return self._normal("bs_truncated_normal", count, mean, sigma, element)

    def _normal(
        self, function: str, count: int, mean: float, sigma: float, element: Element
    ) -> Numbers:
        x, y = ziggurat()
        out = _room(count, element)
        tables = (self.state.ctypes.data, x.ctypes.data, y.ctypes.data)
        getattr(library(), function)(*tables, mean, sigma, out.ctypes.data, count, out.itemsize)
        return out


def _room(count: int, element: Element) -> Numbers:
    return np.empty(count, np.float32 if element == "f32" else np.float64)


def uniform(seed: int, count: int, low: float, high: float) -> Doubles:
    """`count` uniform numbers in [low, high) of a freshly seeded generator."""
    return Generator(seed).uniform(count, low, high).astype(np.float64, copy=False)


def normal(seed: int, count: int, mean: float, sigma: float) -> Doubles:
    """`count` normal numbers of a freshly seeded generator."""
    return Generator(seed).normal(count, mean, sigma).astype(np.float64, copy=False)


def truncated_normal(seed: int, count: int, mean: float, sigma: float) -> Doubles:
    """`count` normal numbers within two standard deviations, of a freshly seeded generator."""
    return Generator(seed).truncated_normal(count, mean, sigma).astype(np.float64, copy=False)
