"""The `kern` dialect: one kernel as a loop nest over raw memory, on vectors of the target.

Loops and conditions are `scf`, integers `arith` on `index`, arithmetic on vectors `arith` and
`math`. A kernel is a top-level `kern.func`; functions inside it are local to it. The register tile
operations of matrix products are in `kern_tile.py` and belong to the same dialect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    AnyFloat,
    FlatSymbolRefAttrConstr,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    VectorType,
    i64,
)
from xdsl.ir import Attribute, Block, Dialect, Operation, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    IsolatedFromAbove,
    IsTerminator,
    Pure,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from brainscript.dialects.kern_native import NATIVE_OPERATIONS
from brainscript.dialects.kern_pairs import PAIR_OPERATIONS
from brainscript.dialects.kern_rows import ROWS_OPERATIONS
from brainscript.dialects.kern_tile import TILE_OPERATIONS, TILE_TYPES, PtrType
from brainscript.dialects.kern_windows import WINDOW_OPERATIONS

ABI_TAIL: tuple[Attribute, ...] = (IndexType(), PtrType(), IndexType(), IndexType())
"""The last four parameters of every kernel: columns, scratch of this thread, thread, threads."""


def vector_of(element: Attribute, lanes: int) -> VectorType[Attribute]:
    """`vector<LANESxELEMENT>`."""
    return VectorType(element, [lanes])


def lanes_of(kind: Attribute) -> int:
    """The number of lanes of a vector type; 1 for a scalar."""
    return kind.get_shape()[0] if isinstance(kind, VectorType) else 1


def element_of(kind: Attribute) -> Attribute:
    """The element type of a vector type; a scalar type is its own."""
    return kind.element_type if isinstance(kind, VectorType) else kind  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _check_value(kind: Attribute) -> None:
    element = element_of(kind)
    if not isinstance(element, Float32Type | Float64Type | IntegerType | PtrType):
        raise VerifyException(f"memory holds f32, f64, integers or pointers, not {kind}")
    if isinstance(kind, VectorType) and len(kind.get_shape()) != 1:
        raise VerifyException(f"vectors have one dimension, not {kind}")


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A kernel, or inside one a function local to it.

    A kernel takes pointers (arguments, then outputs), then `n` (columns), `ws` (scratch of this
    thread, `workspace` bytes, 64-byte aligned), `tid` and `nt` (thread and number of threads).
    """

    name = "kern.func"

    sym_name = prop_def(SymbolNameConstraint())
    workspace = opt_prop_def(IntegerAttr[I64])
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), SymbolTable())

    def __init__(self, name: str, body: Region | Block, workspace: int | None = None):
        size = None if workspace is None else IntegerAttr(workspace, i64)
        super().__init__(
            properties={"sym_name": StringAttr(name), "workspace": size},
            regions=[body if isinstance(body, Region) else Region(body)],
        )

    @property
    def is_kernel(self) -> bool:
        """Whether this is a kernel and not a function inside one."""
        return not isinstance(self.parent_op(), FuncOp)

    @property
    def scratch(self) -> int:
        """Bytes of scratch memory that each thread must bring."""
        return 0 if self.workspace is None else self.workspace.value.data

    def locals(self) -> list[FuncOp]:
        """The functions local to this kernel."""
        return [op for op in self.body.block.ops if isinstance(op, FuncOp)]

    def verify_(self) -> None:
        """The parameters are those every kernel takes."""
        if not isinstance(self.body.block.last_op, ReturnOp):
            raise VerifyException("a function ends with kern.return")
        if not self.is_kernel:
            if self.workspace is not None or self.locals():
                raise VerifyException("a local function has no workspace and no local functions")
            return
        kinds = tuple(self.body.block.arg_types)
        pointers = kinds[: -len(ABI_TAIL)]
        if kinds[-len(ABI_TAIL) :] != ABI_TAIL or any(k != PtrType() for k in pointers):
            raise VerifyException("a kernel takes pointers, then n, ws, tid and nt")
        if self.scratch < 0:
            raise VerifyException("the workspace is a number of bytes")

    def print(self, printer: Printer) -> None:
        """`kern.func @name(%a : !kern.ptr, ...) attributes {workspace = N : i64} {...}`."""
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string("(")
        printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_string(")")
        extra = dict(self.attributes)
        if self.workspace is not None:
            extra["workspace"] = self.workspace
        printer.print_op_attributes(extra, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, False, False)

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        """The inverse of `print`."""
        name = parser.parse_symbol_name().data
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        extra = parser.parse_optional_attr_dict_with_keyword()
        attributes = dict(extra.data) if extra is not None else {}
        workspace = attributes.pop("workspace", None)
        func = cls(name, parser.parse_region(arguments))
        if isa(workspace, IntegerAttr[I64]):
            func.workspace = workspace
        elif workspace is not None:
            parser.raise_error("workspace is a number of bytes")
        func.attributes |= attributes
        return func


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """The end of a function."""

    name = "kern.return"

    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict"

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class CallOp(IRDLOperation):
    """Call of a local function of the same kernel."""

    name = "kern.call"

    callee = prop_def(FlatSymbolRefAttrConstr)
    arguments = var_operand_def()

    assembly_format = "$callee `(` $arguments `)` attr-dict `:` type($arguments)"

    def __init__(self, callee: str, arguments: Sequence[SSAValue | Operation]):
        super().__init__(operands=[list(arguments)], properties={"callee": SymbolRefAttr(callee)})

    def function(self) -> FuncOp | None:
        """The local function that is called."""
        above = self.parent_op()
        while above is not None:
            if isinstance(above, FuncOp):
                found = SymbolTable.lookup_symbol(above, self.callee)
                if isinstance(found, FuncOp) and not found.is_kernel:
                    return found
            above = above.parent_op()
        return None

    def verify_(self) -> None:
        """The function is there and takes these operands."""
        found = self.function()
        if found is None:
            raise VerifyException(f"{self.callee} is no local function of this kernel")
        if found.body.block.arg_types != tuple(v.type for v in self.arguments):
            raise VerifyException(f"the operands do not have the types {self.callee} takes")


