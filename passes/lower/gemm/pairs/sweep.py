"""The way through the work of a product of pairs.

The tiles, panel by panel, are cut into one piece for each thread. A piece is done in groups of
panels and chunks of rows: the panels are packed, a chunk of L is rounded, and then multiplied with
all panels of the group. A result is one chain of sums in the order of k, wherever the cuts are, so
its bits never depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_pairs import TILE_WORDS, AmxConfigureOp, AmxReleaseOp
from brainscript.linear import round_up
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.gemm.pairs.pack import PairPackers
from brainscript.passes.lower.gemm.pairs.plan import TURN_WORDS, PairPlan
from brainscript.passes.lower.gemm.pairs.tiles import Grid, PairTiles
from brainscript.passes.lower.gemm.sweep import Frame
from brainscript.passes.lower.gemm.tiles import Place, Stage


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the depth: its first step, its steps, its words, and whether it is the first or
    the last; None where there is no other."""

    start: Index
    depth: Index
    words: Index
    first: SSAValue | None = None
    last: SSAValue | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What one thread does: tiles [low, high) of all panels; of them panels [first, end)."""

    low: Index
    high: Index
    first: Index
    end: Index


class PairSweep:
    """The work of a product by one plan."""

    def __init__(self, frame: Frame, plan: PairPlan):
        self.frame, self.code, self.form, self.plan = frame, frame.code, frame.form, plan
        self.tiles = PairTiles(plan, frame.epilogue, frame.memory)
        self.packers = PairPackers(frame.form, plan)
        self.panels = -(-frame.form.columns // plan.tile.panel)
        places = self._places()
        self.turn, self.rounded, self.packed, self.sums = (
            frame.code.offset(frame.scratch, at, frame.form.element) for at in places[:-1]
        )
        self.workspace = 4 * places[-1]

    def local(self) -> list[FuncOp]:
        """The local functions that are called."""
        return [*self.packers.made.values(), *self.tiles.made]

    def _places(self) -> list[int]:
        """Words of scratch before: blocks that are turned, rounded L, packed R, sums; and all."""
        plan, panel = self.plan, self.plan.tile.panel
        turn = TURN_WORDS
        if self.form.left_turned:
            turn = 0 if plan.by_step else plan.block_words * plan.chunk_rows
        packed = 0 if self.form.right_packed else plan.group * panel * plan.block_words
        sums = plan.chunk_rows * panel * plan.group if plan.tile.blocked else 0
        if self.tiles.staged and not sums:
            sums = plan.tile.tile_rows * panel
        places = [0]
        for size in (turn, plan.left_words, packed, sums):
            places.append(places[-1] + size)
        return places

    def write(self) -> None:
        """This thread's piece."""
        if self.plan.amx:
            self.code.builder.insert(AmxConfigureOp())
        self._write()
        if self.plan.amx:
            self.code.builder.insert(AmxReleaseOp())

    def _write(self) -> None:
        code, frame = self.code, self.frame
        self.grid = Grid.of(code, frame.rows, self.plan)
        count = self.grid.count
        total = code.multiply(count, self.panels)
        low = code.divide(code.multiply(frame.tid, total), frame.nt)
        high = code.divide(code.multiply(code.add(frame.tid, 1), total), frame.nt)
        if self.panels == 1:
            self._group(Piece(low, high, 0, 1), 0, 1)
            return
        end = code.divide(code.add(high, code.subtract(count, 1)), count)
        piece = Piece(low, high, code.divide(low, count), end)
        with code.loop(piece.first, end, self.plan.group, hint="group") as first:
            last = code.least(code.add(first, self.plan.group), end)
            self._group(piece, first, last)

    def _group(self, piece: Piece, first: Index, end: Index) -> None:
        """The chunks of rows that some panel of a group needs."""
        code, plan = self.code, self.plan
        bottom, top = self._needed(piece, first, end)
        step = plan.chunk // plan.tile.tile_rows
        with code.when(code.compare("slt", bottom, top)):
            if not plan.tile.blocked:
                whole = self._whole()
                self._pack(first, end, whole)
            with code.loop(bottom, top, step, hint="chunk") as chunk:
                tiles = (chunk, code.least(code.add(chunk, step), top))
                if not plan.tile.blocked:
                    self._chunk(piece, (first, end), tiles, self._whole())
                else:
                    self._blocks(piece, (first, end), tiles)

    def _needed(self, piece: Piece, first: Index, end: Index) -> tuple[Index, Index]:
        """The tiles of a group by rows: where it is one panel those of the piece, else all."""
        code, count = self.code, self.grid.count
        start = code.multiply(first, count)
        bottom = code.greatest(code.subtract(piece.low, start), 0)
        top = code.least(code.subtract(piece.high, start), count)
        if self.panels == 1:
            return bottom, top
        single = code.compare("eq", code.subtract(end, first), 1)
        return code.select(single, bottom, 0), code.select(single, top, count)

    def _whole(self) -> Block:
        depth = self.frame.depth
        assert isinstance(depth, int)
        return Block(0, depth, self.plan.words(depth))

    def _blocks(
        self, piece: Piece, panels: tuple[Index, Index], tiles: tuple[Index, Index]
    ) -> None:
        """A chunk block by block of the depth; sums wait in between."""
        code, size = self.code, 2 * self.plan.tile.block
        blocks = code.greatest(code.ceil_divide(self.frame.depth, size), 1)
        with code.loop(0, blocks, hint="block") as number:
            start = code.multiply(number, size)
            depth = code.least(code.subtract(self.frame.depth, start), size)
            first = code.compare("eq", number, 0)
            last = code.compare("eq", code.add(number, 1), blocks)
            block = Block(start, depth, code.ceil_divide(depth, 2), first, last)
            self._pack(*panels, block)
            self._chunk(piece, panels, tiles, block)

    def _chunk(
        self,
        piece: Piece,
        panels: tuple[Index, Index],
        tiles: tuple[Index, Index],
        block: Block,
    ) -> None:
        """Round a chunk of L and multiply it with the panels of a group."""
        code, count = self.code, self.grid.count
        above = self.grid.row(tiles[0])
        self._round(above, self.grid.row(tiles[1]), block)

        def one(panel: Index) -> None:
            start = code.multiply(panel, count)
            first = code.greatest(code.subtract(piece.low, start), tiles[0])
            last = code.least(code.subtract(piece.high, start), tiles[1])
            number = code.subtract(panel, panels[0])
            right, sums = self._panel_places(panel, number, block)

            def multiply(column: Index, width: int) -> None:
                place = Place(self.rounded, right, self.plan.tile.panel, block.words, 0, column)
                self._tiles((first, last), above, width, place, (sums, block))

            self._by_width(panel, multiply)

        if self.panels == 1:
            one(0)
            return
        with code.loop(*panels, hint="panel") as panel:
            one(panel)

    def _round(self, row: Index, end: Index, block: Block) -> None:
        form, code = self.form, self.code
        by_row, by_step = (1, form.rows.size) if form.left_turned else (form.depth.size, 1)
        at = code.add(code.multiply(row, by_row), code.multiply(block.start, by_step))
        source = code.offset(self.frame.left, at, form.element)
        rows = code.subtract(end, row)
        code.call(self.packers.left(), [source, self.rounded, block.depth, self.turn, rows])

    def _pack(self, first: Index, end: Index, block: Block) -> None:
        """Pack the panels of a group."""
        form, code = self.form, self.code
        if form.right_packed:
            return
        by_column, by_step = (form.depth.size, 1) if form.right_turned else (1, form.columns)

        def one(panel: Index) -> None:
            target = self._packed_at(code.subtract(panel, first))

            def pack(column: Index, width: int) -> None:
                at = code.multiply(column, by_column)
                at = code.add(at, code.multiply(block.start, by_step))
                source = code.offset(self.frame.right, at, form.element)
                code.call(self.packers.right(width), [source, target, block.depth, self.turn])

            self._by_width(panel, pack)

        if self.panels == 1:
            one(0)
            return
        with code.loop(first, end, hint="panel") as panel:
            one(panel)

    def _packed_at(self, number: Index) -> SSAValue:
        """Where the panel with this number in its group lies packed."""
        size = self.plan.tile.panel * self.plan.block_words
        return self.code.offset(self.packed, self.code.multiply(number, size), self.form.element)

    def _panel_places(self, panel: Index, number: Index, block: Block) -> tuple[SSAValue, SSAValue]:
        """Where a panel lies packed, and its sums that wait."""
        code, plan = self.code, self.plan
        right = self._packed_at(number)
        if self.form.right_packed:
            words = packed_words(self.form.depth.size)
            at = code.multiply(code.multiply(panel, plan.tile.panel), words)
            start = code.multiply(code.divide(block.start, 2), plan.tile.panel)
            right = code.offset(self.frame.right, code.add(at, start), self.form.element)
        if not plan.tile.blocked:
            return right, self.sums
        at = code.multiply(number, plan.chunk_rows * plan.tile.panel)
        return right, code.offset(self.sums, at, self.form.element)

    def _by_width(self, panel: Index, write: Callable[[Index, int], None]) -> None:
        """A whole panel, or the last one, which may be narrower."""
        code, size = self.code, self.plan.tile.panel
        whole, rest = divmod(self.form.columns, size)
        column = code.multiply(panel, size)
        if not rest or not whole:
            write(column, rest or size)
            return
        code.either(
            code.compare("slt", panel, whole),
            lambda: write(column, size),
            lambda: write(whole * size, rest),
        )

    def _tiles(
        self,
        tiles: tuple[Index, Index],
        above: Index,
        width: int,
        place: Place,
        waiting: tuple[SSAValue, Block],
    ) -> None:
        """A loop over the tiles of a panel in a chunk that begins at the row `above`."""
        code, form, plan = self.code, self.form, self.plan
        sums, block = waiting
        with code.loop(*tiles, hint="tile") as tile:
            row = self.grid.row(tile)
            rows = self.grid.height_of(tile, row)
            below = code.subtract(row, above)
            left = code.multiply(below, plan.left_distances[0])
            stage = None
            if plan.tile.blocked:
                at = code.multiply(below, plan.tile.panel)
                partial = code.offset(sums, at, form.element)
                stage = Stage(partial, block.first, block.last)
            elif self.tiles.staged:
                stage = Stage(sums)
            here = Place(
                code.offset(place.left, left, form.element),
                place.right,
                place.pitch,
                place.depth,
                row,
                place.column,
            )
            self.tiles.multiply(code, (rows, width), here, stage, self.grid.height)


def packed_words(depth: int) -> int:
    """Words of the depth of a panel that is packed before: whole blocks of the turning."""
    return round_up((depth + 1) // 2, TILE_WORDS)
