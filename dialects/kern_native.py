"""Calls from a kernel into the native library: random numbers."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IndexType, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.kern_tile import PtrType

POINTER, INDEX = PtrType(), IndexType()
SIGNATURES: dict[str, tuple[Attribute, ...]] = {
    "bs_draw_uniform": (POINTER, POINTER, INDEX, INDEX, INDEX),
    "bs_draw_classes": (POINTER, POINTER, POINTER, INDEX, INDEX, INDEX, INDEX, INDEX),
    "bs_scratch": (POINTER, INDEX),
    "bs_find_steps": (POINTER, POINTER, POINTER, POINTER, INDEX),
    "bs_find_rows": (POINTER, POINTER, INDEX, INDEX, POINTER, INDEX, INDEX),
    "bs_draw_count": (POINTER, POINTER, POINTER, INDEX, INDEX, INDEX, INDEX),
}
"""What each function of the native library takes; none gives a result."""


@irdl_op_definition
class NativeOp(IRDLOperation):
    """A call of a function of `SIGNATURES`: `kern.native "bs_draw_uniform"(%g, %y, ..)`."""

    name = "kern.native"

    function = prop_def(StringAttr)
    arguments = var_operand_def()

    assembly_format = "$function `(` $arguments `)` `:` type($arguments) attr-dict"

    def __init__(self, function: str, arguments: Sequence[SSAValue]):
        super().__init__(operands=[arguments], properties={"function": StringAttr(function)})

    def verify_(self) -> None:
        """The function exists and takes these arguments."""
        wanted = SIGNATURES.get(self.function.data)
        if wanted is None:
            known = ", ".join(SIGNATURES)
            raise VerifyException(f"'{self.function.data}' is not one of {known}")
        if tuple(v.type for v in self.arguments) != wanted:
            raise VerifyException(f"'{self.function.data}' takes other arguments")


NATIVE_OPERATIONS: list[type[Operation]] = [NativeOp]
