"""Functions of the language: definition, call, composition, functions that are built in."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, IntegerType, StringAttr, UnitAttr
from xdsl.ir import Operation
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import (
    EffectInstance,
    IsTerminator,
    MemoryEffect,
    MemoryEffectKind,
    Pure,
)
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.bs.base import AllocatesResult, BsOperation, ValueType

ARITY: dict[str, int | None] = {
    "Chr": 1,
    "Concat": None,
    "Count": 1,
    "Debug": None,
    "Fail": 1,
    "Floor": 1,
    "Format": 2,
    "IntDiv": 2,
    "IsArray": 1,
    "IsBool": 1,
    "IsDouble": 1,
    "IsNode": 1,
    "IsSameObject": 2,
    "Length": 1,
    "Members": 1,
    "Mod": 2,
    "Print": 1,
    "Repeat": 2,
    "Replace": 3,
    "Resize": 2,
    "Substr": 3,
}
"""The built-in functions, and how many arguments each takes (None: one or more)."""

SPEAKING = frozenset({"Print", "Debug", "Fail"})
"""Built-in functions that do something besides giving a value."""


@irdl_op_definition
class LambdaOp(BsOperation):
    """A function value; its region may use any value around it.

    `parameters` names the positional parameters, then the optional ones. `defaults` has one
    operand for each optional parameter, a value of the scope of the definition, so a default is
    evaluated once for each function object::

        f (x, s = 1) = s * x

        %f = bs.lambda ["x", "s"] (%one) {
        ^bb0(%x : !bs.value, %s : !bs.value):
          %y = bs.infix "*" %s, %x
          bs.yield %y
        }
    """

    name = "bs.lambda"
    parameters = prop_def(ArrayAttr[StringAttr])
    defaults = var_operand_def(ValueType)
    body = region_def("single_block")
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$parameters `(` $defaults `)` $body attr-dict"

    def verify_(self) -> None:
        """One block argument for each parameter, and not more defaults than parameters."""
        count = len(self.parameters.data)
        if not isinstance(self.body.block.last_op, YieldOp):
            raise VerifyException("the body of a function ends with bs.yield")
        if len(self.body.block.args) != count or len(self.defaults) > count:
            raise VerifyException(
                f"{count} parameters, {len(self.body.block.args)} arguments of the block, "
                f"{len(self.defaults)} defaults"
            )


@irdl_op_definition
class YieldOp(BsOperation):
    """The value of a function's body."""

    name = "bs.yield"
    value = operand_def(ValueType)
    traits = traits_def(IsTerminator(), Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class ApplyOp(BsOperation):
    """A call: `f (a, b, name=c)`; each one that is demanded is an instance of the body.

    The operands are the positional arguments, then the named ones, whose names are `named`.
    `site` is the number of the call in the source: an argument's path needs the name of the
    parameter it is bound to, which is known only when the function is. An `eager` call evaluates
    its first argument before the function's body: `(f >> g) (x)` calls f first.
    """

    name = "bs.apply"
    function = operand_def(ValueType)
    arguments = var_operand_def(ValueType)
    named = opt_prop_def(ArrayAttr[StringAttr])
    site = opt_prop_def(IntegerAttr[IntegerType])
    eager = opt_prop_def(UnitAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$function `(` $arguments `)` attr-dict"

    def verify_(self) -> None:
        """Not more names than arguments."""
        if self.named is not None and len(self.named.data) > len(self.arguments):
            raise VerifyException("more names than arguments")


@irdl_op_definition
class ComposeOp(BsOperation):
    """`f >> g`, evaluated: the function that gives `g (f (x))`, with the parameters of f."""

    name = "bs.compose"
    first = operand_def(ValueType)
    second = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(Pure())
    assembly_format = "$first `then` $second attr-dict"


class SpeakingEffect(MemoryEffect):
    """A built-in that prints or fails writes; the others allocate their result."""

    @classmethod
    def get_effects(cls, op: Operation) -> set[EffectInstance]:
        """Write for the functions in `SPEAKING`, else one allocation for each result."""
        if isinstance(op, BuiltinOp) and op.function.data in SPEAKING:
            return {EffectInstance(MemoryEffectKind.WRITE)}
        return {EffectInstance(MemoryEffectKind.ALLOC, result) for result in op.results}


@irdl_op_definition
class BuiltinOp(BsOperation):
    """A function on evaluated values that the compiler itself computes: `Length`, `Format` ...

    One array may stand for all arguments of a function that takes several.
    """

    name = "bs.builtin"
    function = prop_def(StringAttr)
    arguments = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(SpeakingEffect())
    assembly_format = "$function `(` $arguments `)` attr-dict"

    def verify_(self) -> None:
        """The function exists and gets its arguments."""
        name, given = self.function.data, len(self.arguments)
        if name not in ARITY:
            raise VerifyException(f"there is no built-in function '{name}'")
        if given != 1 and given != (ARITY[name] or given or 1):
            raise VerifyException(f"'{name}' takes {ARITY[name] or 'some'} arguments, not {given}")
