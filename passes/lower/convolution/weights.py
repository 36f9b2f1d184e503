"""Kernels of `net.correlate_weights`: the gradient of weights, summed over windows and samples.

For every step of the kernel and every plane of x the product of x and of g is summed over the
windows. Vectors lie along the maps, so g is copied with its maps side by side; rows of a register
tile are steps of the kernel along the first axis, of several planes. The sums of each sample are
added up in scratch memory, sample after sample; threads share planes and steps, never a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import (
    PtrType,
    TileEachOp,
    TileEndOp,
    TileLoadOp,
    TileType,
    TileZeroOp,
)
from brainscript.dialects.kern_windows import TileAcrossOp, TileGatherOp
from brainscript.dialects.net.convolution import CorrelateWeightsOp
from brainscript.dialects.net.windows import Axis
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.form import form_of
from brainscript.passes.lower.convolution.frame import Frame, carried, positions
from brainscript.passes.lower.convolution.outer import windows_at
from brainscript.passes.lower.convolution.pack import Panel, pack_turned
from brainscript.passes.lower.convolution.plan import (
    ACCUMULATORS,
    Block,
    Piece,
    blocks_of,
    pieces_of,
    portion_of,
    split,
)
from brainscript.passes.lower.convolution.runs import Places, Run, runs_of
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target

POINTER, INDEX = PtrType(), IndexType()
WRITTEN_OUT = 384
"""Multiply-adds that are written out in one piece."""

Work = Callable[[Piece, Index, Sequence[Index]], None]


def lower_weights(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of a kernel that makes the gradient of weights."""
    writer = _Writer(kernel, target)
    writer.write()
    return writer.frame.code.finish(writer.workspace, list(writer.functions.values()))


