"""Convolutions of any kind, element by element: own weights for each window, channels in front.

Every element of the result is one sum in nested loops. The places of elements are pitches: how
far apart neighbours along an axis lie in the sample, in the windows' results and in the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from operator import mul

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.convolution import (
    CorrelateBackOp,
    CorrelateOp,
    CorrelateWeightsOp,
    CorrelationOp,
)
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.frame import Frame, carried, positions
from brainscript.passes.lower.convolution.outer import Steps, windows_at
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target


@dataclass(frozen=True, slots=True)
class Pitches:
    """Distances in memory: along each axis of sample, windows and kernel; between kernels of
    windows that do not share one; between maps of the results and of the weights."""

    sample: tuple[int, ...]
    windows: tuple[int, ...]
    kernel: tuple[int, ...]
    own: tuple[int, ...]
    map: int
    kernels: int


def natural(sizes: Sequence[int], start: int = 1) -> tuple[int, ...]:
    """The pitches of axes that lie inside each other, the first one innermost."""
    return tuple(accumulate((start, *sizes[:-1]), mul))


def rotated(sizes: Sequence[int], start: int = 1) -> tuple[int, ...]:
    """The same with the last axis innermost."""
    last, *others = natural((sizes[-1], *sizes[:-1]), start)
    return (*others, last)


def pitches_of(op: CorrelationOp) -> Pitches:
    """The pitches of an operation."""
    axes, maps = op.axes, op.map_count
    sizes, windows = [a.size for a in axes], [a.out for a in axes]
    kernel = [a.kernel for a in axes]
    steps = prod(kernel)
    own_sizes = [1 if a.shared else a.out for a in axes]
    first = op.has_channels_first
    own = natural(own_sizes, steps * maps if first else steps)
    own = tuple(0 if a.shared else p for a, p in zip(axes, own, strict=True))
    if first:
        return Pitches(rotated(sizes), natural(windows, maps), rotated(kernel, maps), own, 1, 1)
    kernels = steps * prod(own_sizes)
    return Pitches(natural(sizes), natural(windows), natural(kernel), own, prod(windows), kernels)


def lower_general(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of a kernel that does one such operation."""
    op = kernel.steps[0]
    assert isinstance(op, CorrelationOp)
    writer = _Writer(Frame.of(kernel, target), op)
    if isinstance(op, CorrelateOp):
        writer.forward(op)
    elif isinstance(op, CorrelateBackOp):
        writer.back(op)
    else:
        assert isinstance(op, CorrelateWeightsOp)
        writer.of_weights(op)
    return writer.frame.code.finish()


Place = tuple[Index, Index]
"""Where the two factors of a product lie."""


