"""The local functions of a product: one for each height and width of a register tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType, i1
from xdsl.ir import Attribute, Block, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import (
    PtrType,
    TileLoadOp,
    TileMultiplyOp,
    TileStoreOp,
    TileType,
    TileZeroOp,
)
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.plan import Plan

POINTER, INDEX = PtrType(), IndexType()
_PLACE = {
    "left": POINTER,
    "right": POINTER,
    "pitch": INDEX,
    "depth": INDEX,
    "row": INDEX,
    "column": INDEX,
}
_AHEAD = {"ahead": POINTER, "every": INDEX}
_PARTIAL = {"partial": POINTER}
_BLOCK = {"first": i1, "last": i1}


@dataclass(frozen=True, slots=True)
class Place:
    """What one call of a tile function works on.

    `left` and `right` stand at the first row of L and the first column of R, both at the first
    step of the block; `pitch` is the distance of R's rows. Step k asks for what lies at `ahead`
    and k times `every` elements behind.
    """

    left: SSAValue
    right: SSAValue
    pitch: Index
    depth: Index
    row: Index
    column: Index
    ahead: SSAValue | None = None
    every: Index = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the sums of a tile wait, and, in a depth cut into blocks, which block this is."""

    partial: SSAValue
    first: SSAValue | None = None
    last: SSAValue | None = None


