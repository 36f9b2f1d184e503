"""Products of numbers rounded to bfloat16, in the `kern` dialect: pairs, and the tiles of AMX.

A pair is a word of 32 bits with two neighbours in the depth of a product, the first one in the low
half. Eight tile registers of the processor, named by number, have 16 rows of 16 words each.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from xdsl.dialects.builtin import (
    I32,
    I64,
    Float32Type,
    IndexType,
    IntegerAttr,
    StringAttr,
    VectorType,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from brainscript.dialects.kern_tile import PtrType

Order = Literal["along", "across"]

TILES = 8
TILE_ROWS = 16
TILE_WORDS = 16


@irdl_op_definition
class RoundPairsOp(IRDLOperation):
    """Round two vectors to bfloat16, to the nearest and ties to even, and join them to pairs.

    `across`: pair i has element i of `a` and element i of `b`. `along`: the elements of `a` and
    then those of `b` are numbered, and pair i has the elements 2i and 2i + 1.
    """

    name = "kern.round_pairs"

    a = operand_def(VectorType[Float32Type])
    b = operand_def(VectorType[Float32Type])
    order = prop_def(StringAttr)
    result = result_def(VectorType[I32])

    traits = traits_def(Pure())
    assembly_format = "$order $a `,` $b attr-dict `:` type($a) `,` type($b) `to` type($result)"

    def __init__(self, a: SSAValue, b: SSAValue, order: Order):
        kind = VectorType(i32, [_lanes(a)])
        super().__init__(
            operands=[a, b], properties={"order": StringAttr(order)}, result_types=[kind]
        )

    def verify_(self) -> None:
        """All vectors have the lanes of AVX-512."""
        if self.order.data not in get_args(Order):
            raise VerifyException("the order is along or across")
        if {_lanes(v) for v in (self.a, self.b, self.result)} != {TILE_WORDS}:
            raise VerifyException("two vectors of 16 lanes make a vector of 16 pairs")


def _lanes(value: SSAValue) -> int:
    """The lanes of a vector."""
    assert isa(value.type, VectorType[Attribute])
    return value.type.get_shape()[0]


class _TileRegisterOp(IRDLOperation):
    """An operation that names tile registers by number."""

    NUMBERS: ClassVar[tuple[str, ...]] = ("tile",)

    def verify_(self) -> None:
        """The registers exist."""
        for name in self.NUMBERS:
            found = self.properties[name]
            if not isa(found, IntegerAttr) or not 0 <= found.value.data < TILES:
                raise VerifyException(f"there are {TILES} tile registers")


@irdl_op_definition
class AmxConfigureOp(IRDLOperation):
    """Give all tile registers their whole size; comes before everything else with tiles."""

    name = "kern.amx_configure"

    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class AmxReleaseOp(IRDLOperation):
    """Give the tile registers back."""

    name = "kern.amx_release"

    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class AmxZeroOp(_TileRegisterOp):
    """Fill a tile register with zeros."""

    name = "kern.amx_zero"

    tile = prop_def(IntegerAttr[I64])

    assembly_format = "$tile attr-dict"

    def __init__(self, tile: int):
        super().__init__(properties={"tile": IntegerAttr(tile, i64)})


class _TileMoveOp(_TileRegisterOp):
    """Rows of a tile and rows of words in memory."""

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    tile = prop_def(IntegerAttr[I64])
    stride = prop_def(IntegerAttr[I64])

    assembly_format = "$tile `,` $pointer `[` $index `]` `stride` $stride attr-dict"

    def __init__(self, tile: int, pointer: SSAValue, index: SSAValue, stride: int):
        super().__init__(
            operands=[pointer, index],
            properties={"tile": IntegerAttr(tile, i64), "stride": IntegerAttr(stride, i64)},
        )


@irdl_op_definition
class AmxLoadOp(_TileMoveOp):
    """Read a tile: row r from the words at `pointer[index + r*stride]`."""

    name = "kern.amx_load"


@irdl_op_definition
class AmxStoreOp(_TileMoveOp):
    """Write row r of a tile to the words at `pointer[index + r*stride]`."""

    name = "kern.amx_store"


@irdl_op_definition
class AmxMultiplyOp(_TileRegisterOp):
    """Add a product of pairs: `acc[r, c] += sum over w of a[r, w] . b[w, c]`, sums in float32."""

    name = "kern.amx_multiply"
    NUMBERS: ClassVar[tuple[str, ...]] = ("acc", "a", "b")

    acc = prop_def(IntegerAttr[I64])
    a = prop_def(IntegerAttr[I64])
    b = prop_def(IntegerAttr[I64])

    assembly_format = "$acc `,` $a `,` $b attr-dict"

    def __init__(self, acc: int, a: int, b: int):
        numbers = {"acc": acc, "a": a, "b": b}
        super().__init__(properties={k: IntegerAttr(v, i64) for k, v in numbers.items()})


PAIR_OPERATIONS: list[type[Operation]] = [
    RoundPairsOp,
    AmxConfigureOp,
    AmxReleaseOp,
    AmxZeroOp,
    AmxLoadOp,
    AmxStoreOp,
    AmxMultiplyOp,
]
