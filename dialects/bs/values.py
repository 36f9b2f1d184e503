"""Literals, records, arrays, selection, conditions and operators of the language."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
)
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.attributes import whole
from brainscript.dialects.bs.base import AllocatesResult, BsOperation, ValueType

OPERANDS = {
    "+": "Plus", "-": "Minus", "*": "Times", "/": "Div", ".*": "ElementTimes", "**": "Pow",
    "%": "Mod", "<": "LT", "==": "Equal", ">": "GT", ">=": "GT", "!=": "NotEqual", "<=": "LE",
    "&&": "And", "||": "Or", ">>": "Before", "<<": "Shift", "with": "With",
}  # fmt: skip
"""The infix operators, and what they are called in the paths of their operands."""


@irdl_op_definition
class NumberOp(BsOperation):
    """A number: `3`, `1e-3`, `0x10`."""

    name = "bs.number"
    value = prop_def(FloatAttr)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class StringOp(BsOperation):
    """A string: `"glorotUniform"`."""

    name = "bs.string"
    value = prop_def(StringAttr)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class BoolOp(BsOperation):
    """`true` or `false`."""

    name = "bs.bool"
    value = prop_def(BoolAttr)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class RecordOp(BsOperation):
    """A record: `{ a = 1 ; b = f (a) }`, its members as lazy operands.

    `outer` names the operands after the members: values of enclosing scopes that a `.name`
    somewhere in the program can reach through this record, because field lookup climbs outwards.
    """

    name = "bs.record"
    names = prop_def(ArrayAttr[StringAttr])
    outer = opt_prop_def(ArrayAttr[StringAttr])
    members = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$names `(` $members `)` attr-dict"

    def verify_(self) -> None:
        """One operand for each name."""
        count = len(self.names.data) + len(self.outer.data if self.outer else ())
        if count != len(self.members):
            raise VerifyException(f"{count} names for {len(self.members)} members")


@irdl_op_definition
class ArrayOp(BsOperation):
    """An array: `a : b : c`, `[| a ; b |]`; `first` is the index of its first element."""

    name = "bs.array"
    first = prop_def(IntegerAttr[IntegerType], default_value=whole(0))
    elements = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "`[` $elements `]` attr-dict"


@irdl_op_definition
class GenerateOp(BsOperation):
    """`array[low..high] (function)`: when demanded, an array with one call for each index."""

    name = "bs.generate"
    low = operand_def(ValueType)
    high = operand_def(ValueType)
    function = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$low `to` $high `by` $function attr-dict"


@irdl_op_definition
class FieldOp(BsOperation):
    """`record.name`: the member itself, not a copy of it."""

    name = "bs.field"
    field = prop_def(StringAttr)
    record = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$field `of` $record attr-dict"


@irdl_op_definition
class IndexOp(BsOperation):
    """`array[index]`: the element itself."""

    name = "bs.index"
    array = operand_def(ValueType)
    index = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$array `at` $index attr-dict"


@irdl_op_definition
class IfOp(BsOperation):
    """`if condition then a else b`: one branch, or an `If` node when the condition is a node.

    `site` numbers the branches' paths, which end in `.then` and `.else` in the second case only.
    """

    name = "bs.if"
    site = prop_def(IntegerAttr[IntegerType])
    condition = operand_def(ValueType)
    then = operand_def(ValueType)
    otherwise = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$condition `then` $then `else` $otherwise attr-dict"


@irdl_op_definition
class InfixOp(BsOperation):
    """A chain of one left-associative operator: `a + b + c`; on nodes it makes nodes."""

    name = "bs.infix"
    sign = prop_def(StringAttr)
    terms = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$sign $terms attr-dict"

    def verify_(self) -> None:
        """A known sign, two terms or more."""
        if self.sign.data not in OPERANDS:
            raise VerifyException(f"unknown operator '{self.sign.data}'")
        if len(self.terms) < 2:
            raise VerifyException("an infix operator needs two terms or more")


@irdl_op_definition
class PrefixOp(BsOperation):
    """`-x`, `+x`, `!x`; on nodes it makes a node."""

    name = "bs.prefix"
    SIGNS: ClassVar[tuple[str, ...]] = ("-", "+", "!")
    sign = prop_def(StringAttr)
    term = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$sign $term attr-dict"

    def verify_(self) -> None:
        """A known sign."""
        if self.sign.data not in self.SIGNS:
            raise VerifyException(f"unknown prefix operator '{self.sign.data}'")
