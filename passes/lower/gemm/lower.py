"""`sched.kernel` of the family `gemm` to a `kern.func`: panels, blocks, tiles, and who does which.

The work is a row of tiles, panel by panel, cut into one piece for each thread. A result is one
chain of multiply-adds in the order of k, wherever the cuts are, so its bits never depend on the
number of threads.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import SSAValue

from brainscript.dialects.kern import ABI_TAIL, FuncOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.form import Extent, Form, form_of, operands_of
from brainscript.passes.lower.gemm.pack import make_pack, pack_pitch
from brainscript.passes.lower.gemm.plan import Plan, make_plan
from brainscript.passes.lower.gemm.tiles import Blocks, Place, TileFunctions
from brainscript.target import Target


def lower_gemm(kernel: KernelOp, target: Target) -> FuncOp:
    """The kernel's code for this target."""
    return _Lowering(kernel, target).function()


class _Lowering:
    """One kernel while it is written."""

    def __init__(self, kernel: KernelOp, target: Target):
        product = kernel.steps[0]
        self.form: Form = form_of(product)
        self.plan: Plan = make_plan(self.form, target)
        self.epilogue = Epilogue(self.form, product, kernel.steps, kernel.outputs)
        self.functions = TileFunctions(self.plan, self.epilogue, _left_steps(self.form))
        self.packers: dict[int, FuncOp] = {}
        count = len(kernel.inputs)
        names = [f"x{i}" for i in range(count)] + [f"y{i}" for i in range(len(kernel.outputs))]
        tail = zip(("n", "ws", "tid", "nt"), ABI_TAIL, strict=True)
        self.code = Code(kernel.sym_name.data, [*((n, PtrType()) for n in names), *tail])
        arguments = self.code.entry.args
        memory = dict(zip(kernel.inputs, arguments, strict=False))
        self.left, self.right = (memory[v] for v in operands_of(product))
        self.memory = [memory[v] for v in self.epilogue.read]
        self.memory += arguments[count : len(names)]
        self.n, self.scratch, self.tid, self.nt = arguments[len(names) :]

    def function(self) -> FuncOp:
        """The whole kernel."""
        code = self.code
        self.rows = self._extent(self.form.rows)
        self.depth = self._extent(self.form.depth)
        if isinstance(self.rows, int):
            self._share()
        else:
            with code.when(code.compare("sgt", self.rows, 0)):
                self._share()
        local = [*self.packers.values(), *self.functions.made.values()]
        return code.finish(self._workspace(), local)

    def _extent(self, extent: Extent) -> Index:
        return self.code.multiply(self.n, extent.size) if extent.dynamic else extent.size

    def _workspace(self) -> int:
        plan = self.plan
        packed = self._packed_elements() if self.packers else 0
        partial = plan.chunk * plan.panel if plan.blocked else 0
        return (packed + partial) * self.form.element_bytes

    def _packed_elements(self) -> int:
        deep = -(-self.plan.block // self.plan.lanes) * self.plan.lanes
        return deep * self.plan.panel

    def _share(self) -> None:
        """This thread's piece of the tiles, panel by panel."""
        code, plan = self.code, self.plan
        self.tiles = code.ceil_divide(self.rows, plan.tile_rows)
        self.height = code.divide(self.rows, self.tiles)
        self.taller = code.remainder(self.rows, self.tiles)
        panels = -(-self.form.columns // plan.panel)
        total = code.multiply(self.tiles, panels)
        low = code.divide(code.multiply(self.tid, total), self.nt)
        high = code.divide(code.multiply(code.add(self.tid, 1), total), self.nt)
        if panels == 1:
            self._panel(0, self.form.columns, low, high)
            return
        end = code.divide(code.add(high, code.subtract(self.tiles, 1)), self.tiles)
        with code.loop(code.divide(low, self.tiles), end, hint="panel") as panel:
            start = code.multiply(panel, self.tiles)
            first = code.greatest(code.subtract(low, start), 0)
            last = code.least(code.subtract(high, start), self.tiles)
            self._some_panel(panel, first, last)

    def _some_panel(self, panel: SSAValue, first: Index, last: Index) -> None:
        """A whole panel, or the last one, which may be narrower."""
        code, plan = self.code, self.plan
        column = code.multiply(panel, plan.panel)
        rest = self.form.columns % plan.panel
        if not rest:
            self._panel(column, plan.panel, first, last)
            return
        code.either(
            code.compare("slt", panel, self.form.columns // plan.panel),
            lambda: self._panel(column, plan.panel, first, last),
            lambda: self._panel(self.form.columns - rest, rest, first, last),
        )

    def _panel(self, column: Index, width: int, first: Index, last: Index) -> None:
        """The tiles [first, last) of one panel."""
        code, plan = self.code, self.plan
        if not plan.blocked:
            with code.when(code.compare("slt", first, last)):
                right, pitch = self._right(column, width, 0, self.depth)
                self._tiles((first, last), width, self._places(column, 0, self.depth, right, pitch))
            return
        blocks = code.greatest(code.ceil_divide(self.depth, plan.block), 1)
        step = plan.chunk // plan.tile_rows
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
        place = self._places(column, start, depth, right, pitch)
        first = code.compare("eq", block, 0)
        final = code.compare("eq", code.add(block, 1), blocks)
        area = self._packed_elements() if self.packers else 0
        partial = code.offset(self.scratch, area, self.form.element)
        above = self._row(tiles[0])

        def blocks_at(row: Index) -> Blocks:
            below = code.multiply(code.subtract(row, above), plan.panel)
            return Blocks(code.offset(partial, below, self.form.element), first, final)

        self._tiles(tiles, width, place, blocks_at)

    def _row(self, tile: Index) -> Index:
        """The first row of a tile: all have `height` rows, the first `taller` one more."""
        code = self.code
        return code.add(code.multiply(tile, self.height), code.least(tile, self.taller))

    def _tiles(
        self,
        tiles: tuple[Index, Index],
        width: int,
        place: Callable[[Index], Place],
        blocks: Callable[[Index], Blocks] | None = None,
    ) -> None:
        """A loop over tiles that calls the function of the tile's height."""
        code = self.code
        with code.loop(*tiles, hint="tile") as tile:
            row = self._row(tile)
            here, partial = place(row), None if blocks is None else blocks(row)

            def call(rows: int) -> None:
                self.functions.call(code, (rows, width), here, partial, self.memory)

            if isinstance(self.height, int) and self.taller == 0:
                call(self.height)
            elif isinstance(self.height, int):
                tall = code.compare("slt", tile, self.taller)
                height = self.height
                code.either(tall, lambda: call(height + 1), lambda: call(height))
            else:
                more = code.select(code.compare("slt", tile, self.taller), 1, 0)
                rows = code.value(code.add(self.height, more))
                code.choose(rows, range(1, self.plan.tile_rows + 1), call)

    def _places(
        self, column: Index, start: Index, depth: Index, right: SSAValue, pitch: Index
    ) -> Callable[[Index], Place]:
        """What a tile at a row works on."""
        code = self.code
        by_row, by_step = _left_steps(self.form)
        before = code.multiply(start, by_step)

        def at(row: Index) -> Place:
            offset = code.add(code.multiply(row, by_row), before)
            left = code.offset(self.left, offset, self.form.element)
            return Place(left, right, pitch, depth, row, column)

        return at

    def _right(
        self, column: Index, width: int, start: Index, depth: Index
    ) -> tuple[SSAValue, Index]:
        """Where a block of a panel of R lies, packed if that pays, and the distance of its rows."""
        code, form, plan = self.code, self.form, self.plan
        if form.right_turned:
            offset = code.add(code.multiply(column, form.depth.size), start)
        else:
            offset = code.add(code.multiply(start, form.columns), column)
        source = code.offset(self.right, offset, form.element)
        pitch = pack_pitch(plan, width)
        if isinstance(self.rows, int) or not plan.pack_rows:
            if isinstance(self.rows, int) and self.rows < plan.pack_rows:
                return source, form.columns
            self._pack(source, width, depth)
            return self.scratch, pitch
        worth = code.compare("sge", self.rows, plan.pack_rows)
        with code.when(worth):
            self._pack(source, width, depth)
        distance = code.select(worth, pitch, form.columns)
        return code.select(worth, self.scratch, source), distance

    def _pack(self, source: SSAValue, width: int, depth: Index) -> None:
        name = f"pack_{width}"
        if width not in self.packers:
            self.packers[width] = make_pack(name, self.form, self.plan, width)
        self.code.call(name, [source, self.scratch, depth])


def _left_steps(form: Form) -> tuple[int, int]:
    """The distances in L between rows and between steps of k."""
    return (1, form.rows.size) if form.left_turned else (form.depth.size, 1)