class TileFunctions:
    """Makes the tile functions that are called, each once.

    `left` are the distances in L between rows and between steps. Every function gets, after what
    it works on, the memory that the epilogue reads and writes. A long epilogue is not written out
    for every tile: the sums are stored (`staged`) and finished row by row by a function of their
    own.

    Each step asks for a line of memory that the next tile reads: a processor does not foresee the
    steps of a turned L, nor where the rows of another one go on in the next page. With `asks` it
    asks for a line of R as well. With `pairs` the words of both are pairs, and L is a copy nearby.
    """

    def __init__(
        self,
        plan: Plan,
        epilogue: Epilogue,
        left: tuple[int, int],
        asks: bool = False,
        prefix: str = "",
        pairs: bool = False,
    ):
        self.plan = plan
        self.asks = asks
        self.pairs = pairs
        self.prefix = prefix
        self.epilogue = epilogue
        self.left = left
        self.made: dict[str, FuncOp] = {}

    @property
    def staged(self) -> bool:
        """Whether the tile functions leave their sums to `finish`."""
        return self.epilogue.long

    def call(
        self,
        code: Code,
        size: tuple[int, int],
        place: Place,
        stage: Stage | None,
        memory: Sequence[SSAValue],
    ) -> None:
        """Call the function for tiles of `size` rows and columns."""
        name = f"{self.prefix}tile_{size[0]}x{size[1]}"
        if name not in self.made:
            self.made[name] = self._make(name, size)
        extra: list[SSAValue] = []
        if stage is not None:
            extra = [v for v in (stage.partial, stage.first, stage.last) if v is not None]
        fixed = [place.left, place.right, place.pitch, place.depth, place.row, place.column]
        if place.ahead is not None:
            fixed += [place.ahead, place.every]
        code.call(name, [*fixed, *extra, *([] if self.staged else memory)])

    def finish(
        self,
        code: Code,
        size: tuple[Index, int],
        place: tuple[Index, Index],
        partial: SSAValue,
        memory: Sequence[SSAValue],
    ) -> None:
        """Call the function that runs the epilogue on `size` rows and columns of sums."""
        name = f"{self.prefix}finish_{size[1]}"
        if name not in self.made:
            self.made[name] = self._make_finish(name, size[1])
        code.call(name, [partial, size[0], *place, *memory])

    def _make(self, name: str, size: tuple[int, int]) -> FuncOp:
        epilogue, plan = self.epilogue, self.plan
        kinds: dict[str, Attribute] = {**_PLACE, **(_AHEAD if self.asks else {})}
        if self.staged or plan.blocked:
            kinds |= _PARTIAL
        if plan.blocked:
            kinds |= _BLOCK
        parameters = [*kinds.items()]
        if not self.staged:
            parameters += [(n, POINTER) for n in epilogue.memory_names()]
        code = Code(name, parameters)
        memory = code.entry.args[len(kinds) :]
        arguments = dict(zip(kinds, code.entry.args, strict=False))
        kind = TileType.of(*size, epilogue.form.element, plan.lanes)
        place = arguments["row"], arguments["column"]
        start = self._start(code, kind, arguments)
        if not self.staged:
            epilogue.prefetch(code, start, place, memory)
        tile = self._multiply(code, kind, start, arguments)

        def write() -> None:
            epilogue.write(code, tile, place, memory)

        def keep() -> None:
            store = TileStoreOp(tile, arguments["partial"], code.value(0), plan.panel)
            code.builder.insert(store)

        if self.staged:
            keep()
        elif plan.blocked:
            code.either(arguments["last"], write, keep)
        else:
            write()
        return code.finish()

    def _make_finish(self, name: str, columns: int) -> FuncOp:
        epilogue, plan = self.epilogue, self.plan
        kinds = [POINTER, INDEX, INDEX, INDEX]
        parameters = [*zip(("partial", "rows", "row", "column"), kinds, strict=True)]
        code = Code(name, [*parameters, *((n, POINTER) for n in epilogue.memory_names())])
        partial, rows, first, column, *memory = code.entry.args
        kind = TileType.of(1, columns, epilogue.form.element, plan.lanes)
        with code.loop(0, rows, hint="r") as r:
            index = code.value(code.multiply(r, plan.panel))
            tile = code.insert(TileLoadOp(partial, index, plan.panel, kind))
            epilogue.write(code, tile, (code.add(first, r), column), memory)
        return code.finish()

    def _start(self, code: Code, kind: TileType, arguments: Mapping[str, SSAValue]) -> SSAValue:
        if self.plan.blocked:
            return self._resume(code, kind, arguments["partial"], arguments["first"])
        return code.insert(TileZeroOp(kind))

    def _multiply(
        self, code: Code, kind: TileType, start: SSAValue, arguments: Mapping[str, SSAValue]
    ) -> SSAValue:
        left, right, pitch, depth = (arguments[n] for n in ("left", "right", "pitch", "depth"))
        unroll = self.plan.unroll(kind.rows.data, kind.columns.data)
        row, step = self.left[0], code.value(self.left[1])
        ahead = self._next_rows(code, left, kind.rows.data)
        if self.asks:
            ahead.append((arguments["ahead"], arguments["every"]))
        operands = (left, row, step), (right, pitch)
        product = TileMultiplyOp(start, *operands, depth, unroll, self.pairs, ahead)
        return code.insert(product, "sum")

    def _next_rows(self, code: Code, left: SSAValue, rows: int) -> list[tuple[SSAValue, SSAValue]]:
        """Where the next tile's rows are asked for, and how far apart, step by step.

        The rows of a turned L are a line a step, the one with the last of them; those of another L
        follow each other.
        """
        element, (row, step) = self.epilogue.form.element, self.left
        if self.pairs or (self.plan.blocked and not self.epilogue.form.left_turned):
            return []
        if self.epilogue.form.left_turned:
            return [(code.offset(left, 2 * rows - 1, element), code.value(step))]
        return [(code.offset(left, rows * row, element), code.value(rows))]

    def _resume(self, code: Code, kind: TileType, partial: SSAValue, first: SSAValue) -> SSAValue:
        """Zeros in the first block, else the partial sums."""
        fresh, kept = Block(), Block()
        zero = code.value(0)
        with code.inside(fresh):
            code.builder.insert(scf.YieldOp(code.insert(TileZeroOp(kind))))
        with code.inside(kept):
            read = TileLoadOp(partial, zero, self.plan.panel, kind)
            code.builder.insert(scf.YieldOp(code.insert(read)))
        return code.insert(scf.IfOp(first, [kind], [fresh], [kept]))
