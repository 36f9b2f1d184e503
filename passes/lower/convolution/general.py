"""Convolutions whose windows have weights of their own, and whatever else has no form with tiles.

A weight meets one element of each sample, so vectors lie along the samples: some of them at a time
are turned round in scratch memory, `[element x sample]`, and every sum is a tile of as many maps
(or channels) as there are registers for. The places of elements are pitches: how far apart
neighbours along an axis lie in the sample, in the windows' results and in the weights.

Measured on one thread, value and both gradients, `[16 x 16 x 16]` with 3 x 3 kernels, 16 maps and
weights for each window, batch 128: 18.6 ms; PyTorch's unfold and einsum take 102.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from operator import mul

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import (
    DotOp,
    TileMultiplyOp,
    TileStoreOp,
    TileType,
    TileZeroOp,
    TransposeOp,
)
from brainscript.dialects.net.convolution import (
    CorrelateBackOp,
    CorrelateOp,
    CorrelateWeightsOp,
    CorrelationOp,
)
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.convolution.frame import Frame, positions
from brainscript.passes.lower.convolution.outer import Steps, windows_at
from brainscript.passes.lower.convolution.plan import ACCUMULATORS
from brainscript.passes.lower.convolution.runs import even_tiles
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target

AT_HAND = 1 << 21
"""About so many bytes of samples are turned round at a time."""


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
    writer = _Writer(Frame.of(kernel, target), op, target)
    with writer.code.when(writer.code.compare("slt", *writer.bounds)):
        writer.write()
    return writer.code.finish(writer.workspace)


Place = tuple[Index, Index]
"""Where the two factors of a product lie: the element or result, and the weight."""


Step = Callable[[int, Index, Index, Place], Place]
"""`step(axis, step, found, place)`: the factors of a step of the kernel along an axis."""


class _Writer:
    """Writes one kernel.

    `axes` are those that windows move along; a last axis that the kernel covers whole is the
    `channels`, `deep` its pitches in the sample and in the weights. Threads share `units`.
    """

    def __init__(self, frame: Frame, op: CorrelationOp, target: Target):
        self.frame, self.code, self.op, self.pitches = frame, frame.code, op, pitches_of(op)
        last, p = op.axes[-1], self.pitches
        self.axes = op.axes[:-1] if last.whole else op.axes
        self.channels = last.kernel if last.whole else 1
        self.deep = (p.sample[-1], p.kernel[-1]) if last.whole else (1, 1)
        self.read = op.operands[not isinstance(op, CorrelateWeightsOp) :]
        sizes = [type_of(v).elements + frame.lanes for v in self.read]
        self.vectors = 4 if target.registers == max(ACCUMULATORS) else 2
        width = frame.element.bitwidth // 8
        while self.vectors > 1 and sum(sizes) * self.together * width > AT_HAND:
            self.vectors //= 2
        self.rows = max(1, ACCUMULATORS[target.registers] // self.vectors)
        self.starts = list(accumulate((0, *(s * self.together for s in sizes))))
        self.workspace = (self.starts[-1] + self.rows * self.together) * width
        self.bounds = frame.share(prod(self.units))

    @property
    def together(self) -> int:
        """Samples that are worked on at a time."""
        return self.vectors * self.frame.lanes

    @property
    def own(self) -> list[int]:
        """Along each axis, how many kernels there are."""
        return [1 if a.shared else a.out for a in self.axes]

    @property
    def units(self) -> list[int]:
        """Windows, elements, or weights, but for what a tile holds."""
        if isinstance(self.op, CorrelateOp):
            return [a.out for a in self.axes] or [1]
        if isinstance(self.op, CorrelateBackOp):
            return [a.size for a in self.axes] or [1]
        return [*(a.kernel for a in self.axes), *self.own, self.op.map_count]

    def area(self, number: int) -> SSAValue:
        """Where an operand lies turned round; behind the last one, where a tile is put down."""
        return self.code.offset(self.frame.scratch, self.starts[number], self.frame.element)

    def write(self) -> None:
        """Some samples after the other: turn them round, then all units of this thread."""
        code, of_weights = self.code, isinstance(self.op, CorrelateWeightsOp)
        if of_weights:
            with code.loop(*self.bounds, hint="unit") as number:
                self._clear(number)
        samples = self.frame.samples(self.read[0])
        with code.loop(0, samples, self.together, hint="first") as first:
            count = code.least(code.subtract(samples, first), self.together)
            for number, value in enumerate(self.read):
                self._turn(value, self.area(number), first, count)
            with code.loop(*self.bounds, hint="unit") as number:
                if of_weights:
                    self._weight(number, count)
                elif isinstance(self.op, CorrelateOp):
                    self._window(number, first, count)
                else:
                    self._element(number, first, count)

    def _turn(self, value: SSAValue, area: SSAValue, first: Index, count: Index) -> None:
        """`area[element, sample] = value[sample, element]`, from sample `first` on."""
        frame, code, lanes = self.frame, self.code, self.frame.lanes
        source, size = frame.memory[value], type_of(value).elements

        def fast(s: Index) -> None:
            start = code.multiply(code.add(first, s), size)
            with code.loop(0, size, lanes, hint="element") as e:
                to = code.value(code.add(code.multiply(e, self.together), s))
                left = code.value(code.least(code.subtract(size, e), lanes))
                at = source, code.value(code.add(start, e)), size
                target = area, to, self.together
                code.builder.insert(TransposeOp(at, target, left, lanes, frame.vector))

        def slow(s: Index) -> None:
            with code.loop(s, count, hint="sample") as i, code.loop(0, size, hint="element") as e:
                start = code.multiply(code.add(first, i), size)
                element = code.load(source, code.add(start, e), frame.element)
                code.store(element, area, code.add(code.multiply(e, self.together), i))

        with code.loop(0, count, lanes, hint="lanes") as s:
            room = code.subtract(count, s)
            full = code.compare("sge", room, lanes)
            code.either(full, lambda: fast(s), lambda: slow(s))

    def _window(self, unit: SSAValue, first: Index, count: Index) -> None:
        """Every map of a window."""
        code, p = self.code, self.pitches
        places = positions(code, unit, self.units)
        own, target = self._sum(places, p.own, 0), self._sum(places, p.windows, 0)
        row = (p.kernels, p.map)

        def step(d: int, k: Index, found: Index, place: Place) -> Place:
            a = code.add(place[0], code.multiply(found, p.sample[d]))
            return a, code.add(place[1], code.multiply(k, p.kernel[d]))

        inner = (self.deep[1], self.deep[0], self.channels)
        self._tiles(self.op.map_count, places, (own, target), row, (step, inner), first, count)

    def _element(self, unit: SSAValue, first: Index, count: Index) -> None:
        """Every channel of a place in the sample."""
        code, p = self.code, self.pitches
        places = positions(code, unit, self.units)
        row = (self.deep[1], self.deep[0])

        def step(d: int, k: Index, found: Index, place: Place) -> Place:
            a = code.add(place[0], code.multiply(found, p.windows[d]))
            b = code.add(place[1], code.multiply(k, p.kernel[d]))
            return a, code.add(b, code.multiply(found, p.own[d]))

        inner, target = (p.kernels, p.map, self.op.map_count), self._sum(places, p.sample, 0)
        self._tiles(self.channels, places, (0, target), row, (step, inner), first, count)

    def _tiles(
        self,
        size: int,
        places: Sequence[Index],
        start: tuple[Index, Index],
        row: tuple[int, int],
        walk: tuple[Step, tuple[int, int, int]],
        first: Index,
        count: Index,
    ) -> None:
        """All rows of a unit, `row` apart in the weights and in the result, in tiles."""
        code = self.code
        tiles = even_tiles(size, self.rows)
        rows = tiles[0][1]
        whole = sum(height == rows for _, height in tiles)

        def tile(at: Index, height: int) -> None:
            weight = code.add(start[0], code.multiply(at, row[0]))
            total = self._product(height, places, weight, row[0], walk)
            self._put(total, code.add(start[1], code.multiply(at, row[1])), row[1], first, count)

        with code.loop(0, whole * rows, rows, hint="row") as at:
            tile(at, rows)
        if whole < len(tiles):
            tile(*tiles[-1])

    def _product(
        self,
        rows: int,
        places: Sequence[Index],
        weight: Index,
        row: int,
        walk: tuple[Step, tuple[int, int, int]],
    ) -> SSAValue:
        """The sums over all steps of the kernel for some rows."""
        frame, code, element = self.frame, self.code, self.frame.element
        kind = TileType.of(rows, self.together, element, frame.lanes)
        source, weights = self.area(0), frame.memory[self.op.operands[0]]
        step, (left, right, depth) = walk
        back = isinstance(self.op, CorrelateBackOp)

        def sum_up(d: int, held: SSAValue, place: Place) -> SSAValue:
            if d < 0:
                at = code.multiply(place[0], self.together)
                a = code.offset(weights, place[1], element), row, code.value(left)
                b = code.offset(source, at, element), code.value(right * self.together)
                return code.insert(TileMultiplyOp(held, a, b, code.value(depth), 1))

            def at_step(k: Index, found: Index, inner: SSAValue) -> SSAValue:
                return sum_up(d - 1, inner, step(d, k, found, place))

            return Steps(self.axes[d], back).walk(code, places[d], held, at_step)

        return sum_up(len(self.axes) - 1, code.insert(TileZeroOp(kind)), (0, weight))

    def _put(self, tile: SSAValue, place: Index, pitch: int, first: Index, count: Index) -> None:
        """Write the rows of a tile to a place of every sample."""
        frame, code, element = self.frame, self.code, self.frame.element
        assert isinstance(tile.type, TileType)
        held, size = self.area(-1), type_of(self.op.result).elements
        code.builder.insert(TileStoreOp(tile, held, code.value(0), self.together))
        with code.loop(0, count, hint="sample") as s:
            at = code.add(code.multiply(code.add(first, s), size), place)
            for r in range(tile.type.rows.data):
                value = code.load(held, code.add(s, r * self.together), element)
                code.store(value, frame.outputs[0], code.add(at, r * pitch))

    def _clear(self, unit: SSAValue) -> None:
        """The weights of a unit become 0."""
        zero = Vectors(self.code.builder, self.frame.element).constant(0.0)
        place, _ = self._weight_place(unit)
        with self.code.loop(0, self.channels, hint="c") as c:
            at = self.code.add(place, self.code.multiply(c, self.deep[1]))
            self.code.store(zero, self.frame.outputs[0], at)

    def _weight_place(self, unit: SSAValue) -> tuple[Index, list[Index]]:
        """Where the first weight of a unit lies, and its number along every axis of `units`."""
        code, p, count = self.code, self.pitches, len(self.axes)
        numbers = positions(code, unit, self.units)
        place = self._sum(numbers[:count], p.kernel, code.multiply(numbers[-1], p.kernels))
        return self._sum(numbers[count:-1], p.own, place), numbers

    def _weight(self, unit: SSAValue, count: Index) -> None:
        """Add what these samples have to the weights of all channels for a step and a map."""
        place, numbers = self._weight_place(unit)
        result = self.code.multiply(numbers[-1], self.pitches.map)
        self._windows(len(self.axes) - 1, (0, result), numbers, place, count)

    def _windows(
        self, d: int, place: Place, numbers: Sequence[Index], weight: Index, count: Index
    ) -> None:
        """All windows along axes d, d - 1, .. that meet an element at the step of a weight."""
        if d < 0:
            tiles = even_tiles(self.channels, self.frame.lanes)
            for at, rows in tiles:
                self._dots(place, weight, at, rows, count)
            return
        code, p, axis = self.code, self.pitches, self.axes[d]
        low, high = windows_at(code, axis, numbers[d])
        if not axis.shared:
            o = numbers[len(self.axes) + d]
            low, high = code.greatest(low, o), code.least(high, code.add(o, 1))
        start = code.subtract(code.multiply(numbers[d], axis.dilation), axis.low)
        with code.loop(low, high, hint="window") as o:
            found = code.add(code.multiply(o, axis.stride), start)
            ahead = code.add(place[0], code.multiply(found, p.sample[d]))
            behind = code.add(place[1], code.multiply(o, p.windows[d]))
            self._windows(d - 1, (ahead, behind), numbers, weight, count)

    def _dots(self, place: Place, weight: Index, at: int, rows: int, count: Index) -> None:
        """Add the products of a result and some channels, over all samples, to their weights."""
        frame, code, element = self.frame, self.code, self.frame.element
        between, pitch = self.deep[0] * self.together, self.deep[1]
        x = code.add(code.multiply(place[0], self.together), at * between)
        g = code.offset(self.area(1), code.multiply(place[1], self.together), element)
        held = self.area(-1)
        right = code.offset(self.area(0), x, element), between, rows
        code.builder.insert(DotOp(g, right, held, code.value(count), frame.vector))
        v = Vectors(code.builder, element)
        for r in range(rows):
            to = code.add(weight, (at + r) * pitch)
            old = code.load(frame.outputs[0], to, element)
            code.store(v.add(old, code.load(held, r, element)), frame.outputs[0], to)

    def _sum(self, places: Sequence[Index], pitches: Sequence[int], start: Index) -> Index:
        for place, pitch in zip(places, pitches, strict=False):
            start = self.code.add(start, self.code.multiply(place, pitch))
        return start
