"""Register tiles of the `kern` dialect: what the body of a matrix product is made of.

A tile is `rows` x `columns` accumulators held in vector registers; the last vector of a row has
`columns % lanes` valid lanes when the lanes do not divide the columns. Each operation expands to
unrolled vector code only when LLVM text is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    Float32Type,
    Float64Type,
    IndexType,
    IntAttr,
    IntegerAttr,
    UnitAttr,
    VectorType,
    f32,
    i64,
)
from xdsl.ir import (
    Attribute,
    Block,
    Operation,
    ParametrizedAttribute,
    Region,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    AttrSizedOperandSegments,
    BaseAttr,
    IRDLOperation,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class PtrType(ParametrizedAttribute, TypeAttribute):
    """An address; what lies there is said by each load and store."""

    name = "kern.ptr"


@irdl_attr_definition
class TileType(ParametrizedAttribute, TypeAttribute):
    """`!kern.tile<ROWS, COLUMNS, vector<LANESxELEMENT>>`."""

    name = "kern.tile"

    rows: IntAttr
    columns: IntAttr
    vector: VectorType[Float32Type | Float64Type]

    @staticmethod
    def of(rows: int, columns: int, element: Float32Type | Float64Type, lanes: int) -> TileType:
        """The tile type with these sizes."""
        return TileType(IntAttr(rows), IntAttr(columns), VectorType(element, [lanes]))

    @property
    def lanes(self) -> int:
        """Lanes of one vector."""
        return self.vector.get_shape()[0]

    @property
    def vectors(self) -> int:
        """Vectors in a row."""
        return -(-self.columns.data // self.lanes)

    def valid(self, vector: int) -> int:
        """Valid lanes of the vector with this number in a row."""
        return min(self.lanes, self.columns.data - vector * self.lanes)

    def verify(self) -> None:
        """Sizes are positive; lanes a power of two."""
        if self.rows.data < 1 or self.columns.data < 1:
            raise VerifyException("a tile has at least one row and one column")
        if len(self.vector.get_shape()) != 1 or self.lanes & (self.lanes - 1):
            raise VerifyException("the lanes of a tile are a power of two")

    def print_parameters(self, printer: Printer) -> None:
        """`<rows, columns, vector type>`."""
        with printer.in_angle_brackets():
            printer.print_string(f"{self.rows.data}, {self.columns.data}, ")
            printer.print_attribute(self.vector)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """The inverse of `print_parameters`."""
        with parser.in_angle_brackets():
            rows = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_punctuation(",")
            columns = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_punctuation(",")
            vector = parser.parse_type()
        if not isinstance(vector, VectorType):
            parser.raise_error("a tile is made of vectors")
        return [IntAttr(rows), IntAttr(columns), vector]  # pyright: ignore[reportUnknownVariableType]


def tile_of(value: SSAValue) -> TileType:
    """The tile type of a value."""
    assert isinstance(value.type, TileType)
    return value.type


@irdl_op_definition
class TileZeroOp(IRDLOperation):
    """A tile of zeros."""

    name = "kern.tile_zero"

    result = result_def(TileType)

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, kind: TileType):
        super().__init__(result_types=[kind])


@irdl_op_definition
class TileLoadOp(IRDLOperation):
    """The tile whose element (r, c) is `pointer[index + r*stride + c]`."""

    name = "kern.tile_load"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    stride = prop_def(IntegerAttr[I64])
    result = result_def(TileType)

    assembly_format = "$pointer `[` $index `]` `stride` $stride attr-dict `:` type($result)"

    def __init__(self, pointer: SSAValue, index: SSAValue, stride: int, kind: TileType):
        super().__init__(
            operands=[pointer, index],
            properties={"stride": IntegerAttr(stride, i64)},
            result_types=[kind],
        )


@irdl_op_definition
class TileStoreOp(IRDLOperation):
    """Write element (r, c) of a tile to `pointer[index + r*stride + c]`."""

    name = "kern.tile_store"

    tile = operand_def(TileType)
    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    stride = prop_def(IntegerAttr[I64])

    assembly_format = "$tile `,` $pointer `[` $index `]` `stride` $stride attr-dict `:` type($tile)"

    def __init__(self, tile: SSAValue, pointer: SSAValue, index: SSAValue, stride: int):
        super().__init__(
            operands=[tile, pointer, index], properties={"stride": IntegerAttr(stride, i64)}
        )


@irdl_op_definition
class TileMultiplyOp(IRDLOperation):
    """Add a product of depth `depth` to a tile, in the order of k and with one rounding a step.

    `result[r, c] = acc[r, c] + sum over k of a[r*row + k*step] * b[k*pitch + c]`. `unroll` steps
    of k are written out for a turn of the loop. With `pairs` every word of a and b is a pair of
    `kern_pairs.py`, and a step adds both of its products. Step k asks for the cache lines of the
    elements `ahead[i] + k*every[i]`, which somebody needs later.
    """

    name = "kern.tile_multiply"

    T: ClassVar = VarConstraint("T", BaseAttr(TileType))

    acc = operand_def(T)
    a = operand_def(PtrType)
    b = operand_def(PtrType)
    step = operand_def(IndexType)
    pitch = operand_def(IndexType)
    depth = operand_def(IndexType)
    ahead = var_operand_def(PtrType)
    every = var_operand_def(IndexType)
    row = prop_def(IntegerAttr[I64])
    unroll = prop_def(IntegerAttr[I64])
    pairs = opt_prop_def(UnitAttr)
    result = result_def(T)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$acc `,` $a `row` $row `step` $step `,` $b `pitch` $pitch `,`"
        " `depth` $depth `unroll` $unroll (`ahead` $ahead^ `every` $every)? (`pairs` $pairs^)?"
        " attr-dict `:` type($result)"
    )

    def __init__(
        self,
        acc: SSAValue,
        a: tuple[SSAValue, int, SSAValue],
        b: tuple[SSAValue, SSAValue],
        depth: SSAValue,
        unroll: int,
        pairs: bool = False,
        ahead: Sequence[tuple[SSAValue, SSAValue]] = (),
    ):
        numbers = {"row": a[1], "unroll": unroll}
        properties = {name: IntegerAttr(value, i64) for name, value in numbers.items()}
        asked = [p for p, _ in ahead], [d for _, d in ahead]
        super().__init__(
            operands=[acc, a[0], b[0], a[2], b[1], depth, *asked],
            properties={**properties, **({"pairs": UnitAttr()} if pairs else {})},
            result_types=[acc.type],
        )

    def verify_(self) -> None:
        """There is at least one step in a turn of the loop; a word is as long as a float32."""
        if self.unroll.value.data < 1:
            raise VerifyException("at least one step is written out")
        if len(self.ahead) != len(self.every):
            raise VerifyException("every pointer ahead has its distance")
        kind = tile_of(self.acc).vector
        if self.pairs is not None and kind != VectorType(f32, [16]):
            raise VerifyException("products of pairs are summed in vectors of 16 x f32")


@irdl_op_definition
class TileEachOp(IRDLOperation):
    """Run the body once for every vector of a tile, row by row.

    The body gets the vector, its row and first column in the tile, and its number of valid lanes;
    loads and stores in it take that count, so tails need no code of their own.
    """

    name = "kern.tile_each"

    tile = operand_def(TileType)
    body = region_def("single_block")

    assembly_format = "$tile `:` type($tile) $body attr-dict"

    def __init__(self, tile: SSAValue, body: Block):
        super().__init__(operands=[tile], regions=[Region(body)])

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


@irdl_op_definition
class TileEndOp(IRDLOperation):
    """The end of the body of `kern.tile_each`."""

    name = "kern.tile_end"

    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class TransposeOp(IRDLOperation):
    """Copy a block of `rows` x `count` elements transposed; `rows` is at most the lanes.

    `target[target_index + c*target_stride + r] = source[source_index + r*source_stride + c]` for c
    below `count`. Whole vectors are written: lanes from `rows` on are zero, and so is everything
    for c from `count` to the number of lanes.
    """

    name = "kern.transpose"

    source = operand_def(PtrType)
    source_index = operand_def(IndexType)
    target = operand_def(PtrType)
    target_index = operand_def(IndexType)
    count = operand_def(IndexType)
    rows = prop_def(IntegerAttr[I64])
    source_stride = prop_def(IntegerAttr[I64])
    target_stride = prop_def(IntegerAttr[I64])
    vector = prop_def(VectorType)

    assembly_format = (
        "$source `[` $source_index `]` `stride` $source_stride `rows` $rows `to`"
        " $target `[` $target_index `]` `stride` $target_stride `count` $count"
        " attr-dict `:` $vector"
    )

    def __init__(
        self,
        source: tuple[SSAValue, SSAValue, int],
        target: tuple[SSAValue, SSAValue, int],
        count: SSAValue,
        rows: int,
        vector: VectorType[Attribute],
    ):
        numbers = {"rows": rows, "source_stride": source[2], "target_stride": target[2]}
        super().__init__(
            operands=[source[0], source[1], target[0], target[1], count],
            properties={
                **{name: IntegerAttr(value, i64) for name, value in numbers.items()},
                "vector": vector,
            },
        )

    def verify_(self) -> None:
        """A block fits the lanes."""
        if not 1 <= self.rows.value.data <= self.vector.get_shape()[0]:
            raise VerifyException("a block has from one row to as many as a vector has lanes")


@irdl_op_definition
class DotOp(IRDLOperation):
    """Scalar products of one vector with several, all contiguous in memory.

    `target[j] = sum over k of left[k] * right[j*stride + k]` for j below `columns`. Each is summed
    in lanes, and the lanes in pairs at the end.
    """

    name = "kern.dot"

    left = operand_def(PtrType)
    right = operand_def(PtrType)
    target = operand_def(PtrType)
    depth = operand_def(IndexType)
    columns = prop_def(IntegerAttr[I64])
    stride = prop_def(IntegerAttr[I64])
    vector = prop_def(VectorType)

    assembly_format = (
        "$left `,` $right `stride` $stride `columns` $columns `to` $target `,` `depth` $depth"
        " attr-dict `:` $vector"
    )

    def __init__(
        self,
        left: SSAValue,
        right: tuple[SSAValue, int, int],
        target: SSAValue,
        depth: SSAValue,
        vector: VectorType[Attribute],
    ):
        numbers = {"stride": right[1], "columns": right[2]}
        super().__init__(
            operands=[left, right[0], target, depth],
            properties={
                **{name: IntegerAttr(value, i64) for name, value in numbers.items()},
                "vector": vector,
            },
        )

    def verify_(self) -> None:
        """There is something to multiply."""
        if self.columns.value.data < 1:
            raise VerifyException("at least one scalar product is made")


TILE_TYPES: list[type[ParametrizedAttribute]] = [PtrType, TileType]
TILE_OPERATIONS: list[type[Operation]] = [
    TileZeroOp,
    TileLoadOp,
    TileStoreOp,
    TileMultiplyOp,
    TileEachOp,
    TileEndOp,
    TransposeOp,
    DotOp,
]
