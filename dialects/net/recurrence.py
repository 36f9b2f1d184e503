"""Delays, which carry values from step to step of a sequence, and the loops that they close.

A network may have rings as long as each goes through a delay: the first operand of a delay may be
defined after it. `net-find-recurrences` turns every ring into one `net.recurrence`, whose region
is run step by step. Gradients: `passes/gradient/recurrence.py`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar, Self, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    BoolAttr,
    FloatAttr,
    IntegerAttr,
    LocationAttr,
    StringAttr,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_operand_def,
    prop_def,
    region_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import (
    NetOp,
    Option,
    attribute,
    make,
    parse_operands,
    parse_options,
    print_options,
)
from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    broadcast,
    compatible,
    infer_from,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, type_of

DIRECTIONS = ("past", "future")
"""Which way the steps of a loop follow each other: from the first on, or from the last."""

NO_DIMS = ArrayAttr[Attribute](())


def delay_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Like the delayed value, broadcast with the initial state, which may infer from it."""
    step = options["time_step"]
    if not isinstance(step, int) or step < 1:
        help = "for values of later steps use FutureValue, for those of earlier ones PastValue"
        raise ShapeError("BS0402", "'timeStep' must be at least 1", f"it is {step}", help)
    shape = inputs[0].shape
    if shape is None:
        shape = _hint(options["dims"])
    if len(inputs) == 1:
        return Inferred(shape, inputs[0].axis, (shape,))
    state = infer_from(inputs[1].shape, shape)
    common = None if shape is None else broadcast((shape, state))
    return Inferred(common, inputs[0].axis, (shape, state))


def _hint(dims: object) -> Shape | None:
    """The dimensions written for a delay, which count until those of its operand are known."""
    hint = cast("Shape", dims)
    if not hint or hint == (UNKNOWN,):
        return None
    if any(dim < 1 and dim != UNKNOWN for dim in hint):
        raise ShapeError("BS0402", "the dimensions of a delay must be at least 1", f"it has {hint}")
    return hint


class DelayOp(NetOp, ABC):
    """A value of another step of the same sequence.

    `%p = net.past_value %x, %initial {time_step = 2} : T`, or `: T -> U` where the type of `%x`
    is another one than that of the result. Outside of the sequence the result is the initial
    state, a value for all sequences or one for each; without one it is the number `outside`.
    A sequence that continues one of the minibatch before goes on with its values, unless the
    delay is `local`. Until the shapes are inferred the result may be less known than the operand,
    and `dims` stand for those of an operand that is not known. `settled`: the initial state is that
    of `net.carry_in`.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("timeStep", 1, "integer", "time_step"),
        Option("defaultHiddenActivation", 0.1, "number", "outside"),
        Option("shape", (), "shape", "dims"),
    )
    DIRECTION: ClassVar[str] = ""
    rule = staticmethod(delay_rule)

    x = operand_def(TensorType)
    initial = opt_operand_def(TensorType)
    time_step = prop_def(IntegerAttr, default_value=attribute(1))
    outside = prop_def(FloatAttr, default_value=attribute(0.1))
    dims = prop_def(ArrayAttr[Attribute], default_value=NO_DIMS)
    local = prop_def(BoolAttr, default_value=attribute(False))
    settled = prop_def(BoolAttr, default_value=attribute(False))

    @property
    def steps(self) -> int:
        """How many steps away the value is."""
        return self.time_step.value.data

    @property
    def is_settled(self) -> bool:
        """Whether the initial state holds a value for each sequence and step outside of it."""
        return bool(self.settled.value.data)

    @property
    def is_local(self) -> bool:
        """Whether no value comes from the minibatch before."""
        return bool(self.local.value.data)

    def verify_(self) -> None:
        """The result is like the rule says, as far as it is known."""
        self.check_lists()
        if self.is_settled:
            return
        mine, found = type_of(self.result), self.infer()
        if not compatible(found.shape, mine.shape) or mine.axis not in (None, found.axis):
            raise VerifyException(f"the result of a delay of {self.x.type} cannot be {mine}")

    def infer(self) -> Inferred:
        """What the rule says of the types there are."""
        types = [type_of(v) for v in self.operands]
        try:
            return delay_rule(types, self.option_values())
        except ShapeError as error:
            raise VerifyException(str(error)) from error

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse the printed form; the first operand may be defined later."""
        first = parser.parse_unresolved_operand()
        others = parse_operands(parser) if parser.parse_optional_punctuation(",") else []
        attributes = parse_options(parser)
        parser.parse_punctuation(":")
        kind = result = parser.parse_type()
        if parser.parse_optional_punctuation("->"):
            result = parser.parse_type()
        return make(cls, [parser.resolve_operand(first, kind), *others], [result], attributes)

    def print(self, printer: Printer) -> None:
        """Print the form described above."""
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        print_options(printer, self)
        printer.print_string(" : ")
        printer.print_attribute(self.x.type)
        if self.result.type != self.x.type:
            printer.print_string(" -> ")
            printer.print_attribute(self.result.type)


@irdl_op_definition
class PastValueOp(DelayOp):
    """`o[t] = x[t - timeStep]`.

    BrainScript: `PastValue (dims, x, timeStep=1, initialState=None, defaultHiddenActivation=0.1)`,
    `Delay`.
    """

    name = "net.past_value"
    OPERATION: ClassVar[str] = "PastValue"
    DIRECTION: ClassVar[str] = "past"


