"""What stands in a program: buffers, calls of kernels on them, barriers, outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from typing_extensions import override
from xdsl.dialects.builtin import (
    ArrayAttr,
    FlatSymbolRefAttrConstr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SymbolTable
from xdsl.utils.exceptions import VerifyException

from brainscript.axes import first_of
from brainscript.dialects.net.parameters import ROLES as STATE_ROLES
from brainscript.dialects.sched.forms import Form, parse_form, print_form
from brainscript.dialects.sched.kernel import KernelOp
from brainscript.dialects.tensors import parse_text, type_of

KINDS = ("input", "state", "temporary")
"""Where a buffer lives: filled by the caller for each minibatch; in the state block, from step to
step; in the arena, within one step."""

ROLES = ("parameter", *STATE_ROLES)
"""What a state buffer holds."""


@irdl_op_definition
class BufferOp(IRDLOperation):
    """A piece of memory of the program.

    `%x = sched.buffer input "features" : T`; a state buffer also says its role:
    `sched.buffer state parameter "W" : T`. `at [b, a]` is its place in the arena once planned; a
    state has none: the caller hands over where it is.
    """

    name = "sched.buffer"

    kind = prop_def(StringAttr)
    role = opt_prop_def(StringAttr)
    label = prop_def(StringAttr)
    place = opt_prop_def(Form)
    memory = result_def()

    def __init__(
        self, kind: str, label: str, type: Attribute, role: str = "", place: Form | None = None
    ):
        properties: dict[str, Attribute | None] = {
            "kind": StringAttr(kind),
            "role": StringAttr(role) if role else None,
            "label": StringAttr(label),
            "place": place,
        }
        super().__init__(properties=properties, result_types=(type,))

    @override
    def verify_(self) -> None:
        if self.kind.data not in KINDS:
            raise VerifyException(f"unknown buffer kind '{self.kind.data}'")
        role = None if self.role is None else self.role.data
        if self.kind.data == "state" and role not in ROLES:
            raise VerifyException(f"a state buffer has one of the roles {', '.join(ROLES)}")
        if self.kind.data != "state" and role is not None:
            raise VerifyException("only a state buffer has a role")

    @override
    def print(self, printer: Printer) -> None:
        role = "" if self.role is None else f"{self.role.data} "
        printer.print_string(f" {self.kind.data} {role}")
        printer.print_string_literal(self.label.data)
        if self.place is not None:
            printer.print_string(" at ")
            print_form(printer, self.place)
        printer.print_string(" : ")
        printer.print_attribute(self.memory.type)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        kind = parser.parse_identifier("buffer kind")
        role = parser.parse_optional_identifier() or ""
        label = parse_text(parser)
        place = parse_form(parser) if parser.parse_optional_keyword("at") else None
        parser.parse_punctuation(":")
        return cls(kind, label, parser.parse_type(), role, place)


@irdl_op_definition
class DelayedOp(IRDLOperation):
    """A buffer as the kernels of a loop see it `steps` steps earlier, or later in a future loop.

    `%p = sched.delayed %h, %i 1 : T, U`: where that step lies outside of the sequence it
    is `%i`, which has one column for each sequence: for all of them what lies `steps` earlier than
    the first step, then what follows.
    """

    name = "sched.delayed"

    memory = operand_def()
    initial = operand_def()
    steps = prop_def(IntegerAttr)
    result = result_def()

    def __init__(self, memory: SSAValue, initial: SSAValue, steps: int):
        properties = {"steps": IntegerAttr(steps, i64)}
        super().__init__(
            operands=(memory, initial), properties=properties, result_types=(memory.type,)
        )

    @override
    def verify_(self) -> None:
        if self.memory.type != self.result.type:
            raise VerifyException("another step of a buffer has the type of the buffer")
        if not all(isinstance(v.owner, BufferOp) for v in self.operands):
            raise VerifyException("only buffers have other steps")
        mine, first = type_of(self.memory), type_of(self.initial)
        sizes = (mine.elements, mine.elements * self.steps.value.data)
        if mine.axis is None or first.axis != first_of(mine.axis):
            raise VerifyException("the initial state has a column for each sequence")
        if first.elements not in sizes:  # a buffer may be seen reshaped
            raise VerifyException("the initial state has a sample for each step, or one for all")

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_operand)
        printer.print_string(f" {self.steps.value.data} : ")
        printer.print_list([v.type for v in self.operands], printer.print_attribute)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        memory = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        initial = parser.parse_unresolved_operand()
        steps = parser.parse_integer(allow_negative=False)
        parser.parse_punctuation(":")
        first = parser.resolve_operand(memory, parser.parse_type())
        parser.parse_punctuation(",")
        return cls(first, parser.resolve_operand(initial, parser.parse_type()), steps)


@irdl_op_definition
class CallOp(IRDLOperation):
    """Run a kernel: `sched.call @k0(%a, %b) -> (%c)` reads `%a`, `%b` and writes `%c`.

    A buffer that is read and written in one call is updated in place, element by element. All
    threads enter the kernel, unless the call is `serial`: then the first one runs it alone. With
    `layouts ["*"]` the kernel takes pointers to the layouts of these axes behind the buffers.
    """

    name = "sched.call"

    kernel = prop_def(FlatSymbolRefAttrConstr)
    serial = opt_prop_def(UnitAttr)
    layouts = opt_prop_def(ArrayAttr[StringAttr])
    inputs = var_operand_def()
    outputs = var_operand_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        kernel: str,
        inputs: Sequence[SSAValue],
        outputs: Sequence[SSAValue],
        layouts: Sequence[str] = (),
    ):
        names = ArrayAttr([StringAttr(axis) for axis in layouts]) if layouts else None
        properties = {"kernel": SymbolRefAttr(kernel), "layouts": names}
        super().__init__(operands=(inputs, outputs), properties=properties)

    @property
    def layout_axes(self) -> tuple[str, ...]:
        """The axes whose layouts the kernel takes."""
        return () if self.layouts is None else tuple(axis.data for axis in self.layouts)

    def callee(self) -> KernelOp | None:
        """The kernel that is called; None once it has been lowered to `kern`."""
        found = SymbolTable.lookup_symbol(self, self.kernel)
        if found is None:
            raise VerifyException(f"there is no kernel {self.kernel}")
        return found if isinstance(found, KernelOp) else None

    @override
    def verify_(self) -> None:
        kernel = self.callee()
        if kernel is not None:
            pairs = (("read", self.inputs, kernel.inputs), ("write", self.outputs, kernel.outputs))
            for what, given, wanted in pairs:
                if [_memory(v) for v in given] != [_memory(v) for v in wanted]:
                    raise VerifyException(f"the buffers to {what} do not fit {self.kernel}")
        if any(not isinstance(v.owner, BufferOp | DelayedOp) for v in self.operands):
            raise VerifyException("a kernel is called on buffers")
        if any(isinstance(v.owner, DelayedOp) for v in self.outputs):
            raise VerifyException("a kernel does not write another step")
        if len(set(self.outputs)) != len(self.outputs):
            raise VerifyException("one buffer is written twice")

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(" " if self.serial is None else " serial ")
        printer.print_symbol_name(self.kernel.root_reference.data)
        printer.print_operands(self.inputs)
        printer.print_string(" -> ")
        printer.print_operands(self.outputs)
        if self.layouts is not None:
            printer.print_string(" layouts ")
            printer.print_attribute(self.layouts)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        serial = parser.parse_optional_keyword("serial") is not None
        name = parser.parse_symbol_name().data
        inputs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_operand)
        parser.parse_punctuation("->")
        outputs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_operand)
        layouts: Sequence[str] = ()
        if parser.parse_optional_keyword("layouts"):
            square = parser.Delimiter.SQUARE
            layouts = parser.parse_comma_separated_list(square, lambda: parse_text(parser))
        call = cls(name, inputs, outputs, layouts)
        call.serial = UnitAttr() if serial else None
        return call


def _memory(value: SSAValue) -> tuple[Attribute, int, str | None, bool]:
    """What a pointer points to: elements in a row for each sample, whatever the axes of one."""
    kind = type_of(value)
    return kind.element, kind.elements, kind.axis, kind.sparse


@irdl_op_definition
class BarrierOp(IRDLOperation):
    """All threads wait here until the last one has come."""

    name = "sched.barrier"

    assembly_format = "attr-dict"


@irdl_op_definition
class OutputOp(IRDLOperation):
    """Keep a buffer until the step is over, to be read by the caller: `sched.output "z", %b`."""

    name = "sched.output"

    label = prop_def(StringAttr)
    memory = operand_def()

    assembly_format = "$label `,` $memory `:` type($memory) attr-dict"

    def __init__(self, label: str, memory: SSAValue):
        super().__init__(operands=(memory,), properties={"label": StringAttr(label)})
