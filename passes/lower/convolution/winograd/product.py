"""Kernels of `net.correlate` and `net.correlate_back` by patches, with an epilogue.

A band of patches at a time: its elements are turned round and transformed, then, for some planes
of the result, multiplied by the transformed weights and transformed back; the windows are finished
as those of the direct kernel are.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import (
    PtrType,
    TileLoadOp,
    TileMultiplyOp,
    TileStoreOp,
    TileType,
    TileZeroOp,
)
from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.epilogue import Epilogue
from brainscript.passes.lower.convolution.form import form_of
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.moments import Moments, add_tile
from brainscript.passes.lower.convolution.pack import Panel, pack_back, pack_turned
from brainscript.passes.lower.convolution.plan import Block, blocks_of, tile_shape
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
    of_weights,
    to_windows,
)
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.target import Target

POINTER, INDEX = PtrType(), IndexType()
UNROLLED = 4


def lower_patches(kernel: KernelOp, grid: Grid, target: Target) -> FuncOp:
    """The code of a kernel that begins with a convolution or its adjoint."""
    writer = _Writer(kernel, grid, target)
    writer.write()
    return writer.frame.code.finish(writer.workspace, list(writer.functions.values()))


class _Writer:
    """Writes one kernel. Scratch memory: weights, a band, its points, products, windows."""

    def __init__(self, kernel: KernelOp, grid: Grid, target: Target):
        product = kernel.steps[0]
        assert isinstance(product, CorrelateOp | CorrelateBackOp)
        self.grid, self.frame = grid, Frame.of(kernel, target)
        self.form, self.back = form_of(product), isinstance(product, CorrelateBackOp)
        self.weights, self.source = product.operands
        self.result = product.result
        self.epilogue = Epilogue(kernel, self.form.rank)
        lanes = self.frame.lanes
        self.memory = self.epilogue.memory(kernel, self.frame)
        self.functions: dict[str, FuncOp] = {}
        vectors = -(-grid.columns // lanes)
        self.tile, wide = tile_shape(grid.together, 1, vectors, target.registers)
        self.blocks = blocks_of(grid.columns, lanes, wide)
        self.pitch = round_up(grid.depth, lanes)
        self.widest = self.blocks[0].vectors * lanes
        needed = self._areas()
        self.moments = Moments.of(kernel, self.frame, needed, grid.out[0] * grid.out[1])
        needed += self.moments.size(grid.columns) if self.moments else 0
        self.workspace = needed * self.form.element_bytes

    def _areas(self) -> int:
        """Where everything lies in scratch memory; a line between points keeps them apart.

        Returns how many elements that takes.
        """
        grid, lanes = self.grid, self.frame.lanes
        self.points = grid.together * self.pitch + lanes
        self.products = grid.together * self.widest + lanes
        weights = sum(POINTS * grid.depth * b.vectors * lanes for b in self.blocks)
        room = grid.width * grid.height * self.pitch + lanes * self.pitch
        windows = (2 * grid.rows * grid.out[0] + 1) * self.widest
        panel = (9 * grid.depth + lanes) * self.widest
        sizes = [weights, room, POINTS * self.points, POINTS * self.products, windows]
        starts = offsets(sizes)
        self.at_room, self.at_points, self.at_products, self.at_windows, end = starts[1:]
        return max(end, self.at_room + panel)

    def scratch(self, start: Index) -> SSAValue:
        """The scratch memory from an element on."""
        return self.frame.code.offset(self.frame.scratch, start, self.form.element)

    def write(self) -> None:
        """Transform the weights, then work through the bands of all samples."""
        frame, code, grid = self.frame, self.frame.code, self.grid
        bands = 1 if self.moments else grid.bands
        bounds = frame.share(code.multiply(frame.samples(self.result), bands))
        with code.when(code.compare("slt", *bounds)):
            starts = offsets([self._weights_size(b) for b in self.blocks])
            for block, start in zip(self.blocks, starts, strict=False):
                self._transform_weights(block, start)
            clear(frame, frame.scratch, self.at_room, self.at_points - self.at_room)
            self._units(bounds, starts)

    def _units(self, bounds: tuple[Index, Index], starts: Sequence[int]) -> None:
        """The bands; those of whole samples where statistics are made of them."""
        code, bands = self.frame.code, self.grid.bands
        if self.moments is None:
            with code.loop(*bounds, hint="unit") as unit:
                self._band(code.divide(unit, bands), code.remainder(unit, bands), starts)
            return
        with code.loop(*bounds, hint="sample") as sample:
            with code.loop(0, bands, hint="band") as band:
                self._band(sample, band, starts)
            for block in self.blocks:
                self.moments.finish(sample, block)

    def _band(self, sample: Index, band: Index, starts: Sequence[int]) -> None:
        """All blocks of one band; `starts` are those of their weights."""
        self._read(sample, band)
        for block, start in zip(self.blocks, starts, strict=False):
            self._multiply(block, start)
            self._windows(block)
            self._finish(block, sample, band)

    def _weights_size(self, block: Block) -> int:
        return POINTS * self.grid.depth * block.vectors * self.frame.lanes

    def _transform_weights(self, block: Block, start: int) -> None:
        """`U[point, c, j]` for the columns j of a block, from weights that lie side by side."""
        frame, code, form, lanes = self.frame, self.frame.code, self.form, self.frame.lanes
        depth, width = self.grid.depth, block.vectors * lanes
        panel = Panel(self.scratch(self.at_room), width)
        weights = frame.memory[self.weights]
        if self.back:
            pack_back(frame, weights, (form.maps, form.channels, 9), block, panel)
        else:
            pack_turned(frame, weights, depth * 9, block, panel)
        target = self.scratch(start)
        with (
            code.loop(0, depth, hint="c") as c,
            code.loop(0, width, lanes, hint="j") as j,
        ):
            at = code.add(code.multiply(c, 9 * width), j)
            to = code.add(code.multiply(c, width), j)

            def source(i: int, k: int) -> tuple[SSAValue, Index]:
                step = 8 - 3 * i - k if self.back else 3 * i + k
                return panel.pointer, code.add(at, step * width)

            def place(i: int, k: int) -> tuple[SSAValue, Index]:
                return target, code.add(to, (PATCH * i + k) * depth * width)

            transform(code, frame.vector, of_weights, source, place, (3, PATCH))

    def _read(self, sample: Index, band: Index) -> None:
        """The points of a band's patches: `V[point, patch, c]`."""
        frame, code, grid, lanes = self.frame, self.frame.code, self.grid, self.frame.lanes
        source = frame.at_sample(frame.memory[self.source], self.source, sample)
        pointer = self.scratch(self.at_room)
        room = Room(pointer, grid.width, grid.height, grid.low[0], self.pitch)
        top = code.subtract(code.multiply(band, 2 * grid.rows), grid.low[1])
        read_band(frame, source, Planes(grid.size, grid.depth, 0, self.pitch), room, top)
        target = self.scratch(self.at_points)
        with (
            code.loop(0, grid.rows, hint="row") as row,
            code.loop(0, grid.tiles[0], hint="tile") as tile,
            code.loop(0, self.pitch, lanes, hint="c") as c,
        ):
            place = code.add(code.multiply(row, grid.width), tile)
            at = code.add(code.multiply(place, 2 * self.pitch), c)
            patch = code.add(code.multiply(row, grid.tiles[0]), tile)
            to = code.add(code.multiply(patch, self.pitch), c)
            transform(
                code,
                frame.vector,
                of_elements,
                lambda i, j: (pointer, code.add(at, (i * grid.width + j) * self.pitch)),
                lambda i, j: (target, code.add(to, (PATCH * i + j) * self.points)),
                (PATCH, PATCH),
            )

    def _multiply(self, block: Block, start: int) -> None:
        """`M[point, patch, j] = sum over c of V[point, patch, c] * U[point, c, j]`."""
        code, grid = self.frame.code, self.grid
        width = block.vectors * self.frame.lanes
        left, right = self.scratch(self.at_points), self.scratch(start)
        target = self.scratch(self.at_products)
        tiles = even_tiles(grid.together, self.tile)
        with code.loop(0, POINTS, hint="point") as point:
            a, b = code.multiply(point, self.points), code.multiply(point, grid.depth * width)
            c, element = code.multiply(point, self.products), self.form.element
            weights = code.offset(right, b, element)

            def call(first: Index, rows: int) -> None:
                x = code.offset(left, code.add(a, code.multiply(first, self.pitch)), element)
                z = code.offset(target, code.add(c, code.multiply(first, width)), element)
                code.call(self._product(rows, block.vectors), [x, weights, z])

            rows = tiles[0][1]
            whole = sum(height == rows for _, height in tiles)
            with code.loop(0, whole * rows, rows, hint="patch") as first:
                call(first, rows)
            if whole < len(tiles):
                call(*tiles[-1])

    def _product(self, rows: int, vectors: int) -> str:
        """The function that multiplies some patches by the weights of a block."""
        name = f"product{rows}x{vectors}"
        if name not in self.functions:
            width, lanes = vectors * self.frame.lanes, self.frame.lanes
            code = Code(name, [("patches", POINTER), ("weights", POINTER), ("target", POINTER)])
            patches, weights, target = code.entry.args
            kind = TileType.of(rows, width, self.form.element, lanes)
            zero = code.insert(TileZeroOp(kind))
            left = (patches, self.pitch, code.value(1))
            right = (weights, code.value(width))
            depth = code.value(self.grid.depth)
            total = code.insert(TileMultiplyOp(zero, left, right, depth, UNROLLED))
            code.builder.insert(TileStoreOp(total, target, code.value(0), width))
            self.functions[name] = code.finish()
        return name

    def _windows(self, block: Block) -> None:
        """The windows of a band, columns side by side."""
        frame, code, grid, lanes = self.frame, self.frame.code, self.grid, self.frame.lanes
        source, target = self.scratch(self.at_products), self.scratch(self.at_windows)
        width, across = block.vectors * lanes, grid.tiles[0]

        def write(row: Index, tile: Index, j: Index, count: int) -> None:
            patch = code.add(code.multiply(row, across), tile)
            at = code.add(code.multiply(patch, width), j)
            window = code.add(code.multiply(row, 2 * grid.out[0]), code.multiply(tile, 2))
            to = code.add(code.multiply(window, width), j)

            def place(i: int, k: int) -> tuple[SSAValue, Index] | None:
                if k >= count:
                    return None
                return target, code.add(to, (i * grid.out[0] + k) * width)

            transform(
                code,
                frame.vector,
                to_windows,
                lambda i, k: (source, code.add(at, (PATCH * i + k) * self.products)),
                place,
                (PATCH, 2),
            )

        whole = grid.out[0] // 2
        with (
            code.loop(0, grid.rows, hint="row") as row,
            code.loop(0, width, lanes, hint="j") as j,
        ):
            with code.loop(0, whole, hint="tile") as tile:
                write(row, tile, j, 2)
            if whole < across:
                write(row, whole, j, 1)

    def _finish(self, block: Block, sample: Index, band: Index) -> None:
        """The epilogue of a band's windows; the last band may have fewer of them."""
        code, grid = self.frame.code, self.grid
        across, rows = grid.out[0], 2 * grid.rows
        whole, last = rows * across, (grid.out[1] - rows * (grid.bands - 1)) * across
        memory = self.epilogue.at_sample(code, self.memory, sample)
        start = code.multiply(band, whole)
        if whole == last:
            self._tiles(block, whole, start, memory)
            return
        code.either(
            code.compare("eq", band, grid.bands - 1),
            lambda: self._tiles(block, last, start, memory),
            lambda: self._tiles(block, whole, start, memory),
        )

    def _tiles(self, block: Block, count: int, start: Index, memory: list[SSAValue]) -> None:
        """The epilogue of `count` windows in tiles, as many rows as lanes."""
        code, lanes = self.frame.code, self.frame.lanes
        width = block.vectors * lanes
        source = self.scratch(self.at_windows)

        def call(first: Index, rows: int) -> None:
            for v in range(block.vectors):
                columns = min(lanes, block.columns - v * lanes)
                at = code.add(code.multiply(first, width), v * lanes)
                pointer = code.offset(source, at, self.form.element)
                place, column = code.add(start, first), block.first + v * lanes
                name = self._end(rows, columns, width)
                sums = [self.moments.at(column)] if self.moments else []
                code.call(name, [pointer, place, column, *sums, *memory])

        whole = count // lanes * lanes
        with code.loop(0, whole, lanes, hint="window") as first:
            call(first, lanes)
        if whole < count:
            call(whole, count - whole)

    def _end(self, rows: int, columns: int, width: int) -> str:
        """The function that finishes a tile of windows."""
        name = f"finish{rows}x{columns}_{width}"
        if name not in self.functions:
            parameters: list[tuple[str, Attribute]] = [
                ("windows", POINTER),
                ("place", INDEX),
                ("first", INDEX),
                *([("sums", POINTER)] if self.moments else []),
                *((f"m{i}", POINTER) for i in range(len(self.memory))),
            ]
            code = Code(name, parameters)
            windows, place, first, *rest = code.entry.args
            lanes = self.frame.lanes
            kind = TileType.of(rows, lanes, self.form.element, lanes)
            tile = code.insert(TileLoadOp(windows, code.value(0), width, kind))
            if self.moments:
                add_tile(code, tile, rest[0], place)
            memory = rest[len(rest) - len(self.memory) :]
            plane = self.grid.out[0] * self.grid.out[1]
            self.epilogue.write(code, tile, columns, (first, place, plane), memory)
            self.functions[name] = code.finish()
        return name