class _Writer:
    """Writes one kernel."""

    def __init__(self, kernel: KernelOp, target: Target):
        product = kernel.steps[0]
        assert isinstance(product, CorrelateWeightsOp)
        self.product, self.form = product, form_of(product)
        self.frame = Frame.of(kernel, target)
        form, lanes = self.form, self.frame.lanes
        self.axes = split(form.axes)
        self.axis, self.outer = self.axes[0], self.axes[1:]
        vectors = -(-form.maps // lanes)
        self.blocks = blocks_of(form.maps, lanes, min(vectors, 2))
        most = ACCUMULATORS[target.registers] // self.blocks[0].vectors
        self.pieces = pieces_of(form.channels, self.axis.kernel, most)
        self.functions: dict[str, FuncOp] = {}
        self.depth = form.channels * form.steps
        """Rows of the weights: steps of the kernel in all planes."""
        width = sum(b.vectors for b in self.blocks) * lanes
        slack = lanes * width
        self.sums = self.depth * width + slack
        inner = prod(a.out for a in self.axes[: max(1, len(self.axes) - 1)])
        self.portion = portion_of(form.windows, inner, width * form.element_bytes)
        packed = self.portion.samples * self.portion.windows
        self.workspace = (self.sums + packed * width + slack) * form.element_bytes

    @property
    def units(self) -> int:
        """What threads share: pieces at every step of the outer axes."""
        return sum(p.count for p in self.pieces) * prod(a.kernel for a in self.outer)

    def write(self) -> None:
        """Clear the sums, add every sample, write the weights."""
        frame, code = self.frame, self.frame.code
        bounds = frame.share(self.units)
        with code.when(code.compare("slt", *bounds)):
            self._each(bounds, self._clear)
            samples, together = frame.samples(self.product.x), self.portion.samples
            with code.loop(0, samples, together, hint="sample") as sample:
                count = code.least(code.subtract(samples, sample), together)
                with code.loop(0, self.form.windows, self.portion.windows, hint="band") as band:
                    self._portion(bounds, sample, count, band)
            self._each(bounds, self._finish)

    def _portion(
        self, bounds: tuple[Index, Index], sample: SSAValue, count: Index, band: SSAValue
    ) -> None:
        """Some samples, or some windows of one: copy g, add all products."""
        frame, code, form = self.frame, self.frame.code, self.form
        x = frame.at_sample(frame.memory[self.product.x], self.product.x, sample)
        g = frame.at_sample(frame.memory[self.product.g], self.product.g, sample)
        rows = self.portion.windows
        size = code.least(code.subtract(form.windows, band), rows)
        panels = self._panels(self.sums, self.portion.samples * rows)
        for block, panel in zip(self.blocks, panels, strict=True):
            with code.loop(0, count, hint="s") as s:
                source = code.offset(g, code.multiply(s, form.windows * form.maps), form.element)
                place = code.multiply(s, rows * panel.width)
                at = Panel(code.offset(panel.pointer, place, form.element), panel.width)
                pack_turned(frame, source, form.windows, block, at, (band, size))
        inner = prod(a.out for a in self.axes[:-1])
        low, high = code.divide(band, inner), code.divide(code.add(band, size), inner)
        here = (x, panels, (count, low, high))
        self._each(bounds, lambda p, u, k: self._add(p, u, k, here))

    def _panels(self, start: int, rows: int) -> list[Panel]:
        """A panel for each block, one behind the other."""
        found: list[Panel] = []
        for block in self.blocks:
            width = block.vectors * self.frame.lanes
            pointer = self.frame.code.offset(self.frame.scratch, start, self.form.element)
            found.append(Panel(pointer, width))
            start += rows * width
        return found

    def _each(self, bounds: tuple[Index, Index], work: Work) -> None:
        """`work(piece, first plane, steps of the outer axes)` for this thread's units."""
        code = self.frame.code
        steps = [a.kernel for a in self.outer]
        begin = 0
        for piece in self.pieces:
            size = piece.count * prod(steps)
            low = code.greatest(code.subtract(bounds[0], begin), 0)
            high = code.least(code.subtract(bounds[1], begin), size)
            with code.loop(low, high, hint="unit") as unit:
                number = code.remainder(unit, piece.count)
                plane = code.add(code.multiply(number, piece.step), piece.first)
                work(piece, plane, positions(code, code.divide(unit, piece.count), steps))
            begin += size

    def _rows(self, piece: Piece) -> list[int]:
        """Where the rows of a piece lie among the rows of the weights, from its first on."""
        return [c * self.form.steps + k for c in range(piece.planes) for k in piece.taps]

    def _row(self, plane: Index, outer: Sequence[Index]) -> Index:
        """The first row of the weights at a plane and steps of the outer axes."""
        code = self.frame.code
        row, pitch = code.multiply(plane, self.form.steps), self.axis.kernel
        for axis, k in zip(self.outer, outer, strict=True):
            row = code.add(row, code.multiply(k, pitch))
            pitch *= axis.kernel
        return row

    def _clear(self, piece: Piece, plane: Index, outer: Sequence[Index]) -> None:
        frame, code = self.frame, self.frame.code
        row = self._row(plane, outer)
        zero = Vectors(code.builder, frame.vector).constant(0.0)
        for block, panel in zip(self.blocks, self._panels(0, self.depth), strict=True):
            target = code.offset(panel.pointer, code.multiply(row, panel.width), self.form.element)
            for place in self._rows(piece):
                for v in range(block.vectors):
                    code.store(zero, target, place * panel.width + v * frame.lanes)

    def _add(
        self,
        piece: Piece,
        plane: Index,
        outer: Sequence[Index],
        here: tuple[SSAValue, Sequence[Panel], tuple[Index, Index, Index]],
    ) -> None:
        """Add the products of a portion."""
        code, form = self.frame.code, self.form
        x, panels, limits = here
        source = code.offset(x, code.multiply(plane, form.plane), form.element)
        row = self._row(plane, outer)
        sums = self._panels(0, self.depth)
        for block, total, panel in zip(self.blocks, sums, panels, strict=True):
            target = code.offset(total.pointer, code.multiply(row, total.width), form.element)
            pointers = [source, panel.pointer, target]
            code.call(self._function(piece, block), [*pointers, *limits, *outer])

    def _function(self, piece: Piece, block: Block) -> str:
        number = self.pieces.index(piece)
        name = f"sum{number}_{block.vectors}"
        if name not in self.functions:
            self.functions[name] = self._make(name, piece, block)
        return name

    def _make(self, name: str, piece: Piece, block: Block) -> FuncOp:
        parameters: list[tuple[str, Attribute]] = [
            ("source", POINTER),
            ("panel", POINTER),
            ("target", POINTER),
            ("samples", INDEX),
            ("low", INDEX),
            ("high", INDEX),
            *((f"k{d + 1}", INDEX) for d in range(len(self.outer))),
        ]
        code = Code(name, parameters)
        source, panel, target, samples, low, high, *outer = code.entry.args
        rows, form = self._rows(piece), self.form
        width = block.vectors * self.frame.lanes
        kind = TileType.of(len(rows), width, self.form.element, self.frame.lanes)
        zero = code.insert(TileZeroOp(kind))

        def of_sample(s: SSAValue, held: SSAValue) -> SSAValue:
            x = code.offset(source, code.multiply(s, form.plane * form.channels), form.element)
            g = code.offset(panel, code.multiply(s, self.portion.windows * width), form.element)
            return self._windows(code, held, (x, g), (low, high), outer, piece)

        total = carried(code, (0, samples, 1), zero, of_sample)
        body = TileEachOp.make_block(kind)
        vector, row, column, _ = body.args
        with code.inside(body):
            plane = code.divide(row, len(piece.taps))
            tap = code.remainder(row, len(piece.taps))
            place = code.add(code.multiply(plane, self.form.steps), code.add(tap, piece.taps[0]))
            at = code.add(code.multiply(place, width), column)
            held = code.load(target, at, kind.vector)
            code.store(Vectors(code.builder, kind.vector).add(held, vector), target, at)
            code.builder.insert(TileEndOp())
        code.builder.insert(TileEachOp(total, body))
        return code.finish()

    def _windows(
        self,
        code: Code,
        zero: SSAValue,
        pointers: tuple[SSAValue, SSAValue],
        band: tuple[Index, Index],
        outer: Sequence[SSAValue],
        piece: Piece,
    ) -> SSAValue:
        """The sum over windows: of the outer axes in loops, of the first in runs.

        Of the last axis those within the band are summed; the panel begins with them.
        """
        kind = zero.type
        assert isinstance(kind, TileType)
        width, runs = kind.columns.data, self._runs(piece, kind)

        def walk(number: int, held: SSAValue, a: Index, b: Index) -> SSAValue:
            if number < 0:
                for run in runs:
                    held = self._run(code, run, held, (pointers[0], a), (pointers[1], b))
                return held
            axis, k = self.outer[number], outer[number]
            pitch = prod(x.size for x in self.axes[: number + 1])
            rows = prod(x.out for x in self.axes[: number + 1]) * width
            last = number == len(self.outer) - 1
            low, high, begin = limits(code, axis, k, band if last else None)
            shift = code.subtract(code.multiply(k, axis.dilation), axis.low)

            def step(o: SSAValue, value: SSAValue) -> SSAValue:
                found = code.add(code.multiply(o, axis.stride), shift)
                ahead = code.add(a, code.multiply(found, pitch))
                behind = code.multiply(code.subtract(o, begin), rows)
                return walk(number - 1, value, ahead, code.add(b, behind))

            return carried(code, (low, high, 1), held, step)

        return walk(len(self.outer) - 1, zero, 0, 0)

    def _runs(self, piece: Piece, kind: TileType) -> list[Run]:
        """Windows along the first axis in groups, grouped by which steps meet elements."""
        axis = self.axis
        work = kind.rows.data * kind.vectors
        together = axis.out if axis.out * work <= WRITTEN_OUT else max(1, 128 // work)
        plane = self.form.plane

        def places_at(first: int, width: int) -> Places:
            return tuple(
                tuple(
                    None if (e := axis.element(o, k)) is None else e + c * plane
                    for c in range(piece.planes)
                    for k in piece.taps
                )
                for o in range(first, first + width)
            )

        groups = [(o, min(together, axis.out - o)) for o in range(0, axis.out, together)]
        return runs_of(groups, places_at, lambda first: first * axis.stride)

    def _run(
        self,
        code: Code,
        run: Run,
        held: SSAValue,
        left: tuple[SSAValue, Index],
        right: tuple[SSAValue, Index],
    ) -> SSAValue:
        """The windows of a run, a group at a time."""
        kind, element = held.type, self.form.element
        assert isinstance(kind, TileType)
        width = kind.columns.data

        def group(j: Index, value: SSAValue) -> SSAValue:
            moved = code.add(code.multiply(j, run.move), run.base)
            window = code.add(code.multiply(j, run.step), run.first)
            a = code.offset(left[0], code.add(left[1], moved), element)
            b = code.offset(right[0], code.add(right[1], code.multiply(window, width)), element)
            return code.insert(TileGatherOp(value, a, run.places, b, width))

        if run.count == 1:
            return group(0, held)
        return carried(code, (0, run.count, 1), held, group)

    def _finish(self, piece: Piece, plane: Index, outer: Sequence[Index]) -> None:
        """Write the sums of a piece where the weights lie, maps outermost."""
        code, form, lanes = self.frame.code, self.form, self.frame.lanes
        first = code.add(self._row(plane, outer), piece.taps[0])
        planes, steps = piece.planes, len(piece.taps)
        if steps == form.steps:
            planes, steps = 1, planes * steps
        for block, panel in zip(self.blocks, self._panels(0, self.depth), strict=True):
            with code.loop(0, planes, hint="c") as c:
                start = code.add(first, code.multiply(c, form.steps))
                for t in range(0, steps, lanes):
                    row = code.add(start, t)
                    at, to = (
                        code.multiply(row, panel.width),
                        code.add(row, block.first * self.depth),
                    )
                    source = code.offset(panel.pointer, at, form.element)
                    target = code.offset(self.frame.outputs[0], to, form.element)
                    code.call(self._turn(min(lanes, steps - t), block), [source, target])

    def _turn(self, rows: int, block: Block) -> str:
        """The function that writes `rows` rows of sums as columns of the weights."""
        name = f"turn{rows}_{block.columns}"
        if name not in self.functions:
            width = block.vectors * self.frame.lanes
            code = Code(name, [("sums", POINTER), ("weights", POINTER)])
            source, target = code.entry.args
            kind = TileType.of(rows, width, self.form.element, self.frame.lanes)
            tile = code.insert(TileLoadOp(source, code.value(0), width, kind))
            body = TileAcrossOp.make_block(kind)
            vector, first, column, count = body.args
            with code.inside(body):
                place = code.add(code.multiply(column, self.depth), first)
                code.store(vector, target, place, count)
                code.builder.insert(TileEndOp())
            code.builder.insert(TileAcrossOp(tile, block.columns, body))
            self.functions[name] = code.finish()
        return name


def limits(
    code: Code, axis: Axis, step: Index, band: tuple[Index, Index] | None
) -> tuple[Index, Index, Index]:
    """The windows that have an element at a step, within a band, and where the band begins."""
    low, high = windows_at(code, axis, step)
    if band is None:
        return low, high, 0
    return code.greatest(low, band[0]), code.least(high, band[1]), band[0]
