"""What multiplies a tile of pairs: vectors of them, or the tile registers of AMX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import IndexType, i1
from xdsl.ir import Attribute, Operation, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_pairs import (
    TILE_ROWS,
    TILE_WORDS,
    AmxLoadOp,
    AmxMultiplyOp,
    AmxStoreOp,
    AmxZeroOp,
)
from brainscript.dialects.kern_tile import PtrType
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.pairs.plan import PairPlan
from brainscript.passes.lower.gemm.tiles import Place, Stage, TileFunctions

POINTER, INDEX = PtrType(), IndexType()
PREFIX = "pair_"


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles of a product by rows.

    Vectors take tiles whose heights differ by one row at most, so that none is nearly empty; tile
    registers take whole tiles and a last one, so that their rows never meet those of the next.
    """

    code: Code
    plan: PairPlan
    rows: Index
    count: Index
    height: Index
    taller: Index

    @staticmethod
    def of(code: Code, rows: Index, plan: PairPlan) -> Grid:
        """The tiles of so many rows; the first `taller` have one row more than `height`."""
        size = plan.tile.tile_rows
        count = code.ceil_divide(rows, size)
        if plan.amx:
            return Grid(code, plan, rows, count, size, 0)
        return Grid(code, plan, rows, count, code.divide(rows, count), code.remainder(rows, count))

    def row(self, tile: Index) -> Index:
        """The first row of a tile."""
        code = self.code
        start = code.multiply(tile, self.height)
        if self.plan.amx:
            return code.least(start, self.rows)
        return code.add(start, code.least(tile, self.taller))

    def height_of(self, tile: SSAValue, row: Index) -> Index:
        """The rows of the tile that begins at a row."""
        code = self.code
        if self.plan.amx:
            return code.least(code.subtract(self.rows, row), self.height)
        if self.taller == 0:
            return self.height
        more = code.select(code.compare("slt", tile, self.taller), 1, 0)
        return code.add(self.height, more)


class PairTiles:
    """Multiplies tiles; `made` are the local functions.

    `memory` are the pointers of the epilogue.
    """

    def __init__(self, plan: PairPlan, epilogue: Epilogue, memory: Sequence[SSAValue]):
        self.plan, self.memory = plan, memory
        self.functions = TileFunctions(
            plan.tile, epilogue, plan.left_distances, prefix=PREFIX, pairs=True
        )
        self.amx: dict[str, FuncOp] = {}

    @property
    def staged(self) -> bool:
        """Whether the sums of a tile wait in memory for the epilogue."""
        return self.plan.amx or self.functions.staged

    @property
    def made(self) -> list[FuncOp]:
        """The local functions that are called."""
        return [*self.amx.values(), *self.functions.made.values()]

    def multiply(
        self,
        code: Code,
        size: tuple[Index, int],
        place: Place,
        stage: Stage | None,
        height: Index,
    ) -> None:
        """The product of a tile of `size` rows and columns, and where it ends the epilogue.

        `height` is that of tiles which are not taller.
        """
        rows, width = size
        if self.plan.amx:
            assert stage is not None
            self._by_registers(code, rows, width, place, stage)
        else:

            def call(number: int) -> None:
                self.functions.call(code, (number, width), place, stage, self.memory)

            self._by_height(code, rows, height, call)
        if stage is None or not self.staged:
            return
        where = (place.row, place.column)
        if stage.last is None:
            self.functions.finish(code, size, where, stage.partial, self.memory)
            return
        with code.when(stage.last):
            self.functions.finish(code, size, where, stage.partial, self.memory)

    def _by_height(
        self, code: Code, rows: Index, height: Index, call: Callable[[int], None]
    ) -> None:
        if isinstance(rows, int):
            call(rows)
        elif isinstance(height, int):
            code.choose(code.value(rows), (height, height + 1), call)
        else:
            code.choose(code.value(rows), range(1, self.plan.tile.tile_rows + 1), call)

    def _by_registers(
        self, code: Code, rows: Index, width: int, place: Place, stage: Stage
    ) -> None:
        """One or two registers of rows by one or two of columns."""
        across = -(-width // TILE_WORDS)
        started = [] if stage.first is None else [stage.first]
        arguments = [place.left, place.right, place.depth, stage.partial, *started]

        def call(down: int) -> None:
            name = f"{PREFIX}amx_{down}x{across}"
            if name not in self.amx:
                self.amx[name] = self._register_function(name, down, across, bool(started))
            code.call(name, arguments)

        if isinstance(rows, int):
            call(-(-rows // TILE_ROWS))
        else:
            more = code.compare("sgt", rows, TILE_ROWS)
            code.either(more, lambda: call(2), lambda: call(1))

    def _register_function(self, name: str, down: int, across: int, resumes: bool) -> FuncOp:
        """Sums in registers 0 to 3, tiles of L in 4 and 5, of R in 6 and 7."""
        names = ("left", "right", "depth", "partial")
        kinds: list[Attribute] = [POINTER, POINTER, INDEX, POINTER]
        first: list[tuple[str, Attribute]] = [("first", i1)] if resumes else []
        code = Code(name, [*zip(names, kinds, strict=True), *first])
        left, right, depth, partial, *started = code.entry.args
        panel, pitch = self.plan.tile.panel, self.plan.left_pitch
        sums = [(r, c, 2 * r + c) for r in range(down) for c in range(across)]

        def zero() -> None:
            _insert(code, [AmxZeroOp(number) for _, _, number in sums])

        def resume() -> None:
            for r, c, number in sums:
                at = code.value(r * TILE_ROWS * panel + c * TILE_WORDS)
                code.builder.insert(AmxLoadOp(number, partial, at, panel))

        if started:
            code.either(started[0], zero, resume)
        else:
            zero()
        with code.loop(0, depth, TILE_WORDS, hint="w") as w:
            for r in range(down):
                at = code.value(code.add(w, r * TILE_ROWS * pitch))
                code.builder.insert(AmxLoadOp(4 + r, left, at, pitch))
            line = code.multiply(w, panel)
            for c in range(across):
                at = code.value(code.add(line, c * TILE_WORDS))
                code.builder.insert(AmxLoadOp(6 + c, right, at, panel))
            _insert(code, [AmxMultiplyOp(number, 4 + r, 6 + c) for r, c, number in sums])
        for r, c, number in sums:
            at = code.value(r * TILE_ROWS * panel + c * TILE_WORDS)
            code.builder.insert(AmxStoreOp(number, partial, at, panel))
        return code.finish()


def _insert(code: Code, operations: Sequence[Operation]) -> None:
    for operation in operations:
        code.builder.insert(operation)
