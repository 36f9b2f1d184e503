"""Poolings of all roundings, paddings and strides against their definition, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest

from test.numeric.networks import Array, from_memory, parse_network, run_passes
from test.numeric.programs import Compiled

SAMPLES = 3
TOGETHER = 12
"""Poolings in one network."""


@dataclass(frozen=True)
class Axis:
    """The windows along one axis, by the formulas of CNTK."""

    size: int
    kernel: int
    stride: int
    auto: bool
    low: int
    high: int
    ceil: bool

    @property
    def count(self) -> int:
        if self.auto:
            return (self.size - 1) // self.stride + 1
        room = self.size + self.low + self.high - self.kernel
        return (-(-room // self.stride) if self.ceil else room // self.stride) + 1

    def cells(self, window: int) -> slice:
        """The elements of a window."""
        begin = window * self.stride - self.low
        if self.auto:
            extra = self.size - ((self.count - 1) * self.stride + 1)
            begin = window * self.stride + extra // 2 - (self.kernel - 1) // 2
        ends = (min(max(place, 0), self.size) for place in (begin, begin + self.kernel))
        return slice(*ends)


@dataclass(frozen=True)
class Pooling:
    """One pooling of an image of these axes."""

    axes: tuple[Axis, ...]
    channels: int
    largest: bool
    include: bool

    def text(self, number: int) -> str:
        """The node, on an input of its own."""
        shape = " x ".join(str(n) for n in (*(a.size for a in self.axes), self.channels))
        lists = {
            "kernel": [a.kernel for a in self.axes],
            "stride": [a.stride for a in self.axes],
            "padding": [int(a.auto) for a in self.axes],
            "low": [a.low for a in self.axes],
            "high": [a.high for a in self.axes],
        }
        options = ", ".join(f"{name} = {values}" for name, values in lists.items())
        flags = f"ceil = {self.axes[0].ceil}, include_pad = {self.include}".lower()
        kind = "max" if self.largest else "average"
        windows = " x ".join(str(n) for n in (*(a.count for a in self.axes), self.channels))
        return f"""
        %x{number} = net.input "x{number}" : S[{shape}]
        %g{number} = net.input "g{number}" : S[{windows}]
        %o{number} = net.pooling %x{number} {{node = "o{number}", {options}, {flags},
          kind = "{kind}"}} : S[{windows}]
        %p{number} = net.element_times %o{number}, %g{number} : S[{windows}]
        %c{number} = net.sum_elements %p{number} : T[1]"""

    def run(self, x: Array, g: Array) -> tuple[Array, Array]:
        """Value and gradient for one channel of one sample."""
        counts = [a.count for a in self.axes]
        value, back = np.zeros(counts), np.zeros(x.shape)
        for window in np.ndindex(*counts):
            cells = tuple(a.cells(w) for a, w in zip(self.axes, window, strict=True))
            self.window(x[cells], back[cells], value, window, float(g[window]))
        return value, back

    def window(
        self, part: Array, back: Array, value: Array, window: tuple[int, ...], g: float
    ) -> None:
        """One window: its value, and what its elements get of the gradient."""
        if self.largest:
            value[window] = part.max(initial=-np.inf)
            if part.size:
                winner = int(part.ravel(order="F").argmax())
                back[np.unravel_index(winner, part.shape, order="F")] += g
            return
        whole = int(np.prod([a.kernel for a in self.axes]))
        divisor = whole if self.include else part.size
        value[window] = part.sum() / divisor if divisor else np.nan
        back += g / divisor if part.size else 0.0


def chosen(random: Random) -> Pooling:
    """A pooling over one to three axes."""
    ceil, axes = random.random() < 0.6, list[Axis]()
    for _ in range(random.choice((1, 2, 2, 3))):
        size = random.choice((1, 2, 3, 5, 8, 18))
        kernel, stride = random.randint(1, min(size, 4)), random.randint(1, 5)
        auto = random.random() < 0.3
        low, high = (0, 0) if auto else (random.randint(0, kernel - 1) for _ in range(2))
        axis = Axis(size, kernel, stride, auto, low, high, ceil)
        if (low or high) and not ceil and (size + low + high - kernel) % stride:
            axis = Axis(size, kernel, stride, auto, 0, 0, ceil)
        axes.append(axis)
    largest = random.random() < 0.5
    return Pooling(tuple(axes), random.choice((1, 2, 3)), largest, random.random() < 0.3)


def network_of(poolings: list[Pooling]) -> Compiled:
    """All of them, and the gradients of their inputs."""
    numbers = range(len(poolings))
    lines = [p.text(number) for number, p in enumerate(poolings)]
    lines += [
        f"%t{n} = net.plus %{f't{n - 1}' if n > 1 else 'c0'}, %c{n} : T[1]" for n in numbers[1:]
    ]
    outputs = ", ".join(f"%o{n}" for n in numbers)
    lines.append(f"net.roots criterion(%t{numbers[-1]}), output({outputs})")
    module = parse_network("\n".join(lines), "", "double")
    run_passes(module, "net-gradient", towards=tuple(f"x{n}" for n in numbers))
    return Compiled(module)


def wanted(pooling: Pooling, x: Array, g: Array) -> tuple[Array, Array]:
    """Value and gradient of all channels and samples."""
    values, backs = np.zeros(g.shape), np.zeros(x.shape)
    for place in np.ndindex(x.shape[-2:]):
        values[..., *place], backs[..., *place] = pooling.run(x[..., *place], g[..., *place])
    return values, backs


@pytest.mark.parametrize("seed", range(4))
def test_values_and_gradients(seed: int):
    poolings = [chosen(Random(TOGETHER * seed + n)) for n in range(TOGETHER)]
    numbers, inputs = np.random.default_rng(seed), dict[str, Array]()
    for n, pooling in enumerate(poolings):
        for name, dims in (
            ("x", [a.size for a in pooling.axes]),
            ("g", [a.count for a in pooling.axes]),
        ):
            inputs[f"{name}{n}"] = numbers.normal(size=(*dims, pooling.channels, SAMPLES))
    found = network_of(poolings).run(inputs, {}, SAMPLES).outputs
    for n, pooling in enumerate(poolings):
        x, g = inputs[f"x{n}"], inputs[f"g{n}"]
        value, back = wanted(pooling, x, g)
        got = from_memory(found[f"o{n}"], value.shape[:-1], SAMPLES)
        assert np.allclose(got, value, rtol=1e-12, equal_nan=True), pooling
        got = from_memory(found[f"x{n}.grad"], back.shape[:-1], SAMPLES)
        assert np.allclose(got, back, rtol=1e-12, equal_nan=True), pooling
