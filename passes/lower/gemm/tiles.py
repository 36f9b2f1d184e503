"""The local functions of a product: one for each height and width of a register tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType, i1
from xdsl.ir import Block, SSAValue

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
class Blocks:
    """Where the partial sums of a tile lie, and whether this block is the first, the last."""

    partial: SSAValue
    first: SSAValue
    last: SSAValue


class TileFunctions:
    """Makes the tile functions that are called, each once.

    `left` are the distances in L between rows and between steps. Every function gets, after what
    it works on, the memory that the epilogue reads and writes.
    """

    def __init__(self, plan: Plan, epilogue: Epilogue, left: tuple[int, int]):
        self.plan = plan
        self.epilogue = epilogue
        self.left = left
        self.made: dict[str, FuncOp] = {}

    def call(
        self,
        code: Code,
        size: tuple[int, int],
        place: Place,
        blocks: Blocks | None,
        memory: Sequence[SSAValue],
    ) -> None:
        """Call the function for tiles of `size` rows and columns."""
        name = f"tile_{size[0]}x{size[1]}"
        if name not in self.made:
            self.made[name] = self._make(name, size)
        extra = [] if blocks is None else [blocks.partial, blocks.first, blocks.last]
        fixed = [place.left, place.right, place.pitch, place.depth, place.row, place.column]
        code.call(name, [*fixed, *extra, *memory])

    def _make(self, name: str, size: tuple[int, int]) -> FuncOp:
        epilogue = self.epilogue
        names, kinds = list(_NAMES), list(_KINDS)
        if self.plan.blocked:
            names += ["partial", "first", "last"]
            kinds += [POINTER, i1, i1]
        memory = epilogue.memory_names()
        parameters = [*zip(names, kinds, strict=True), *((n, POINTER) for n in memory)]
        code = Code(name, parameters)
        arguments = code.entry.args
        kind = TileType.of(*size, epilogue.form.element, self.plan.lanes)
        tile = self._multiply(code, kind, arguments)

        def finish() -> None:
            place = (arguments[4], arguments[5])
            epilogue.write(code, tile, place, arguments[len(names) :])

        def keep() -> None:
            code.builder.insert(TileStoreOp(tile, arguments[6], code.value(0), self.plan.panel))

        if self.plan.blocked:
            code.either(arguments[8], finish, keep)
        else:
            finish()
        return code.finish()

    def _multiply(self, code: Code, kind: TileType, arguments: Sequence[SSAValue]) -> SSAValue:
        left, right, pitch, depth = arguments[:4]
        start = code.insert(TileZeroOp(kind))
        if self.plan.blocked:
            start = self._resume(code, kind, arguments[6], arguments[7])
        unroll = self.plan.unroll
        operands = (left, *self.left), (right, pitch, False)
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
