"""Weight gradients of some width: rows of L too are copied, and one copy serves all panels.

Both operands of `dW = x' * g` lie with the depth outermost, so a tile would read a few numbers of
every sample: a new line, and a new page, at each step. Here a chunk of the result's rows is
gathered first, tile by tile with the steps one after the other, and all panels are worked on before
the next chunk. What is copied of R then serves a whole chunk as well.
"""

from __future__ import annotations

from dataclasses import replace

from xdsl.ir import SSAValue

from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.plan import Plan
from brainscript.passes.lower.gemm.sweep import Frame, Sweep
from brainscript.passes.lower.gemm.tiles import Place, Stage

LEAST_PANELS = 3
"""A copy that serves fewer panels does not pay."""

LEAST_TILES = 8
"""With fewer tiles the result is small, whatever its width."""

PANEL_BYTES = 1 << 18
"""What a block of a panel of R may take: it is read again for every tile, from the L2 cache."""

CHUNK_BYTES = 3 << 19
"""What a chunk of L may take: it is read once for every panel, in one stream."""

GATHERED_STEPS = 8
"""Steps that are gathered for all tiles before the next ones."""

SUMS_BYTES = 1 << 21
"""What the sums of a chunk may take that wait for the next block of the depth."""


def gathered_plan(form: Form, plan: Plan) -> Plan | None:
    """The plan with its blocks and chunks, or None where gathering rows does not pay."""
    tiles = -(-form.rows.size // plan.tile_rows)
    panels = -(-form.columns // plan.panel)
    if not form.left_turned or panels < LEAST_PANELS or tiles < LEAST_TILES:
        return None
    block = PANEL_BYTES // (plan.panel * form.element_bytes)
    blocked = form.depth.dynamic or form.depth.size > block
    if not blocked:
        block = form.depth.size
    rows = CHUNK_BYTES // (block * form.element_bytes)
    if blocked:
        rows = min(rows, SUMS_BYTES // (panels * plan.panel * form.element_bytes))
    chunk = max(1, min(rows // plan.tile_rows, tiles))
    return replace(plan, block=block, blocked=blocked, chunk_tiles=chunk, pack_rows=0)


class GatheredSweep(Sweep):
    """The work chunk by chunk of rows, in each panel by panel.

    Scratch memory holds the sums that wait (a panel behind the other), the block of R, the chunk
    of L: for each tile its steps, in each step `tile_rows` numbers.
    """

    def __init__(self, frame: Frame, plan: Plan):
        super().__init__(frame, plan, left_steps=(1, plan.tile_rows))
        self.panels = -(-self.form.columns // plan.panel)
        behind = self.sums + self.packers.room
        self.gathered = self.code.offset(self.scratch, behind, self.form.element)

    @property
    def workspace(self) -> int:
        """Bytes of scratch memory."""
        plan = self.plan
        left = plan.chunk * plan.block + plan.lanes
        return (self.sums + self.packers.room + left) * self.form.element_bytes

    def _sums(self) -> int:
        plan = self.plan
        panels = -(-self.form.columns // plan.panel)
        return plan.chunk * plan.panel * panels if plan.blocked else super()._sums()

    def write(self) -> None:
        """This thread's piece of the tiles; they are counted chunk by chunk, in it by panels."""
        code, plan = self.code, self.plan
        tiles = self.split_rows()
        assert isinstance(tiles, int)
        chunks = -(-tiles // plan.chunk_tiles)
        low, high = self._piece(tiles * self.panels)
        with code.loop(0, chunks, hint="chunk") as chunk:
            first = code.divide(code.multiply(chunk, tiles), chunks)
            end = code.divide(code.multiply(code.add(chunk, 1), tiles), chunks)
            before = code.multiply(first, self.panels)
            size = code.multiply(code.subtract(end, first), self.panels)
            begin = code.greatest(code.subtract(low, before), 0)
            stop = code.least(code.subtract(high, before), size)
            with code.when(code.compare("slt", begin, stop)):
                self._chunk((first, end), (begin, stop))

    def _chunk(self, tiles: tuple[Index, Index], piece: tuple[Index, Index]) -> None:
        """A piece of a chunk, block by block of the depth."""
        code, plan = self.code, self.plan
        if not plan.blocked:
            self._gathered_block(tiles, piece, (0, self.depth), None)
            return
        blocks = code.greatest(code.ceil_divide(self.depth, plan.block), 1)
        with code.loop(0, blocks, hint="block") as block:
            start = code.multiply(block, plan.block)
            depth = code.least(code.subtract(self.depth, start), plan.block)
            first = code.compare("eq", block, 0)
            last = code.compare("eq", code.add(block, 1), blocks)
            self._gathered_block(tiles, piece, (start, depth), (first, last))

    def _gathered_block(
        self,
        tiles: tuple[Index, Index],
        piece: tuple[Index, Index],
        steps: tuple[Index, Index],
        which: tuple[SSAValue, SSAValue] | None,
    ) -> None:
        """One block of the depth for a piece of a chunk: gather L, then panel by panel."""
        code = self.code
        self._gather(tiles, steps)
        height = code.subtract(tiles[1], tiles[0])
        begin = code.divide(piece[0], height)
        end = code.divide(code.add(piece[1], code.subtract(height, 1)), height)
        with code.loop(begin, end, hint="panel") as panel:
            start = code.multiply(panel, height)
            low = code.greatest(code.subtract(piece[0], start), 0)
            high = code.least(code.subtract(piece[1], start), height)
            here = code.add(tiles[0], low), code.add(tiles[0], high)

            def work(column: Index, width: int, first: Index, last: Index) -> None:
                self._panel_block(column, width, (first, last), tiles[0], steps, which)

            self.some_panel(panel, *here, work)

    def _panel_block(
        self,
        column: Index,
        width: int,
        tiles: tuple[Index, Index],
        chunk: Index,
        steps: tuple[Index, Index],
        which: tuple[SSAValue, SSAValue] | None,
    ) -> None:
        """The tiles of one panel; `chunk` is the first tile whose rows are gathered."""
        code, plan, element = self.code, self.plan, self.form.element
        right, pitch = self._right(column, width, *steps)
        sums = code.multiply(code.divide(column, plan.panel), plan.chunk * plan.panel)
        above = self._row(chunk)

        def place(tile: Index, row: Index) -> Place:
            offset = self._place_of(tile, chunk, steps[1])
            left = code.offset(self.gathered, offset, element)
            return Place(left, right, pitch, steps[1], row, column)

        def stage(row: Index) -> Stage | None:
            if which is None:
                return Stage(self.scratch) if self.functions.staged else None
            below = code.multiply(code.subtract(row, above), plan.panel)
            return Stage(code.offset(self.scratch, code.add(sums, below), element), *which)

        self._tiles(tiles, width, place, stage)

    def _gather(self, tiles: tuple[Index, Index], steps: tuple[Index, Index]) -> None:
        """Copy these tiles' rows of L for a block of the depth.

        A few steps at a time, so that the lines of memory that tiles share are read once.
        """
        code, element = self.code, self.form.element
        start, depth = steps
        with code.loop(0, depth, GATHERED_STEPS, hint="k") as k:
            count = code.least(code.subtract(depth, k), GATHERED_STEPS)
            above = code.multiply(code.add(start, k), self.form.rows.size)
            with code.loop(*tiles, hint="tile") as tile:
                source = code.offset(self.left, code.add(above, self._row(tile)), element)
                place = code.add(self._place_of(tile, tiles[0], depth), self._steps_of(k))
                target = code.offset(self.gathered, place, element)
                self._gather_tile(tile, (source, target, count))

    def _gather_tile(self, tile: Index, operands: tuple[SSAValue, SSAValue, Index]) -> None:
        code = self.code
        rows = code.add(self.height, self._more(tile))
        self._by_height(rows, lambda size: code.call(self.packers.gather(size), operands))

    def _place_of(self, tile: Index, first: Index, depth: Index) -> Index:
        """Where a tile's rows are gathered: behind those of the tiles before it."""
        return self.code.multiply(self.code.subtract(tile, first), self._steps_of(depth))

    def _steps_of(self, count: Index) -> Index:
        """The elements that so many steps of a tile take."""
        return self.code.multiply(count, self.plan.tile_rows)
