"""Creation of nodes and parameters, errors that wait to be demanded, the network and its roots."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import (
    ArrayAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
)
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
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

from brainscript.builders import LISTS
from brainscript.dialects.bs.base import AllocatesResult, BsOperation, ValueType

DELAYS: dict[str, tuple[str, ...]] = {
    "PastValue": ("shape", "timeStep", "defaultHiddenActivation"),
    "FutureValue": ("shape", "timeStep", "defaultHiddenActivation"),
}
"""Operations whose inputs are fetched when the network is put together, with their options."""

PARAMETER_OPTIONS = (
    "dims",
    "learningRateMultiplier",
    "init",
    "initValueScale",
    "value",
    "initValue",
    "initFilterRank",
    "initOutputRank",
    "initFromFilePath",
    "initFromLiteral",
    "initFromNode",
    "initOnCPUOnly",
    "randomSeed",
    "tag",
)
"""The options of a parameter, as BrainScript spells them."""


def root_order(names: Iterable[str]) -> list[str]:
    """The order in which the members of a network are visited: `LISTS`, the rest by code point."""
    return sorted(names, key=lambda name: (name not in LISTS, name))


@irdl_op_definition
class NodeOp(BsOperation):
    """Creates one computation node when demanded: `new ComputationNode { operation = ... }`.

    The operands are the inputs, then one value for each name in `options`. Arrays among the
    inputs are flattened and numbers become constants when the node is evaluated.
    """

    name = "bs.node"
    kind = prop_def(StringAttr)
    options = opt_prop_def(ArrayAttr[StringAttr])
    arguments = var_operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$kind `(` $arguments `)` attr-dict"

    def option_names(self) -> tuple[str, ...]:
        """The names of the options that are given."""
        return tuple(name.data for name in self.options.data) if self.options else ()

    def verify_(self) -> None:
        """Not more options than operands."""
        if len(self.option_names()) > len(self.arguments):
            raise VerifyException("more options than operands")


@irdl_op_definition
class ParameterOp(BsOperation):
    """Creates one parameter or constant when demanded; one operand for each name in `options`.

    `order` is stamped at the first demand: it counts the parameters that draw random numbers in
    creation order and becomes the seed. `hidden` marks a constant that a number beside a node
    stands for.
    """

    name = "bs.parameter"
    options = prop_def(ArrayAttr[StringAttr])
    arguments = var_operand_def(ValueType)
    order = opt_prop_def(IntegerAttr[IntegerType])
    hidden = opt_prop_def(UnitAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$options `(` $arguments `)` attr-dict"

    def option_names(self) -> tuple[str, ...]:
        """The names of the options that are given."""
        return tuple(name.data for name in self.options.data)

    def verify_(self) -> None:
        """One operand for each option."""
        if len(self.options.data) != len(self.arguments):
            raise VerifyException(
                f"{len(self.options.data)} options, {len(self.arguments)} operands"
            )


@irdl_op_definition
class ReadOp(BsOperation):
    """The value of a parameter that has become a symbol; `tag` puts it into a node group."""

    name = "bs.read"
    symbol = prop_def(SymbolRefAttr)
    tag = opt_prop_def(StringAttr)
    hidden = opt_prop_def(UnitAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$symbol attr-dict"


@irdl_op_definition
class PoisonOp(BsOperation):
    """An error only for who demands it: an unknown name, names that only name each other."""

    name = "bs.poison"
    code = prop_def(StringAttr)
    message = prop_def(StringAttr)
    label = opt_prop_def(StringAttr)
    help = opt_prop_def(StringAttr)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$code $message attr-dict"


@irdl_op_definition
class NetworkRecordOp(BsOperation):
    """`new ComputationNetwork { ... }`: a network value, made of a record of its members."""

    name = "bs.new_network"
    record = operand_def(ValueType)
    result = result_def(ValueType)
    traits = traits_def(AllocatesResult())
    assembly_format = "$record attr-dict"


@irdl_op_definition
class NetworkOp(BsOperation):
    """The graph region that holds a program: values in any order, rings allowed.

    `form` says what the roots are: the `members` of a network record, one `expression` that must
    evaluate to a network, one `network` that it has evaluated to, or one `value` that is wanted
    with all that is in it.
    """

    name = "bs.network"
    form = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def()
    assembly_format = "$form $body attr-dict"

    def verify_(self) -> None:
        """A known form, and the roots at the end."""
        if self.form.data not in ("members", "expression", "network", "value"):
            raise VerifyException(f"unknown form '{self.form.data}'")
        if self.body.block.args:
            raise VerifyException("a network has no arguments")
        if not isinstance(self.body.block.last_op, RootsOp):
            raise VerifyException("a network ends with its roots")


@irdl_op_definition
class RootsOp(BsOperation):
    """What is demanded, in the order in which it is: the members of the network record."""

    name = "bs.roots"
    names = prop_def(ArrayAttr[StringAttr])
    values = var_operand_def(ValueType)
    traits = traits_def(IsTerminator())
    assembly_format = "$names `(` $values `)` attr-dict"

    def verify_(self) -> None:
        """One name for each value."""
        if len(self.names.data) != len(self.values):
            raise VerifyException(f"{len(self.names.data)} names, {len(self.values)} values")
