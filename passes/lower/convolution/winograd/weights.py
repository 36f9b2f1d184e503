"""Kernels of `net.correlate_weights` by patches: the gradient of weights.

The points of patches of x and of g are multiplied and summed over patches, for each of the 16 a
matrix product; what the sums are of is transformed to weights once, at the end. Threads share the
planes of x, never a sum.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import IndexType
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import (
    PtrType,
    TileEndOp,
    TileLoadOp,
    TileMultiplyOp,
    TileStoreOp,
    TileType,
)
from brainscript.dialects.kern_windows import TileAcrossOp
from brainscript.dialects.net.convolution import CorrelateWeightsOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.form import form_of
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.plan import ACCUMULATORS, Block, blocks_of
from brainscript.passes.lower.convolution.runs import even_tiles
from brainscript.passes.lower.convolution.winograd.grid import PATCH, POINTS, Grid
from brainscript.passes.lower.convolution.winograd.patches import (
    Planes,
    Room,
    clear,
    offsets,
    read_band,
    round_up,
    transform,
)
from brainscript.passes.lower.convolution.winograd.transforms import (
    of_elements,
    of_windows,
    to_weights,
)
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.target import Target

POINTER, INDEX = PtrType(), IndexType()
UNROLLED = 4
SUMMED = 64
"""About how many patches of several samples are summed before the sums go back to memory."""

MOST = 8
"""Planes of x in a tile: few, so that threads have something to share."""


def lower_patch_weights(kernel: KernelOp, grid: Grid, target: Target) -> FuncOp:
    """The code of a kernel that makes the gradient of weights."""
    writer = _Writer(kernel, grid, target)
    writer.write()
    return writer.frame.code.finish(writer.workspace, list(writer.functions.values()))


class _Writer:
    """Writes one kernel. Scratch memory: sums, bands of x and g, their points, weights."""

    def __init__(self, kernel: KernelOp, grid: Grid, target: Target):
        product = kernel.steps[0]
        assert isinstance(product, CorrelateWeightsOp)
        self.product, self.form, self.grid = product, form_of(product), grid
        self.frame = Frame.of(kernel, target)
        lanes = self.frame.lanes
        self.functions: dict[str, FuncOp] = {}
        vectors = -(-grid.columns // lanes)
        self.blocks = blocks_of(grid.columns, lanes, min(vectors, 2))
        most = min(MOST, ACCUMULATORS[target.registers] // self.blocks[0].vectors)
        self.pieces = even_tiles(grid.depth, most)
        self.samples = max(1, max(SUMMED, grid.most) // grid.together) if grid.bands == 1 else 1
        self.patches = self.samples * grid.together
        self.pitch = round_up(grid.depth, lanes)
        self.width = sum(b.vectors for b in self.blocks) * lanes
        self._areas()

    def _areas(self) -> None:
        """Where everything lies in scratch memory; a line between points keeps them apart."""
        grid, lanes = self.grid, self.frame.lanes
        self.x_points = self.patches * self.pitch + lanes
        self.g_points = self.patches * self.width + lanes
        sums = POINTS * grid.depth * self.width
        x = grid.width * grid.height * self.pitch + lanes * self.pitch
        g = 4 * grid.together * self.width + lanes * self.width
        rows = 9 * self.pieces[0][1] * self.width
        sizes = [sums, x, g, POINTS * self.x_points, POINTS * self.g_points, rows]
        starts = offsets(sizes)
        self.at_x, self.at_g, self.at_x_points, self.at_g_points, self.at_rows, end = starts[1:]
        self.workspace = end * self.form.element_bytes

    def scratch(self, start: Index) -> SSAValue:
        """The scratch memory from an element on."""
        return self.frame.code.offset(self.frame.scratch, start, self.form.element)

    def write(self) -> None:
        """Clear the sums, add the patches of all samples, write the weights."""
        frame, code, grid = self.frame, self.frame.code, self.grid
        bounds = frame.share(len(self.pieces))
        with code.when(code.compare("slt", *bounds)):
            clear(frame, frame.scratch, 0, self.at_x_points)
            samples = frame.samples(self.product.x)
            with code.loop(0, samples, self.samples, hint="sample") as sample:
                count = code.least(code.subtract(samples, sample), self.samples)
                with code.loop(0, grid.bands, hint="band") as band:
                    with code.loop(0, count, hint="s") as s:
                        self._read_x(bounds, code.add(sample, s), s, band)
                        self._read_g(code.add(sample, s), s, band)
                    self._add(bounds, code.multiply(count, grid.together))
            self._each(bounds, self._weights)

    def _each(self, bounds: tuple[Index, Index], work: Callable[[Index, int], None]) -> None:
        """`work(first plane, planes)` for this thread's pieces."""
        code, size = self.frame.code, self.pieces[0][1]
        whole = sum(planes == size for _, planes in self.pieces)
        with code.loop(bounds[0], code.least(bounds[1], whole), hint="piece") as piece:
            work(code.multiply(piece, size), size)
        if whole < len(self.pieces):
            with code.when(code.compare("sgt", bounds[1], whole)):
                work(*self.pieces[-1])

    def _channels(self, bounds: tuple[Index, Index]) -> tuple[Index, Index]:
        """The planes that a thread needs, in whole vectors."""
        code, lanes, size = self.frame.code, self.frame.lanes, self.pieces[0][1]
        first = code.divide(code.multiply(bounds[0], size), lanes)
        last = code.ceil_divide(code.multiply(bounds[1], size), lanes)
        last = code.least(last, self.pitch // lanes)
        return code.multiply(first, lanes), code.multiply(last, lanes)

    def _read_x(self, bounds: tuple[Index, Index], sample: Index, slot: Index, band: Index) -> None:
        """The points of a band of x: `V[point, patch, c]` for the planes of this thread."""
        frame, code, grid = self.frame, self.frame.code, self.grid
        source = frame.at_sample(frame.memory[self.product.x], self.product.x, sample)
        pointer, target = self.scratch(self.at_x), self.scratch(self.at_x_points)
        room = Room(pointer, grid.width, grid.height, grid.low[0], self.pitch)
        top = code.subtract(code.multiply(band, 2 * grid.rows), grid.low[1])
        first, last = self._channels(bounds)
        read_band(frame, source, Planes(grid.size, grid.depth, first, last), room, top)
        with (
            code.loop(0, grid.rows, hint="row") as row,
            code.loop(0, grid.tiles[0], hint="tile") as tile,
            code.loop(first, last, frame.lanes, hint="c") as c,
        ):
            place = code.add(code.multiply(row, grid.width), tile)
            at = code.add(code.multiply(place, 2 * self.pitch), c)
            to = code.add(code.multiply(self._patch(slot, row, tile), self.pitch), c)
            transform(
                code,
                frame.vector,
                of_elements,
                lambda i, j: (pointer, code.add(at, (i * grid.width + j) * self.pitch)),
                lambda i, j: (target, code.add(to, (PATCH * i + j) * self.x_points)),
                (PATCH, PATCH),
            )

    def _patch(self, slot: Index, row: Index, tile: Index) -> Index:
        code, grid = self.frame.code, self.grid
        line = code.add(code.multiply(slot, grid.rows), row)
        return code.add(code.multiply(line, grid.tiles[0]), tile)

    def _read_g(self, sample: Index, slot: Index, band: Index) -> None:
        """The points of a band of g: `G[point, patch, m]`."""
        frame, code, grid, width = self.frame, self.frame.code, self.grid, self.width
        source = frame.at_sample(frame.memory[self.product.g], self.product.g, sample)
        pointer, target = self.scratch(self.at_g), self.scratch(self.at_g_points)
        across = 2 * grid.tiles[0]
        room = Room(pointer, across, 2 * grid.rows, 0, width)
        planes = Planes(grid.out, grid.columns, 0, width)
        read_band(frame, source, planes, room, code.multiply(band, 2 * grid.rows))
        with (
            code.loop(0, grid.rows, hint="row") as row,
            code.loop(0, grid.tiles[0], hint="tile") as tile,
            code.loop(0, width, frame.lanes, hint="m") as m,
        ):
            place = code.add(code.multiply(row, across), tile)
            at = code.add(code.multiply(place, 2 * width), m)
            to = code.add(code.multiply(self._patch(slot, row, tile), width), m)
            transform(
                code,
                frame.vector,
                of_windows,
                lambda i, j: (pointer, code.add(at, (i * across + j) * width)),
                lambda i, j: (target, code.add(to, (PATCH * i + j) * self.g_points)),
                (2, PATCH),
            )

    def _add(self, bounds: tuple[Index, Index], depth: Index) -> None:
        """`S[point, c, m] += sum over patches of V[point, patch, c] * G[point, patch, m]`."""
        code, element, grid = self.frame.code, self.form.element, self.grid
        left, right = self.scratch(self.at_x_points), self.scratch(self.at_g_points)
        with code.loop(0, POINTS, hint="point") as point:
            a, b = code.multiply(point, self.x_points), code.multiply(point, self.g_points)
            c = code.multiply(point, grid.depth * self.width)
            for block in self.blocks:
                g = code.offset(right, code.add(b, block.first), element)

                def piece(plane: Index, planes: int, block: Block = block, g: SSAValue = g) -> None:
                    x = code.offset(left, code.add(a, plane), element)
                    at = code.add(c, code.multiply(plane, self.width))
                    total = self.scratch(code.add(at, block.first))
                    code.call(self._product(planes, block.vectors), [x, g, total, depth])

                self._each(bounds, piece)

    def _product(self, planes: int, vectors: int) -> str:
        """The function that adds the products of patches to the sums of some planes."""
        name = f"product{planes}x{vectors}"
        if name not in self.functions:
            lanes = self.frame.lanes
            names = [("x", POINTER), ("g", POINTER), ("sums", POINTER), ("depth", INDEX)]
            code = Code(name, names)
            x, g, sums, depth = code.entry.args
            kind = TileType.of(planes, vectors * lanes, self.form.element, lanes)
            held = code.insert(TileLoadOp(sums, code.value(0), self.width, kind))
            left, right = (x, 1, code.value(self.pitch)), (g, code.value(self.width))
            total = code.insert(TileMultiplyOp(held, left, right, depth, UNROLLED))
            code.builder.insert(TileStoreOp(total, sums, code.value(0), self.width))
            self.functions[name] = code.finish()
        return name

    def _weights(self, plane: Index, planes: int) -> None:
        """Transform the sums of some planes to weights and write them, maps outermost."""
        frame, code, width = self.frame, self.frame.code, self.width
        source, target = frame.scratch, self.scratch(self.at_rows)
        with (
            code.loop(0, planes, hint="c") as c,
            code.loop(0, width, frame.lanes, hint="m") as m,
        ):
            at = code.add(code.multiply(code.add(plane, c), width), m)
            to = code.add(code.multiply(c, 9 * width), m)
            pitch = self.grid.depth * width
            transform(
                code,
                frame.vector,
                to_weights,
                lambda i, j: (source, code.add(at, (PATCH * i + j) * pitch)),
                lambda i, j: (target, code.add(to, (3 * i + j) * width)),
                (PATCH, 3),
            )
        start = code.multiply(plane, 9)
        for first, rows in even_tiles(9 * planes, frame.lanes, frame.lanes):
            for m in range(0, self.grid.columns, frame.lanes):
                columns = min(frame.lanes, self.grid.columns - m)
                place = code.add(start, m * 9 * self.grid.depth + first)
                to = code.offset(frame.outputs[0], place, self.form.element)
                rows_at = self.scratch(self.at_rows + first * width + m)
                code.call(self._turn(rows, columns), [rows_at, to])

    def _turn(self, rows: int, columns: int) -> str:
        """The function that writes some rows of weights side by side as columns."""
        name = f"turn{rows}x{columns}"
        if name not in self.functions:
            lanes = self.frame.lanes
            code = Code(name, [("rows", POINTER), ("weights", POINTER)])
            source, target = code.entry.args
            kind = TileType.of(rows, lanes, self.form.element, lanes)
            tile = code.insert(TileLoadOp(source, code.value(0), self.width, kind))
            body = TileAcrossOp.make_block(kind)
            vector, row, column, count = body.args
            with code.inside(body):
                place = code.add(code.multiply(column, 9 * self.grid.depth), row)
                code.store(vector, target, place, count)
                code.builder.insert(TileEndOp())
            code.builder.insert(TileAcrossOp(tile, columns, body))
            self.functions[name] = code.finish()
        return name
