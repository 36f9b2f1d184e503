"""Where values come from and go to: inputs, constants, parameters and state held outside the IR."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any, ClassVar, Self

from xdsl.dialects.builtin import (
    BoolAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import (
    NetOp,
    attribute,
    make,
    parse_operands,
    parse_options,
    print_operands,
    print_options,
    print_value,
)
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import TensorType, parse_text, type_of

INITS = (
    "uniform",
    "uniform1",
    "gaussian",
    "normal",
    "xavier",
    "glorotUniform",
    "glorotNormal",
    "heUniform",
    "heNormal",
    "truncNormal",
    "bilinear",
    "constant",
    "fromFile",
    "fromLiteral",
    "fromModel",
)
"""How a parameter gets its first value; see `ParameterOp`."""

NEEDS = {
    "constant": "value",
    "fromFile": "file",
    "fromLiteral": "literal",
    "fromModel": "file' and 'source",
}
"""The property without which an initialisation means nothing."""

RANDOM_INITS = frozenset(INITS[:10])
"""The ones that draw random numbers, and so take a seed."""

ROLES = (
    "momentum",
    "hyper",
    "criterion",
    "statistic",
    "running",
    "random",
    "carried",
    "derived",
    "accumulated",
    "gradient",
)
"""What a piece of state is for; see `StateOp`."""


class SymbolOp(IRDLOperation, ABC):
    """A named value that lives outside the IR: `net.NAME @symbol : TYPE {...}`."""

    sym_name = prop_def(SymbolNameConstraint())
    type = prop_def(TensorType)

    traits = traits_def(SymbolOpInterface())

    def __init__(
        self,
        name: str,
        type: TensorType,
        values: Mapping[str, object],
        location: LocationAttr | None = None,
    ):
        properties: dict[str, Attribute] = {k: attribute(v) for k, v in values.items()}
        super().__init__(properties={"sym_name": StringAttr(name), "type": type, **properties})
        if location is not None:
            self.location = location

    def verify_(self) -> None:
        """Values outside the IR belong to no sample."""
        if self.type.axis is not None:
            raise VerifyException("a value held outside the network has no dynamic axis")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `@symbol : TYPE {...}`."""
        name = parser.parse_symbol_name()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        found = parse_options(parser)
        return make(cls, (), (), {"sym_name": name, "type": type, **found})

    def print(self, printer: Printer) -> None:
        """Print `@symbol : TYPE {...}`."""
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" : ")
        printer.print_attribute(self.type)
        print_options(printer, self, skip=("sym_name", "type"))


@irdl_op_definition
class ParameterOp(SymbolOp):
    """A learnable tensor or constant: `net.parameter @h.W : T {init = "uniform", seed = 1}`.

    `init` is one of `INITS`. `constant` takes `value`, `fromFile` takes `file`, `fromLiteral`
    takes `literal` (one line per row), `fromModel` takes the parameter `source` of the model
    `file`; the random ones take `seed` and `scale`, and `bilinear` takes nothing. `filter_rank`
    and `output_rank` say which axes count as fan-in. Once all dimensions are known,
    `net-infer-shapes` sets `range`: half the width of a uniform distribution around 0, or the
    standard deviation of a normal one, with `scale` in it and rounded as CNTK rounds it. The
    gradient step is multiplied by `learning_rate_multiplier`; 0 freezes.
    """

    name = "net.parameter"

    init = prop_def(StringAttr)
    scale = prop_def(FloatAttr, default_value=attribute(1.0))
    range = opt_prop_def(FloatAttr)
    seed = opt_prop_def(IntegerAttr)
    value = opt_prop_def(FloatAttr)
    file = opt_prop_def(StringAttr)
    literal = opt_prop_def(StringAttr)
    source = opt_prop_def(StringAttr)
    filter_rank = prop_def(IntegerAttr, default_value=attribute(0))
    output_rank = prop_def(IntegerAttr, default_value=attribute(1))
    learning_rate_multiplier = prop_def(FloatAttr, default_value=attribute(1.0))

    def verify_(self) -> None:
        """The initialisation is complete."""
        super().verify_()
        if not 0 <= self.multiplier < inf:
            raise VerifyException(f"learning_rate_multiplier is {self.multiplier:g}, not 0 or more")
        init = self.init.data
        if init not in INITS:
            raise VerifyException(f"'{init}' is not one of {', '.join(INITS)}")
        needed: dict[str, Attribute | None] = {
            "constant": self.value,
            "fromFile": self.file,
            "fromLiteral": self.literal,
            "fromModel": self.file and self.source,
        }
        if init in RANDOM_INITS:
            needed[init] = self.seed
        if needed.get(init, self.type) is None:
            what = NEEDS.get(init, "seed")
            raise VerifyException(f"init '{init}' needs '{what}'")

    @property
    def multiplier(self) -> float:
        """The learning-rate multiplier as a number."""
        return self.learning_rate_multiplier.value.data


@irdl_op_definition
class StateOp(SymbolOp):
    """State of the training run: `net.state @momentum.W : T {role = "momentum"}`, zero at first.

    Roles: `momentum` (the smoothed gradient of a parameter), `hyper` (a number that the host sets
    before each minibatch), `criterion` (a sum over minibatches that the host reads and resets),
    `statistic` (the value of a `Mean` or `InvStdDev` node), `running` (what a statistic is made
    from, only while it is computed), `random` (the generator that a node draws from), `carried`
    (what a delay goes on with), `derived` (made from parameters before the first step) and
    `accumulated` (over an epoch; the host resets it). `of` names the parameter or node that it
    belongs to, and of a statistic the operation.
    """

    name = "net.state"

    role = prop_def(StringAttr)
    of = opt_prop_def(StringAttr)

    def verify_(self) -> None:
        """The role exists."""
        super().verify_()
        if self.role.data not in ROLES:
            raise VerifyException(f"'{self.role.data}' is not one of {', '.join(ROLES)}")