@irdl_op_definition
class OffsetOp(IRDLOperation):
    """The address of element `index` of an array of `element` at `pointer`."""

    name = "kern.offset"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    element = prop_def(TypeAttribute)
    result = result_def(PtrType)

    traits = traits_def(Pure())
    assembly_format = "$pointer `[` $index `]` `:` $element attr-dict"

    def __init__(
        self, pointer: SSAValue | Operation, index: SSAValue | Operation, element: Attribute
    ):
        super().__init__(
            operands=[pointer, index], properties={"element": element}, result_types=[PtrType()]
        )


@irdl_op_definition
class LoadOp(IRDLOperation):
    """A scalar or vector at `pointer[index]`, the index counted in elements.

    With `count` only the lanes below it are read, the others are zero.
    """

    name = "kern.load"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    count = opt_operand_def(IndexType)
    result = result_def()

    assembly_format = "$pointer `[` $index `]` (`,` $count^)? attr-dict `:` type($result)"

    def __init__(
        self,
        pointer: SSAValue | Operation,
        index: SSAValue | Operation,
        kind: Attribute,
        count: SSAValue | None = None,
    ):
        super().__init__(operands=[pointer, index, count], result_types=[kind])

    def verify_(self) -> None:
        """Memory holds numbers."""
        _check_value(self.result.type)
        if self.count is not None and not isinstance(self.result.type, VectorType):
            raise VerifyException("only a vector load takes a count")


@irdl_op_definition
class StoreOp(IRDLOperation):
    """Write a scalar or vector to `pointer[index]`; with `count` only the lanes below it."""

    name = "kern.store"

    value = operand_def()
    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    count = opt_operand_def(IndexType)

    assembly_format = "$value `,` $pointer `[` $index `]` (`,` $count^)? attr-dict `:` type($value)"

    def __init__(
        self,
        value: SSAValue | Operation,
        pointer: SSAValue | Operation,
        index: SSAValue | Operation,
        count: SSAValue | None = None,
    ):
        super().__init__(operands=[value, pointer, index, count])

    def verify_(self) -> None:
        """Memory holds numbers."""
        _check_value(self.value.type)
        if self.count is not None and not isinstance(self.value.type, VectorType):
            raise VerifyException("only a vector store takes a count")


@irdl_op_definition
class PrefetchOp(IRDLOperation):
    """Ask for the cache line of element `index` of an array of `element` at `pointer`."""

    name = "kern.prefetch"

    pointer = operand_def(PtrType)
    index = operand_def(IndexType)
    element = prop_def(TypeAttribute)

    assembly_format = "$pointer `[` $index `]` `:` $element attr-dict"

    def __init__(self, pointer: SSAValue, index: SSAValue, element: Attribute):
        super().__init__(operands=[pointer, index], properties={"element": element})


@irdl_op_definition
class BroadcastOp(IRDLOperation):
    """A vector with the scalar in every lane."""

    name = "kern.broadcast"

    scalar = operand_def()
    result = result_def(VectorType)

    traits = traits_def(Pure())
    assembly_format = "$scalar attr-dict `:` type($scalar) `to` type($result)"

    def __init__(self, scalar: SSAValue | Operation, kind: Attribute):
        super().__init__(operands=[scalar], result_types=[kind])

    def verify_(self) -> None:
        """The lanes have the scalar's type."""
        if element_of(self.result.type) != self.scalar.type:
            raise VerifyException("the lanes have the scalar's type")


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Sum, product, greatest or least of the lanes of a vector, in a fixed order of pairs.

    Lanes `i` and `i + LANES/2` are combined, then the halves of what is left.
    """

    name = "kern.reduce"

    KINDS: ClassVar = ("add", "mul", "max", "min")

    kind = prop_def(StringAttr)
    vector = operand_def(VectorType)
    result = result_def(AnyFloat)

    traits = traits_def(Pure())
    assembly_format = "$kind `,` $vector attr-dict `:` type($vector) `to` type($result)"

    def __init__(self, kind: str, vector: SSAValue | Operation):
        value = SSAValue.get(vector)
        super().__init__(
            operands=[value],
            properties={"kind": StringAttr(kind)},
            result_types=[element_of(value.type)],
        )

    def verify_(self) -> None:
        """The kind and the types are known."""
        if self.kind.data not in self.KINDS:
            raise VerifyException(f"a reduction is one of {', '.join(self.KINDS)}")
        if element_of(self.vector.type) != self.result.type:
            raise VerifyException("the result has the type of a lane")
        if lanes_of(self.vector.type) & (lanes_of(self.vector.type) - 1):
            raise VerifyException("the number of lanes is a power of two")


Kern = Dialect(
    "kern",
    [
        FuncOp,
        ReturnOp,
        CallOp,
        OffsetOp,
        LoadOp,
        StoreOp,
        PrefetchOp,
        BroadcastOp,
        ReduceOp,
        *NATIVE_OPERATIONS,
        *PAIR_OPERATIONS,
        *ROWS_OPERATIONS,
        *TILE_OPERATIONS,
        *WINDOW_OPERATIONS,
    ],
    [*TILE_TYPES],
)
