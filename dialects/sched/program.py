"""`sched.program`: buffers, then calls of kernels in the order they run, then outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from typing_extensions import override
from xdsl.dialects.builtin import (
    ArrayAttr,
    FlatSymbolRefAttrConstr,
    IntAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.sched.kernel import KernelOp
from brainscript.dialects.sched.memory import Piece, find_clash, size_of
from brainscript.dialects.tensors import parse_text

KINDS = ("input", "state", "temporary")
"""Where a buffer lives: filled by the caller for each minibatch; in the state block, from step to
step; in the arena, within one step."""

ROLES = ("parameter", "momentum", "hyper", "criterion", "statistic", "running")
"""What a state buffer holds."""

Form = ArrayAttr[IntAttr]
"""A number linear in the sizes of the axes: `[b, a0, a1, ...]` is `b + a0 * n0 + a1 * n1 + ...`,
each `n` rounded up to a multiple of 16."""


def form(values: Sequence[int]) -> Form:
    """The attribute of a linear form."""
    return ArrayAttr([IntAttr(v) for v in values])


def coefficients(attribute: Form) -> tuple[int, ...]:
    """The numbers of a linear form: the constant, then one factor for each axis."""
    return tuple(v.data for v in attribute.data)


def _print_form(printer: Printer, values: Form) -> None:
    printer.print_string(f"[{', '.join(str(v) for v in coefficients(values))}]")


def _parse_form(parser: Parser) -> Form:
    values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
    return form(values)


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
            _print_form(printer, self.place)
        printer.print_string(" : ")
        printer.print_attribute(self.memory.type)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        kind = parser.parse_identifier("buffer kind")
        role = parser.parse_optional_identifier() or ""
        label = parse_text(parser)
        place = _parse_form(parser) if parser.parse_optional_keyword("at") else None
        parser.parse_punctuation(":")
        return cls(kind, label, parser.parse_type(), role, place)


@irdl_op_definition
class CallOp(IRDLOperation):
    """Run a kernel: `sched.call @k0(%a, %b) -> (%c)` reads `%a`, `%b` and writes `%c`.

    A buffer that is read and written in one call is updated in place, element by element. All
    threads enter the kernel, unless the call is `serial`: then the first one runs it alone.
    """

    name = "sched.call"

    kernel = prop_def(FlatSymbolRefAttrConstr)
    serial = opt_prop_def(UnitAttr)
    inputs = var_operand_def()
    outputs = var_operand_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(self, kernel: str, inputs: Sequence[SSAValue], outputs: Sequence[SSAValue]):
        properties = {"kernel": SymbolRefAttr(kernel)}
        super().__init__(operands=(inputs, outputs), properties=properties)

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
                if [v.type for v in given] != [v.type for v in wanted]:
                    raise VerifyException(f"the buffers to {what} do not fit {self.kernel}")
        if any(not isinstance(v.owner, BufferOp) for v in self.operands):
            raise VerifyException("a kernel is called on buffers")
        if len(set(self.outputs)) != len(self.outputs):
            raise VerifyException("one buffer is written twice")

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(" " if self.serial is None else " serial ")
        printer.print_symbol_name(self.kernel.root_reference.data)
        printer.print_operands(self.inputs)
        printer.print_string(" -> ")
        printer.print_operands(self.outputs)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        serial = parser.parse_optional_keyword("serial") is not None
        name = parser.parse_symbol_name().data
        inputs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_operand)
        parser.parse_punctuation("->")
        outputs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_operand)
        call = cls(name, inputs, outputs)
        call.serial = UnitAttr() if serial else None
        return call


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


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """The straight list of one step: buffers, then calls in the order they run, then outputs.

    `axes` names the dynamic axes; `arena` is the size of the arena in bytes as a linear form
    over them, once memory is planned.
    """

    name = "sched.program"

    sym_name = prop_def(SymbolNameConstraint())
    axes = prop_def(ArrayAttr[StringAttr])
    arena = opt_prop_def(Form)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), NoTerminator(), SymbolOpInterface())

    def __init__(self, sym_name: str, axes: Sequence[str], body: Region | None = None):
        names = ArrayAttr([StringAttr(a) for a in axes])
        properties = {"sym_name": StringAttr(sym_name), "axes": names}
        super().__init__(properties=properties, regions=(body or Region(Block()),))

    @property
    def buffers(self) -> tuple[BufferOp, ...]:
        """The buffers in the order they are declared."""
        return tuple(op for op in self.body.block.ops if isinstance(op, BufferOp))

    @property
    def calls(self) -> tuple[CallOp, ...]:
        """The calls in the order they run."""
        return tuple(op for op in self.body.block.ops if isinstance(op, CallOp))

    @property
    def outputs(self) -> tuple[OutputOp, ...]:
        """The buffers kept for the caller."""
        return tuple(op for op in self.body.block.ops if isinstance(op, OutputOp))

    @override
    def verify_(self) -> None:
        written: set[SSAValue] = {b.memory for b in self.buffers if b.kind.data != "temporary"}
        for op in self.body.block.ops:
            if not isinstance(op, BufferOp | CallOp | OutputOp | BarrierOp):
                raise VerifyException(f"'{op.name}' cannot stand in a program")
            read = op.operands if isinstance(op, OutputOp) else ()
            read = op.inputs if isinstance(op, CallOp) else read
            for value in read:
                if value not in written:
                    raise VerifyException("a buffer is read before it is written")
            written.update(op.outputs if isinstance(op, CallOp) else ())
        if (clash := find_clash(self.pieces(), len(self.axes))) is not None:
            left, right, columns = clash
            raise VerifyException(
                f"'{left.label}' and '{right.label}' share memory with {columns} columns"
            )

    def pieces(self) -> list[Piece]:
        """The planned buffers of the arena, with the time in which each is needed.

        Inputs and outputs are needed from the first call to the last: the caller fills the ones
        before and reads the others afterwards.
        """
        calls, axes = self.calls, [a.data for a in self.axes]
        kept = {op.memory for op in self.outputs}
        uses: dict[SSAValue, list[int]] = {}
        for number, call in enumerate(calls):
            for value in call.operands:
                uses.setdefault(value, []).append(number)
        pieces: list[Piece] = []
        for buffer in self.buffers:
            if buffer.place is None:
                continue
            times = uses.get(buffer.memory, [0])
            whole = buffer.kind.data == "input" or buffer.memory in kept
            first, last = (0, len(calls)) if whole else (times[0], times[-1])
            place, size = coefficients(buffer.place), size_of(buffer.memory, axes)
            pieces.append(Piece(buffer.label.data, place, size, first, last))
        return pieces

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" ")
        printer.print_attribute(self.axes)
        if self.arena is not None:
            printer.print_string(" arena ")
            _print_form(printer, self.arena)
        printer.print_string(" ")
        printer.print_region(self.body)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        name = parser.parse_symbol_name().data
        axes = parser.parse_comma_separated_list(
            parser.Delimiter.SQUARE, lambda: parse_text(parser)
        )
        arena = _parse_form(parser) if parser.parse_optional_keyword("arena") else None
        program = cls(name, axes, parser.parse_region())
        program.arena = arena
        return program
