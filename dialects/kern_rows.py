"""Lane operations of the `kern` dialect: comparing, choosing, masking, powers; rows as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I64, IndexType, IntegerAttr, StringAttr, VectorType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.kern_tile import PtrType


@irdl_op_definition
class ChooseOp(IRDLOperation):
    """Lane by lane, `yes` where the comparison of `a` and `b` holds, else `no`.

    `%r = kern.choose olt %a, %b, %yes, %no : vector<16xf32>`; the predicates are those of
    `arith.cmpf`, and NaN makes the ordered ones false.
    """

    name = "kern.choose"

    PREDICATES: ClassVar = ("oeq", "ogt", "oge", "olt", "ole", "une")

    predicate = prop_def(StringAttr)
    a = operand_def()
    b = operand_def()
    yes = operand_def()
    no = operand_def()
    result = result_def()

    traits = traits_def(Pure())

    def __init__(self, predicate: str, a: SSAValue, b: SSAValue, yes: SSAValue, no: SSAValue):
        super().__init__(
            operands=[a, b, yes, no],
            properties={"predicate": StringAttr(predicate)},
            result_types=[yes.type],
        )

    def verify_(self) -> None:
        """The predicate is known and the types agree."""
        if self.predicate.data not in self.PREDICATES:
            raise VerifyException(f"a predicate is one of {', '.join(self.PREDICATES)}")
        if any(v.type != self.result.type for v in self.operands):
            raise VerifyException("operands and result have one type")

    def print(self, printer: Printer) -> None:
        """`kern.choose PREDICATE %a, %b, %yes, %no : TYPE`."""
        printer.print_string(f" {self.predicate.data} ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> ChooseOp:
        """The inverse of `print`."""
        predicate = parser.parse_identifier("predicate")
        names = parser.parse_comma_separated_list(
            parser.Delimiter.NONE, parser.parse_unresolved_operand
        )
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if len(names) != 4:
            parser.raise_error("kern.choose takes four operands")
        a, b, yes, no = (parser.resolve_operand(name, kind) for name in names)
        return cls(predicate, a, b, yes, no)


@irdl_op_definition
class DecayOp(IRDLOperation):
    """`e^x` in every lane, for `x` that are not above 0 (or NaN): cheaper than `math.exp`."""

    name = "kern.decay"

    KIND: ClassVar = VarConstraint("KIND", AnyAttr())

    x = operand_def(KIND)
    result = result_def(KIND)

    traits = traits_def(Pure())
    assembly_format = "$x attr-dict `:` type($result)"

    def __init__(self, x: SSAValue):
        super().__init__(operands=[x], result_types=[x.type])


@irdl_op_definition
class FillOp(IRDLOperation):
    """The lanes of `vector` below `count`, and those of `rest` from there on."""

    name = "kern.fill"

    vector = operand_def()
    count = operand_def(IndexType)
    rest = operand_def()
    result = result_def()

    traits = traits_def(Pure())

    def __init__(self, vector: SSAValue, count: SSAValue, rest: SSAValue):
        super().__init__(operands=[vector, count, rest], result_types=[vector.type])

    @classmethod
    def parse(cls, parser: Parser) -> FillOp:
        """`kern.fill %vector, %count, %rest : TYPE`."""
        names = parser.parse_comma_separated_list(
            parser.Delimiter.NONE, parser.parse_unresolved_operand
        )
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if len(names) != 3:
            parser.raise_error("kern.fill takes three operands")
        count = parser.resolve_operand(names[1], IndexType())
        return cls(
            parser.resolve_operand(names[0], kind), count, parser.resolve_operand(names[2], kind)
        )

    def print(self, printer: Printer) -> None:
        """The inverse of `parse`."""
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)

    def verify_(self) -> None:
        """The types agree."""
        if self.vector.type != self.result.type or self.rest.type != self.result.type:
            raise VerifyException("both vectors have the type of the result")


@irdl_op_definition
class LoadRowsOp(IRDLOperation):
    """Read as many rows as a vector has lanes, and give the columns: one lane for each row.

    `%c0, %c1 = kern.load_rows %p[%i] stride 2 : i64 : vector<16xf32>, vector<16xf32>`: lane `r`
    of result `c` is `pointer[index + r*stride + c]`. With `count` only the rows below it are
    read, and lanes from there on hold anything.
    """

    name = "kern.load_rows"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    count = opt_operand_def(IndexType)
    stride = prop_def(IntegerAttr[I64])
    columns = var_result_def(VectorType)

    assembly_format = (
        "$pointer `[` $index `]` (`,` $count^)? `stride` $stride attr-dict `:` type($columns)"
    )

    def __init__(
        self,
        pointer: SSAValue,
        index: SSAValue,
        stride: int,
        kinds: Sequence[Attribute],
        count: SSAValue | None = None,
    ):
        super().__init__(
            operands=[pointer, index, count],
            properties={"stride": IntegerAttr(stride, i64)},
            result_types=[list(kinds)],
        )

    def verify_(self) -> None:
        """There are columns, of one type, and no more of them than the stride."""
        check_columns([v.type for v in self.columns], self.stride)


@irdl_op_definition
class StoreRowsOp(IRDLOperation):
    """The inverse of `kern.load_rows`: write lane `r` of value `c` to `[index + r*stride + c]`.

    With `count` only the rows below it are written.
    """

    name = "kern.store_rows"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    count = opt_operand_def(IndexType)
    columns = var_operand_def(VectorType)
    stride = prop_def(IntegerAttr[I64])

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$pointer `[` $index `]` (`,` $count^)? `stride` $stride"
        " `from` $columns attr-dict `:` type($columns)"
    )

    def __init__(
        self,
        columns: Sequence[SSAValue],
        pointer: SSAValue,
        index: SSAValue,
        stride: int,
        count: SSAValue | None = None,
    ):
        super().__init__(
            operands=[pointer, index, count, list(columns)],
            properties={"stride": IntegerAttr(stride, i64)},
        )

    def verify_(self) -> None:
        """There are columns, of one type, and no more of them than the stride."""
        check_columns([v.type for v in self.columns], self.stride)


def check_columns(kinds: Sequence[Attribute], stride: IntegerAttr[I64]) -> None:
    """Raise unless the columns have one type and fit into a row."""
    if not kinds or any(kind != kinds[0] for kind in kinds):
        raise VerifyException("the columns have one type")
    if len(kinds) > stride.value.data:
        raise VerifyException("a row is at least as long as its columns")


ROWS_OPERATIONS: list[type[Operation]] = [ChooseOp, DecayOp, FillOp, LoadRowsOp, StoreRowsOp]
