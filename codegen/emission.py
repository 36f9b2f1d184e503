"""What an emitter of one operation works on: the open function and the operands of SSA values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    VectorType,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from brainscript.codegen.text import FunctionText, ModuleText
from brainscript.dialects.kern_tile import PtrType, TileType


def llvm_type(kind: Attribute) -> str:
    """The LLVM spelling of a type of the `kern` level."""
    match kind:
        case Float32Type():
            return "float"
        case Float64Type():
            return "double"
        case IndexType():
            return "i64"
        case IntegerType():
            return f"i{kind.width.data}"
        case PtrType():
            return "ptr"
        case VectorType():
            return f"<{kind.get_shape()[0]} x {llvm_type(kind.element_type)}>"  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        case _:
            raise TypeError(f"{kind} has no LLVM type")


def component_types(kind: Attribute) -> list[str]:
    """The LLVM types of the registers that hold a value: one, or all vectors of a tile."""
    if isinstance(kind, TileType):
        return [llvm_type(kind.vector)] * (kind.rows.data * kind.vectors)
    return [llvm_type(kind)]


class Emission:
    """One function being written.

    `values` maps each SSA value to its operands: one string, or the vectors of a tile in rows.
    `table` maps an operation class to its emitter, a function of (emission, operation).
    """

    def __init__(self, module: ModuleText, text: FunctionText, table: Table, prefix: str = ""):
        self.module = module
        self.text = text
        self.table = table
        self.prefix = prefix
        self.values: dict[SSAValue, list[str]] = {}

    def operand(self, value: SSAValue) -> str:
        """The operand of a value that is no tile."""
        (one,) = self.values[value]
        return one

    def typed(self, value: SSAValue) -> str:
        """`type operand`."""
        return f"{llvm_type(value.type)} {self.operand(value)}"

    def components(self, value: SSAValue) -> list[str]:
        """The operands of a value; a tile has one for each vector, row by row."""
        return self.values[value]

    def bind(self, value: SSAValue, *operands: str) -> None:
        """Say which operands hold a value."""
        self.values[value] = list(operands)

    def result(self, operation: Operation, right: str) -> None:
        """Write an instruction and bind the only result of `operation` to it."""
        self.bind(operation.results[0], self.text.value(right))

    def block(self, block: Block) -> Operation:
        """Write all operations of a block but its terminator, which is returned."""
        last = block.last_op
        assert last is not None
        for operation in block.ops:
            if operation is not last:
                self.emit(operation)
        return last

    def emit(self, operation: Operation) -> None:
        """Write one operation."""
        emitter = self.table.get(type(operation))
        if emitter is None:
            raise TypeError(f"{operation.name} has no emitter")
        emitter(self, operation)

    def flat(self, values: Sequence[SSAValue]) -> list[tuple[str, str]]:
        """(type, operand) of every register that holds one of the values."""
        return [
            pair
            for value in values
            for pair in zip(component_types(value.type), self.components(value), strict=True)
        ]

    def bind_all(self, values: Sequence[SSAValue], operands: Sequence[str]) -> None:
        """Bind values to consecutive operands, as `flat` lists them."""
        start = 0
        for value in values:
            size = len(component_types(value.type))
            self.bind(value, *operands[start : start + size])
            start += size


Emitter = Callable[[Emission, Operation], None]
Table = dict[type[Operation], Emitter]