@irdl_op_definition
class FutureValueOp(DelayOp):
    """`o[t] = x[t + timeStep]`. BrainScript: `FutureValue`, with the arguments of `PastValue`."""

    name = "net.future_value"
    OPERATION: ClassVar[str] = "FutureValue"
    DIRECTION: ClassVar[str] = "future"


def opposite(op: DelayOp) -> type[DelayOp]:
    """The delay that goes the other way."""
    return FutureValueOp if isinstance(op, PastValueOp) else PastValueOp


@irdl_op_definition
class RecurrenceOp(IRDLOperation):
    """A loop over the steps of all sequences of one dynamic axis.

    `%h = net.recurrence past(%p = %proj : T, %r = %R : U) -> (T) { .. net.yield %h1 : T }`: the
    region is one step. An argument with the dynamic axis is the column of the step, one without
    is the same in all steps; a result is the value of all steps. The delays of the region, which
    all go the way of the loop, are what a step knows of others.
    """

    name = "net.recurrence"

    inputs = var_operand_def(TensorType)
    outputs = var_result_def(TensorType)
    direction = prop_def(StringAttr)
    body = region_def("single_block")

    def __init__(
        self,
        direction: str,
        inputs: Sequence[SSAValue],
        body: Region,
        location: LocationAttr | None = None,
    ):
        last = body.block.last_op
        assert isinstance(last, StepYieldOp)
        super().__init__(
            operands=[inputs],
            result_types=[[v.type for v in last.values]],
            properties={"direction": StringAttr(direction)},
            regions=[body],
        )
        if location is not None:
            self.location = location

    @property
    def block(self) -> Block:
        """The operations of a step."""
        return self.body.block

    @property
    def terminator(self) -> StepYieldOp:
        """The end of a step."""
        last = self.block.last_op
        assert isinstance(last, StepYieldOp)
        return last

    @property
    def axis(self) -> str:
        """The dynamic axis whose steps are run."""
        axis = type_of(self.outputs[0]).axis
        assert axis is not None
        return axis

    def outer(self, value: SSAValue) -> SSAValue:
        """The value outside that an argument of the region is."""
        assert isinstance(value, BlockArgument)
        return self.inputs[value.index]

    def verify_(self) -> None:
        """One axis, one direction, values defined before they are used but by delays."""
        if self.direction.data not in DIRECTIONS:
            raise VerifyException(f"a loop goes {' or '.join(DIRECTIONS)}")
        if [v.type for v in self.block.args] != [v.type for v in self.inputs]:
            raise VerifyException("the arguments of a loop do not fit its operands")
        if [v.type for v in self.terminator.values] != [v.type for v in self.outputs]:
            raise VerifyException("the results of a loop do not fit what its steps yield")
        if len({type_of(v).axis for v in self.outputs} - {None}) != 1:
            raise VerifyException("a loop has results, all on one dynamic axis")
        seen: set[SSAValue] = set(self.block.args)
        for op in self.block.ops:
            self._verify_step(op, seen)
            seen.update(op.results)

    def _verify_step(self, op: Operation, seen: set[SSAValue]) -> None:
        delay = isinstance(op, DelayOp)
        if delay and op.DIRECTION != self.direction.data:
            raise VerifyException(f"a {op.name} cannot stand in a {self.direction.data} loop")
        known = op.operands[1:] if delay else op.operands
        if any(v not in seen for v in known):
            raise VerifyException(f"an operand of {op.name} is not defined before, in the loop")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse the printed form."""
        direction = parser.parse_identifier("direction")
        arguments: list[Parser.Argument] = []
        inputs: list[SSAValue] = []

        def entry() -> None:
            argument = parser.parse_argument(expect_type=False)
            parser.parse_punctuation("=")
            operand = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            kind = parser.parse_type()
            arguments.append(argument.resolve(kind))
            inputs.append(parser.resolve_operand(operand, kind))

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, entry)
        parser.parse_punctuation("->")
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        body = parser.parse_region(arguments)
        found = cls.create(
            operands=inputs,
            result_types=types,
            properties={"direction": StringAttr(direction)},
            regions=[body],
        )
        found.attributes.update(parse_options(parser))
        return found

    def print(self, printer: Printer) -> None:
        """Print the form described above."""
        printer.print_string(f" {self.direction.data}(")
        for argument, operand in zip(self.block.args, self.inputs, strict=True):
            printer.print_string(", " if argument.index else "")
            printer.print_ssa_value(argument)
            printer.print_string(" = ")
            printer.print_operand(operand)
            printer.print_string(" : ")
            printer.print_attribute(operand.type)
        printer.print_string(") -> (")
        printer.print_list([v.type for v in self.outputs], printer.print_attribute)
        printer.print_string(") ")
        printer.print_region(self.body, print_entry_block_args=False)
        print_options(printer, self, skip=("direction",))


@irdl_op_definition
class StepYieldOp(IRDLOperation):
    """End of a step: `net.yield %h, %c : T, T`, the results of the loop."""

    name = "net.yield"

    values = var_operand_def(TensorType)

    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(RecurrenceOp)))
    assembly_format = "$values `:` type($values) attr-dict"

    def __init__(self, values: Sequence[SSAValue]):
        super().__init__(operands=(values,))


def early_operands(op: Operation) -> tuple[SSAValue, ...]:
    """The operands that are defined before the operation."""
    return tuple(op.operands[1:] if isinstance(op, DelayOp) else op.operands)


def unlinked(kind: TensorType) -> SSAValue:
    """A value to be replaced, for a delay whose operand does not exist yet."""
    return Block(arg_types=[kind]).args[0]
