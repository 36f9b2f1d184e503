"""Operations of the `kern` dialect for windows: gathered products, tiles read across, statistics.

A gathered product is a step of `kern.tile_multiply` whose left elements lie at places that are
written out, so that windows at the border of an image simply leave out what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    i1,
    i64,
)
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    BaseAttr,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.kern_tile import PtrType, TileEndOp, TileType, tile_of

SKIPPED = -(1 << 62)
"""The place of an element that is left out."""


@irdl_op_definition
class TileGatherOp(IRDLOperation):
    """Add a product of a few steps, its left elements gathered, to a tile.

    `result[r, c] = acc[r, c] + sum over t of a[places[t*rows + r]] * b[t*pitch + c]`, in the
    order of t, without the terms whose place is `SKIPPED`. The columns fill whole vectors.
    """

    name = "kern.tile_gather"

    T: ClassVar = VarConstraint("T", BaseAttr(TileType))

    acc = operand_def(T)
    a = operand_def(PtrType)
    b = operand_def(PtrType)
    pitch = prop_def(IntegerAttr[I64])
    places = prop_def(DenseArrayBase[I64])
    result = result_def(T)

    assembly_format = "$acc `,` $a `at` $places `,` $b `pitch` $pitch attr-dict `:` type($result)"

    def __init__(
        self,
        acc: SSAValue,
        a: SSAValue,
        places: Sequence[Sequence[int | None]],
        b: SSAValue,
        pitch: int,
    ):
        flat = [SKIPPED if p is None else p for step in places for p in step]
        super().__init__(
            operands=[acc, a, b],
            properties={
                "pitch": IntegerAttr(pitch, i64),
                "places": DenseArrayBase.from_list(i64, flat),
            },
            result_types=[acc.type],
        )

    def steps(self) -> list[list[int | None]]:
        """The places of every step, one for each row."""
        rows = tile_of(self.acc).rows.data
        flat = [None if v == SKIPPED else int(v) for v in self.places.iter_values()]
        return [flat[i : i + rows] for i in range(0, len(flat), rows)]

    def verify_(self) -> None:
        """There is a place for each row of each step, and columns fill vectors."""
        kind = tile_of(self.acc)
        if len(self.places) % kind.rows.data:
            raise VerifyException("a step has one place for each row of the tile")
        if kind.columns.data % kind.lanes:
            raise VerifyException("the columns fill whole vectors")


@irdl_op_definition
class TileAcrossOp(IRDLOperation):
    """Run the body once for every column of a tile, below `columns`, on vectors along the rows.

    The body gets the vector, its first row, its column, and its number of valid lanes.
    """

    name = "kern.tile_across"

    tile = operand_def(TileType)
    columns = prop_def(IntegerAttr[I64])
    body = region_def("single_block")

    assembly_format = "$tile `columns` $columns `:` type($tile) $body attr-dict"

    def __init__(self, tile: SSAValue, columns: int, body: Block):
        super().__init__(
            operands=[tile],
            properties={"columns": IntegerAttr(columns, i64)},
            regions=[Region(body)],
        )

    @staticmethod
    def make_block(kind: TileType) -> Block:
        """An empty body for tiles of this type."""
        return Block(arg_types=[kind.vector, IndexType(), IndexType(), IndexType()])

    def verify_(self) -> None:
        """The body takes what `make_block` gives it."""
        kinds = (tile_of(self.tile).vector, IndexType(), IndexType(), IndexType())
        if tuple(self.body.block.arg_types) != kinds:
            raise VerifyException("the body takes a vector, its row, column and valid lanes")
        if not isinstance(self.body.block.last_op, TileEndOp):
            raise VerifyException("the body ends with kern.tile_end")
        if not 1 <= self.columns.value.data <= tile_of(self.tile).columns.data:
            raise VerifyException("there are no more columns than the tile has")


@irdl_op_definition
class TileMomentsOp(IRDLOperation):
    """Add the rows of a tile to sums of each column and of its square, in double precision.

    At the pointer lies an area for each vector of a row (`moments_size`): the shift, a vector of
    elements, then `sum of (x - shift)` and `sum of (x - shift)^2`, vectors of doubles. If `fresh`,
    the first row becomes the shift and the sums begin at 0. The rows of a tile are summed in the
    precision of the elements first.
    """

    name = "kern.tile_moments"

    tile = operand_def(TileType)
    pointer = operand_def(PtrType)
    fresh = operand_def(i1)

    assembly_format = "$tile `,` $pointer `fresh` $fresh attr-dict `:` type($tile)"

    def __init__(self, tile: SSAValue, pointer: SSAValue, fresh: SSAValue):
        super().__init__(operands=[tile, pointer, fresh])

    def verify_(self) -> None:
        """The columns fill whole vectors."""
        kind = tile_of(self.tile)
        if kind.columns.data % kind.lanes:
            raise VerifyException("the columns fill whole vectors")


def moments_size(element_bytes: int) -> int:
    """Elements that `kern.tile_moments` needs for each column."""
    return 1 + 2 * 8 // element_bytes


WINDOW_OPERATIONS: list[type[Operation]] = [TileGatherOp, TileAcrossOp, TileMomentsOp]