@irdl_op_definition
class InputOp(NetOp):
    """The samples of one stream: `%x = net.input "features" : !net.t<[784], f32, @"*">`.

    BrainScript: `features = Input {784}`. The string is the name of the node. `sparse` says that
    the stream was declared sparse.
    """

    name = "net.input"
    OPERATION: ClassVar[str] = "InputValue"
    rule = staticmethod(as_written)

    sparse = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    def verify_(self) -> None:
        """An input has a name and a dynamic axis."""
        super().verify_()
        if self.node is None:
            raise VerifyException("an input has a name")
        if type_of(self.result).axis is None:
            raise VerifyException("an input has a dynamic axis")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `"name" {...} : TYPE`."""
        name = StringAttr(parse_text(parser))
        attributes = parse_options(parser)
        parser.parse_punctuation(":")
        return make(cls, (), [parser.parse_type()], {"node": name, **attributes})

    def print(self, printer: Printer) -> None:
        """Print `"name" {...} : TYPE`."""
        printer.print_string(" ")
        printer.print_string_literal(self.node_name)
        print_options(printer, self, skip=("node",))
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class SplatOp(NetOp):
    """One number, repeated to fill the type: `%c = net.splat 0.5 : !net.t<[1], f32>`."""

    name = "net.splat"
    rule = staticmethod(as_written)

    value = prop_def(FloatAttr)

    def __init__(self, value: float, type: TensorType, location: LocationAttr | None = None):
        super().__init__(result_type=type, location=location, options={"value": float(value)})

    def verify_(self) -> None:
        """The number is finite: others have no decimal form."""
        super().verify_()
        if not isfinite(self.value.value.data):
            raise VerifyException("the number is not finite")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `NUMBER : TYPE`."""
        value = attribute(float(parser.parse_number(allow_boolean=False)))
        attributes = parse_options(parser)
        parser.parse_punctuation(":")
        return make(cls, (), [parser.parse_type()], {"value": value, **attributes})

    def print(self, printer: Printer) -> None:
        """Print `NUMBER : TYPE`."""
        printer.print_string(" ")
        print_value(printer, self.value)
        print_options(printer, self, skip=("value",))
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class IndexOp(NetOp):
    """The number of each element, from 0, first axis fastest: `%i = net.index : !net.t<[10], f32>`.

    The compiler makes it.
    """

    name = "net.index"
    rule = staticmethod(as_written)


@irdl_op_definition
class ReadOp(IRDLOperation):
    """The value of a parameter or of state: `%w = net.read @h.W : TYPE`."""

    name = "net.read"

    symbol = prop_def(SymbolRefAttr)
    result = result_def(TensorType)

    traits = traits_def(MemoryReadEffect())

    def __init__(self, symbol: str, type: TensorType, location: LocationAttr | None = None):
        super().__init__(result_types=[type], properties={"symbol": SymbolRefAttr(symbol)})
        if location is not None:
            self.location = location

    @property
    def target(self) -> str:
        """The name of the symbol; for a parameter also the name of its node."""
        return self.symbol.root_reference.data

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `@symbol : TYPE`."""
        symbol = SymbolRefAttr(parser.parse_symbol_name())
        attributes = parse_options(parser)
        parser.parse_punctuation(":")
        return make(cls, (), [parser.parse_type()], {"symbol": symbol, **attributes})

    def print(self, printer: Printer) -> None:
        """Print `@symbol : TYPE`."""
        printer.print_string(" ")
        printer.print_symbol_name(self.target)
        print_options(printer, self, skip=("symbol",))
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


class SinkOp(IRDLOperation, ABC):
    """A value handed to a symbol: `net.NAME @symbol, %value`."""

    symbol = prop_def(SymbolRefAttr)
    value = operand_def(TensorType)

    traits = traits_def(MemoryWriteEffect())

    def __init__(self, symbol: str, value: SSAValue, location: LocationAttr | None = None):
        super().__init__(operands=[value], properties={"symbol": SymbolRefAttr(symbol)})
        if location is not None:
            self.location = location

    @property
    def target(self) -> str:
        """The name of the symbol."""
        return self.symbol.root_reference.data

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse `@symbol, %value`."""
        symbol = SymbolRefAttr(parser.parse_symbol_name())
        parser.parse_punctuation(",")
        operands: Sequence[SSAValue[Any]] = parse_operands(parser)
        return make(cls, operands, (), {"symbol": symbol, **parse_options(parser)})

    def print(self, printer: Printer) -> None:
        """Print `@symbol, %value`."""
        printer.print_string(" ")
        printer.print_symbol_name(self.target)
        printer.print_string(",")
        print_operands(printer, self.operands)
        print_options(printer, self, skip=("symbol",))


@irdl_op_definition
class WriteOp(SinkOp):
    """The symbol takes the value; reads that stand before it see the old one."""

    name = "net.write"


@irdl_op_definition
class AccumulateOp(SinkOp):
    """The value is added to the symbol, which the host reads and resets."""

    name = "net.accumulate"


@irdl_op_definition
class GradientOp(SinkOp):
    """The value is the gradient of the parameter; `net-update` turns it into the update."""

    name = "net.gradient"
