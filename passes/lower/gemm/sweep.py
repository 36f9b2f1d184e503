"""One way through the work of a product: panels of R, blocks of the depth, tiles.

The work is a row of tiles, panel by panel, cut into one piece for each thread. A result is one
chain of multiply-adds in the order of k, wherever the cuts are, so its bits never depend on the
number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.linear import ALIGNMENT, round_up
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.pack import Packers
from brainscript.passes.lower.gemm.plan import DOT_COLUMNS, Plan
from brainscript.passes.lower.gemm.tiles import Place, Stage, TileFunctions

_Ask = Callable[[Index, SSAValue], tuple[SSAValue, Index]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The kernel that is written: its code, its product, its memory and its sizes.

    `memory` are the pointers of the epilogue, `scratch` is this thread's own, `rows` and `depth`
    are the product's.
    """

    code: Code
    form: Form
    epilogue: Epilogue
    left: SSAValue
    right: SSAValue
    memory: Sequence[SSAValue]
    scratch: SSAValue
    tid: SSAValue
    nt: SSAValue
    rows: Index
    depth: Index


class Sweep:
    """The work of a product by one plan; `prefix` keeps its local functions apart."""

    def __init__(self, frame: Frame, plan: Plan, prefix: str = ""):
        self.code, self.form, self.plan = frame.code, frame.form, plan
        self.left, self.right, self.memory = frame.left, frame.right, frame.memory
        self.tid, self.nt = frame.tid, frame.nt
        self.rows, self.depth = frame.rows, frame.depth
        self.panels = -(-frame.form.columns // plan.panel)
        steps = _left_steps(frame.form)
        self.functions = TileFunctions(plan, frame.epilogue, steps, self._asks(), prefix)
        self.packers = Packers(frame.form, plan)
        self.scratch = frame.scratch
        self.sums = self._sums()
        self.packed = self.code.offset(self.scratch, self.sums, self.form.element)

    def local(self) -> list[FuncOp]:
        """The local functions that are called."""
        return [*self.packers.made.values(), *self.functions.made.values()]

    @property
    def workspace(self) -> int:
        """Bytes of scratch memory."""
        return (self.sums + self.packers.elements) * self.form.element_bytes

    def _sums(self) -> int:
        """Elements of scratch memory for sums that wait; packed panels lie behind them."""
        plan = self.plan
        rows = plan.tile_rows if self.functions.staged else 0
        rows = plan.chunk if plan.blocked else max(rows, plan.dot_rows)
        return rows * plan.panel

    def write(self) -> None:
        """This thread's piece of the tiles, panel by panel."""
        code = self.code
        tiles = self.split_rows()
        low, high = self._piece(code.multiply(tiles, self.panels))
        if self.panels == 1:
            self._panel(0, self.form.columns, low, high)
            return
        end = code.divide(code.add(high, code.subtract(tiles, 1)), tiles)
        with code.loop(code.divide(low, tiles), end, hint="panel") as panel:
            start = code.multiply(panel, tiles)
            first = code.greatest(code.subtract(low, start), 0)
            last = code.least(code.subtract(high, start), tiles)
            self.some_panel(panel, first, last, self._panel)

    def split_rows(self) -> Index:
        """Cut the rows into tiles of one height, or of one and the next; returns their number."""
        code = self.code
        tiles = code.ceil_divide(self.rows, self.plan.tile_rows)
        self.height = code.divide(self.rows, tiles)
        self.taller = code.remainder(self.rows, tiles)
        return tiles

    def write_column(self) -> None:
        """A result of one column: every row is a scalar product of two rows of memory."""
        code, form, size = self.code, self.form, DOT_COLUMNS
        tiles = code.ceil_divide(self.rows, size)
        low, high = self._piece(tiles)
        with code.loop(low, high, hint="tile") as tile:
            row = code.multiply(tile, size)
            count = code.least(code.subtract(self.rows, row), size)
            left = code.offset(self.left, code.multiply(row, form.depth.size), form.element)
            code.either(
                code.compare("eq", count, size),
                lambda: self._dot_rows(left, 0, size),
                lambda: self._each_dot(left, count),
            )
            self.functions.finish(code, (count, 1), (row, 0), self.scratch, self.memory)

    def _each_dot(self, left: SSAValue, count: Index) -> None:
        code, form = self.code, self.form
        with code.loop(0, count, hint="row") as row:
            place = code.multiply(row, form.depth.size)
            self._dot_rows(code.offset(left, place, form.element), row, 1)

    def _dot_rows(self, left: SSAValue, place: Index, count: int) -> None:
        code = self.code
        target = code.offset(self.scratch, place, self.form.element)
        code.call(self.packers.dots(count), [self.right, left, target, self.depth])

    def _piece(self, total: Index) -> tuple[Index, Index]:
        """This thread's piece of so many things."""
        code = self.code
        low = code.divide(code.multiply(self.tid, total), self.nt)
        return low, code.divide(code.multiply(code.add(self.tid, 1), total), self.nt)

    def some_panel(
        self,
        panel: SSAValue,
        first: Index,
        last: Index,
        work: Callable[[Index, int, Index, Index], None],
    ) -> None:
        """Work on tiles of a whole panel, or of the last one, which may be narrower."""
        code, plan = self.code, self.plan
        column = code.multiply(panel, plan.panel)
        rest = self.form.columns % plan.panel
        if not rest:
            work(column, plan.panel, first, last)
            return
        code.either(
            code.compare("slt", panel, self.form.columns // plan.panel),
            lambda: work(column, plan.panel, first, last),
            lambda: work(self.form.columns - rest, rest, first, last),
        )

    def _panel(self, column: Index, width: int, first: Index, last: Index) -> None:
        """The tiles [first, last) of one panel."""
        code, plan = self.code, self.plan
        if plan.blocked:
            self._blocks(column, width, first, last)
            return
        with code.when(code.compare("slt", first, last)):
            if not plan.dot_rows:
                self._whole(column, width, first, last)
                return
            code.either(
                code.compare("sle", self.rows, plan.dot_rows),
                lambda: self._dots(column, width),
                lambda: self._whole(column, width, first, last),
            )

    def _whole(self, column: Index, width: int, first: Index, last: Index) -> None:
        """Tiles over the whole depth."""
        right, pitch = self._right(column, width, 0, self.depth)
        ask = self._asker((column, 0), None, last)
        place = self._places(column, (0, self.depth), (right, pitch), ask)
        stage = Stage(self.scratch) if self.functions.staged else None
        self._tiles((first, last), width, place, lambda _: stage)

    def _blocks(self, column: Index, width: int, first: Index, last: Index) -> None:
        """Tiles in chunks of rows, block by block of the depth."""
        code, plan = self.code, self.plan
        blocks = code.greatest(code.ceil_divide(self.depth, plan.block), 1)
        step = plan.chunk_tiles
        with code.loop(first, last, step, hint="chunk") as chunk:
            end = code.least(code.add(chunk, step), last)
            with code.loop(0, blocks, hint="block") as block:
                self._block(block, blocks, (chunk, end), column, width)

    def _block(
        self, block: SSAValue, blocks: Index, tiles: tuple[Index, Index], column: Index, width: int
    ) -> None:
        """One block of the depth for the tiles of a chunk."""
        code, plan = self.code, self.plan
        start = code.multiply(block, plan.block)
        depth = code.least(code.subtract(self.depth, start), plan.block)
        right, pitch = self._right(column, width, start, depth)
        first = code.compare("eq", block, 0)
        final = code.compare("eq", code.add(block, 1), blocks)
        ask = self._asker((column, start), final, tiles[1])
        place = self._places(column, (start, depth), (right, pitch), ask)
        partial, above = self.scratch, self._row(tiles[0])

        def stage(row: Index) -> Stage:
            below = code.multiply(code.subtract(row, above), plan.panel)
            return Stage(code.offset(partial, below, self.form.element), first, final)

        self._tiles(tiles, width, place, stage)

    def _dots(self, column: Index, width: int) -> None:
        """Few rows: scalar products with the transposed weights as they lie."""
        code, partial = self.code, self.scratch
        with code.loop(0, width // DOT_COLUMNS * DOT_COLUMNS, DOT_COLUMNS, hint="j") as j:
            self._dot_columns(partial, code.add(column, j), j, DOT_COLUMNS)
        rest = width % DOT_COLUMNS
        if rest:
            self._dot_columns(partial, code.add(column, width - rest), width - rest, rest)
        size = (self.rows, width)
        self.functions.finish(code, size, (0, column), partial, self.memory)

    def _dot_columns(self, partial: SSAValue, column: Index, j: Index, count: int) -> None:
        code, form = self.code, self.form
        right = code.offset(self.right, code.multiply(column, form.depth.size), form.element)
        with code.loop(0, self.rows, hint="row") as row:
            left = code.offset(self.left, code.multiply(row, form.depth.size), form.element)
            place = code.add(code.multiply(row, self.plan.panel), j)
            target = code.offset(partial, place, form.element)
            code.call(self.packers.dots(count), [left, right, target, self.depth])

    def _row(self, tile: Index) -> Index:
        """The first row of a tile: all have `height` rows, the first `taller` one more."""
        code = self.code
        return code.add(code.multiply(tile, self.height), code.least(tile, self.taller))

    def _tiles(
        self,
        tiles: tuple[Index, Index],
        width: int,
        place: Callable[[Index, Index], Place],
        stage: Callable[[Index], Stage | None],
    ) -> None:
        """A loop over tiles that calls the function of the tile's height."""
        code = self.code
        with code.loop(*tiles, hint="tile") as tile:
            row = self._row(tile)
            here, waiting = place(tile, row), stage(row)
            more = self._more(tile)
            rows = code.add(self.height, more)

            def call(size: int) -> None:
                self.functions.call(code, (size, width), here, waiting, self.memory)

            self._by_height(rows, call)
            if waiting is not None and self.functions.staged:
                self._finish(waiting, rows, width, (row, here.column))

    def _more(self, tile: Index) -> Index:
        """1 for the tiles that are taller, else 0."""
        if self.taller == 0:
            return 0
        return self.code.select(self.code.compare("slt", tile, self.taller), 1, 0)

    def _by_height(self, rows: Index, call: Callable[[int], None]) -> None:
        code, height = self.code, self.height
        if isinstance(rows, int):
            call(rows)
        elif isinstance(height, int):
            code.choose(code.value(rows), (height, height + 1), call)
        else:
            code.choose(code.value(rows), range(1, self.plan.tile_rows + 1), call)

    def _finish(self, stage: Stage, rows: Index, width: int, place: tuple[Index, Index]) -> None:
        code = self.code
        if stage.last is None:
            self.functions.finish(code, (rows, width), place, stage.partial, self.memory)
            return
        with code.when(stage.last):
            self.functions.finish(code, (rows, width), place, stage.partial, self.memory)

    def _places(
        self,
        column: Index,
        steps: tuple[Index, Index],
        right: tuple[SSAValue, Index],
        ask: _Ask | None,
    ) -> Callable[[Index, Index], Place]:
        """What a tile at a row works on; `steps` are the first step of the depth and how many."""
        code = self.code
        by_row, by_step = _left_steps(self.form)
        before = code.multiply(steps[0], by_step)

        def at(tile: Index, row: Index) -> Place:
            offset = code.add(code.multiply(row, by_row), before)
            left = code.offset(self.left, offset, self.form.element)
            asked = (None, 0) if ask is None else ask(tile, right[0])
            return Place(left, *right, steps[1], row, column, *asked)

        return at

    def _asks(self) -> bool:
        """Whether tiles ask for the block of R that is packed next."""
        several = self.panels > 1 or self.plan.blocked
        return several and self.plan.pack_rows is not None

    def _asker(self, here: tuple[Index, Index], final: SSAValue | None, last: Index) -> _Ask | None:
        """How tiles ask for the block of R that comes after the one at (column, step) `here`.

        That is the next block of the panel or, after the `final` one, the first of the next panel.
        Its memory is walked by the last tiles before `last`, a line in each step: those that are
        asked for earlier would have to make room for what the tiles read.
        """
        if not self._asks():
            return None
        code, form, plan = self.code, self.form, self.plan
        line = ALIGNMENT // form.element_bytes
        turned = form.right_turned
        every, share = (line, code.multiply(line, plan.block)) if turned else (form.columns, line)
        column = code.least(code.add(here[0], plan.panel), (self.panels - 1) * plan.panel)
        source = self._source(column, 0)
        if final is not None:
            behind = self._source(here[0], code.add(here[1], plan.block))
            source = code.select(final, source, behind)
        first = code.subtract(last, plan.panel // line)

        def ask(tile: Index, right: SSAValue) -> tuple[SSAValue, Index]:
            number = code.subtract(tile, first)
            now = code.compare("sge", number, 0)
            place = code.offset(source, code.multiply(number, share), form.element)
            return code.select(now, place, right), code.select(now, every, 0)

        return ask

    def _right(
        self, column: Index, width: int, start: Index, depth: Index
    ) -> tuple[SSAValue, Index]:
        """Where a block of a panel of R lies, packed if that pays, and the distance of its rows."""
        code, form, plan = self.code, self.form, self.plan
        if form.right_packed:
            steps = round_up(form.depth.size, plan.lanes)
            offset = code.add(code.multiply(column, steps), code.multiply(start, plan.panel))
            return code.offset(self.right, offset, form.element), plan.panel
        source = self._source(column, start)
        if plan.pack_rows is None or (isinstance(self.rows, int) and self.rows < plan.pack_rows):
            return source, form.columns
        if plan.pack_rows == 0 or isinstance(self.rows, int):
            self._pack(source, width, depth)
            return self.packed, plan.panel
        worth = code.compare("sge", self.rows, plan.pack_rows)
        with code.when(worth):
            self._pack(source, width, depth)
        distance = code.select(worth, plan.panel, form.columns)
        return code.select(worth, self.packed, source), distance

    def _source(self, column: Index, start: Index) -> SSAValue:
        """Where R has the first element of a panel's block."""
        code, form = self.code, self.form
        if form.right_turned:
            place = code.add(code.multiply(column, form.depth.size), start)
        else:
            place = code.add(code.multiply(start, form.columns), column)
        return code.offset(self.right, place, form.element)

    def _pack(self, source: SSAValue, width: int, depth: Index) -> None:
        self.code.call(self.packers.pack(width), [source, self.packed, depth])


def _left_steps(form: Form) -> tuple[int, int]:
    """The distances in L between rows and between steps of k."""
    return (1, form.rows.size) if form.left_turned else (form.depth.size, 1)