class _Writer:
    """Writes one kernel."""

    def __init__(self, frame: Frame, op: CorrelationOp):
        self.frame, self.op = frame, op
        self.axes, self.pitches = op.axes, pitches_of(op)

    def forward(self, op: CorrelateOp) -> None:
        """Every map of every window."""
        p = self.pitches

        def element(sample: SSAValue, places: Sequence[Index], m: Index) -> None:
            code = self.frame.code
            own = self._sum(places, p.own, code.multiply(m, p.kernels))
            x, w = self._at(op.x, sample), self.frame.memory[op.weights]

            def step(d: int, k: Index, found: Index, place: Place) -> Place:
                a = code.add(place[0], code.multiply(found, p.sample[d]))
                return a, code.add(place[1], code.multiply(k, p.kernel[d]))

            total = self._walk(places, (0, own), self._zero(), step, (x, w), back=False)
            target = self._sum(places, p.windows, code.multiply(m, p.map))
            code.store(total, self._result(sample), target)

        self._each([*(a.out for a in self.axes), op.map_count], element)

    def back(self, op: CorrelateBackOp) -> None:
        """Every element of the sample."""
        p = self.pitches

        def element(sample: SSAValue, places: Sequence[Index], _: Index) -> None:
            code = self.frame.code
            g, w = self._at(op.g, sample), self.frame.memory[op.weights]

            def step(d: int, k: Index, found: Index, place: Place) -> Place:
                a = code.add(place[0], code.multiply(found, p.windows[d]))
                b = code.add(place[1], code.multiply(k, p.kernel[d]))
                return a, code.add(b, code.multiply(found, p.own[d]))

            def of_map(m: SSAValue, held: SSAValue) -> SSAValue:
                place = code.multiply(m, p.map), code.multiply(m, p.kernels)
                return self._walk(places, place, held, step, (g, w), back=True)

            total = carried(code, (0, op.map_count, 1), self._zero(), of_map)
            code.store(total, self._result(sample), self._sum(places, p.sample, 0))

        self._each([*(a.size for a in self.axes), 1], element)

    def of_weights(self, op: CorrelateWeightsOp) -> None:
        """Every weight: the sum over samples and windows."""
        frame, code, p = self.frame, self.frame.code, self.pitches
        own = [1 if a.shared else a.out for a in self.axes]
        sizes = [*(a.kernel for a in self.axes), *own, op.map_count]
        with code.loop(*frame.share(prod(sizes)), hint="unit") as unit:
            *numbers, m = positions(code, unit, sizes)
            steps, kernels = numbers[: len(own)], numbers[len(own) :]

            def of_sample(sample: SSAValue, held: SSAValue) -> SSAValue:
                factors = self._at(op.x, sample), self._at(op.g, sample)
                start = 0, code.multiply(m, p.map)
                return self._windows(len(own) - 1, held, start, factors, (steps, kernels))

            total = carried(code, (0, frame.samples(op.x), 1), self._zero(), of_sample)
            place = self._sum(steps, p.kernel, code.multiply(m, p.kernels))
            code.store(total, frame.outputs[0], self._sum(kernels, p.own, place))

    def _windows(
        self,
        d: int,
        value: SSAValue,
        place: Place,
        factors: tuple[SSAValue, SSAValue],
        numbers: tuple[Sequence[Index], Sequence[Index]],
    ) -> SSAValue:
        """The products of all windows along axes d, d - 1, .. for a weight added to a value.

        `numbers` are the steps of the weight, and the windows whose own it is.
        """
        if d < 0:
            return self._multiply(value, factors[0], place[0], factors[1], place[1])
        code, p, axis = self.frame.code, self.pitches, self.axes[d]
        start = code.subtract(code.multiply(numbers[0][d], axis.dilation), axis.low)

        def at(o: Index, held: SSAValue) -> SSAValue:
            found = code.add(code.multiply(o, axis.stride), start)
            ahead = code.add(place[0], code.multiply(found, p.sample[d]))
            behind = code.add(place[1], code.multiply(o, p.windows[d]))
            return self._windows(d - 1, held, (ahead, behind), factors, numbers)

        low, high = windows_at(code, axis, numbers[0][d])
        if not axis.shared:
            o = numbers[1][d]
            low = code.greatest(low, o)
            high = code.least(high, code.add(o, 1))
        return carried(code, (low, high, 1), value, at)

    def _each(
        self, sizes: Sequence[int], write: Callable[[SSAValue, Sequence[Index], Index], None]
    ) -> None:
        """`write(sample, positions, map)` for this thread's elements of the result."""
        frame, code = self.frame, self.frame.code
        count = code.multiply(frame.samples(self.op.result), prod(sizes))
        with code.loop(*frame.share(count), hint="unit") as unit:
            sample = code.value(code.divide(unit, prod(sizes)))
            *places, m = positions(code, code.remainder(unit, prod(sizes)), sizes)
            write(sample, places, m)

    def _walk(
        self,
        places: Sequence[Index],
        start: Place,
        value: SSAValue,
        step: Callable[[int, Index, Index, Place], Place],
        factors: tuple[SSAValue, SSAValue],
        *,
        back: bool,
    ) -> SSAValue:
        """The products of all steps of the kernel added to a value."""

        def walk(d: int, held: SSAValue, place: Place) -> SSAValue:
            if d < 0:
                return self._multiply(held, factors[0], place[0], factors[1], place[1])

            def at(k: Index, found: Index, inner: SSAValue) -> SSAValue:
                return walk(d - 1, inner, step(d, k, found, place))

            return Steps(self.axes[d], back).walk(self.frame.code, places[d], held, at)

        return walk(len(self.axes) - 1, value, start)

    def _multiply(self, value: SSAValue, x: SSAValue, a: Index, y: SSAValue, b: Index) -> SSAValue:
        code, element = self.frame.code, self.frame.element
        v = Vectors(code.builder, element)
        return v.add(value, v.mul(code.load(x, a, element), code.load(y, b, element)))

    def _zero(self) -> SSAValue:
        return Vectors(self.frame.code.builder, self.frame.element).constant(0.0)

    def _at(self, value: SSAValue, sample: Index) -> SSAValue:
        return self.frame.at_sample(self.frame.memory[value], value, sample)

    def _result(self, sample: Index) -> SSAValue:
        return self.frame.at_sample(self.frame.outputs[0], self.op.result, sample)

    def _sum(self, places: Sequence[Index], pitches: Sequence[int], start: Index) -> Index:
        code = self.frame.code
        for place, pitch in zip(places, pitches, strict=True):
            start = code.add(start, code.multiply(place, pitch))
        return start
