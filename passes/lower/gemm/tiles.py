"""The local functions of a product: one for each height and width of a register tile."""

from __future__ import annotations

from collections.abc import Sequence
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
_NAMES = ("left", "right", "pitch", "depth", "row", "column")
_KINDS = (POINTER, POINTER, INDEX, INDEX, INDEX, INDEX)


@dataclass(frozen=True, slots=True)
class Place:
    """What one call of a tile function works on.

    `left` and `right` stand at the first row of L and the first column of R, both at the first
    step of the block; `pitch` is the distance of R's rows, `partial` the sums so far.
    """

    left: SSAValue
    right: SSAValue
    pitch: Index
    depth: Index
    row: Index
    column: Index


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
    """

    def __init__(self, plan: Plan, epilogue: Epilogue, left: tuple[int, int], prefix: str = ""):
        self.plan = plan
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
        parameters: list[tuple[str, Attribute]] = [*zip(_NAMES, _KINDS, strict=True)]
        if self.staged or plan.blocked:
            parameters.append(("partial", POINTER))
        if plan.blocked:
            parameters += [("first", i1), ("last", i1)]
        fixed = len(parameters)
        if not self.staged:
            parameters += [(n, POINTER) for n in epilogue.memory_names()]
        code = Code(name, parameters)
        arguments = code.entry.args
        kind = TileType.of(*size, epilogue.form.element, plan.lanes)
        place = arguments[4], arguments[5]
        start = self._start(code, kind, arguments)
        if not self.staged:
            epilogue.prefetch(code, start, place, arguments[fixed:])
        tile = self._multiply(code, kind, start, arguments)

        def write() -> None:
            epilogue.write(code, tile, place, arguments[fixed:])

        def keep() -> None:
            code.builder.insert(TileStoreOp(tile, arguments[6], code.value(0), plan.panel))

        if self.staged:
            keep()
        elif plan.blocked:
            code.either(arguments[8], write, keep)
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

    def _start(self, code: Code, kind: TileType, arguments: Sequence[SSAValue]) -> SSAValue:
        if self.plan.blocked:
            return self._resume(code, kind, arguments[6], arguments[7])
        return code.insert(TileZeroOp(kind))

    def _multiply(
        self, code: Code, kind: TileType, start: SSAValue, arguments: Sequence[SSAValue]
    ) -> SSAValue:
        left, right, pitch, depth = arguments[:4]
        unroll = self.plan.unroll(kind.rows.data, kind.columns.data)
        row, step = self.left
        operands = (left, row, code.value(step)), (right, pitch)
        return code.insert(TileMultiplyOp(start, *operands, depth, unroll), "sum")

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
