"""`sched.program`: buffers, then calls of kernels in the order they run, then outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from typing_extensions import override
from xdsl.dialects.builtin import ArrayAttr, StringAttr, SymbolNameConstraint
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from brainscript.axes import first_of
from brainscript.dialects.sched.calls import BarrierOp, BufferOp, CallOp, DelayedOp, OutputOp
from brainscript.dialects.sched.forms import Form, coefficients, parse_form, print_form
from brainscript.dialects.sched.memory import Piece, find_clash, size_of
from brainscript.dialects.tensors import parse_text, type_of


@irdl_op_definition
class LoopOp(IRDLOperation):
    """Calls that are made for every step of the sequences of one axis, one step after the other.

    `sched.loop past "*" { .. }`, or `future` from the last step back. In the region a buffer on
    the axis stands for its columns of the step; the others are the same in every step.
    """

    name = "sched.loop"

    direction = prop_def(StringAttr)
    axis = prop_def(StringAttr)
    body = region_def("single_block")

    traits = traits_def(NoTerminator())

    def __init__(self, direction: str, axis: str, body: Region):
        properties = {"direction": StringAttr(direction), "axis": StringAttr(axis)}
        super().__init__(properties=properties, regions=(body,))

    @property
    def calls(self) -> tuple[CallOp, ...]:
        """The calls of a step in the order they run."""
        return tuple(op for op in self.body.block.ops if isinstance(op, CallOp))

    @property
    def memories(self) -> tuple[SSAValue, ...]:
        """The buffers that the loop reads or writes."""
        found = [v for op in self.body.block.ops for v in op.operands]
        return tuple(dict.fromkeys(v for v in found if isinstance(v.owner, BufferOp)))

    @property
    def writes(self) -> tuple[SSAValue, ...]:
        """The buffers that the loop writes."""
        return tuple(dict.fromkeys(v for call in self.calls for v in call.outputs))

    @override
    def verify_(self) -> None:
        if self.direction.data not in ("past", "future"):
            raise VerifyException("a loop goes past or future")
        for op in self.body.block.ops:
            if not isinstance(op, DelayedOp | CallOp | BarrierOp):
                raise VerifyException(f"'{op.name}' cannot stand in a loop")
        axis = self.axis.data
        for value in self.memories:
            if type_of(value).axis not in (None, axis, first_of(axis)):
                raise VerifyException("a loop works on the buffers of one axis")

    @override
    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.direction.data} ")
        printer.print_string_literal(self.axis.data)
        printer.print_string(" ")
        printer.print_region(self.body)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        direction = parser.parse_identifier("direction")
        return cls(direction, parse_text(parser), parser.parse_region())


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """The list of one step: buffers, then calls and loops in the order they run, then outputs.

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
    def items(self) -> tuple[CallOp | LoopOp, ...]:
        """The calls and loops in the order they run."""
        return tuple(op for op in self.body.block.ops if isinstance(op, CallOp | LoopOp))

    @property
    def calls(self) -> tuple[CallOp, ...]:
        """The calls in the order they run, those of a loop as often as they are written."""
        listed = [op.calls if isinstance(op, LoopOp) else (op,) for op in self.items]
        return tuple(call for calls in listed for call in calls)

    @property
    def outputs(self) -> tuple[OutputOp, ...]:
        """The buffers kept for the caller."""
        return tuple(op for op in self.body.block.ops if isinstance(op, OutputOp))

    @override
    def verify_(self) -> None:
        written: set[SSAValue] = {b.memory for b in self.buffers if b.kind.data != "temporary"}
        for op in self.body.block.ops:
            if not isinstance(op, BufferOp | CallOp | LoopOp | OutputOp | BarrierOp):
                raise VerifyException(f"'{op.name}' cannot stand in a program")
            _check_written(op, written)
        if (clash := find_clash(self.pieces(), len(self.axes))) is not None:
            left, right, columns = clash
            raise VerifyException(
                f"'{left.label}' and '{right.label}' share memory with {columns} columns"
            )

    def pieces(self) -> list[Piece]:
        """The planned buffers of the arena, with the time in which each is needed.

        Inputs and outputs are needed from the first call to the last: the caller fills the ones
        before and reads the others afterwards. A loop counts as one call.
        """
        items, axes = self.items, [a.data for a in self.axes]
        kept = {op.memory for op in self.outputs}
        uses: dict[SSAValue, list[int]] = {}
        for number, item in enumerate(items):
            for value in item.memories if isinstance(item, LoopOp) else item.operands:
                uses.setdefault(value, []).append(number)
        pieces: list[Piece] = []
        for buffer in self.buffers:
            if buffer.place is None:
                continue
            times = uses.get(buffer.memory, [0])
            whole = buffer.kind.data == "input" or buffer.memory in kept
            first, last = (0, len(items)) if whole else (times[0], times[-1])
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
            print_form(printer, self.arena)
        printer.print_string(" ")
        printer.print_region(self.body)

    @classmethod
    @override
    def parse(cls, parser: Parser) -> Self:
        name = parser.parse_symbol_name().data
        axes = parser.parse_comma_separated_list(
            parser.Delimiter.SQUARE, lambda: parse_text(parser)
        )
        arena = parse_form(parser) if parser.parse_optional_keyword("arena") else None
        program = cls(name, axes, parser.parse_region())
        program.arena = arena
        return program


def _check_written(op: Operation, written: set[SSAValue]) -> None:
    """Raise if the operation reads what was not written; add what it writes."""
    if isinstance(op, LoopOp):
        ahead = written | set(op.writes)
        for step in op.body.block.ops:
            _check_written(step, ahead if isinstance(step, DelayedOp) else written)
            written.update(step.results)
        return
    if isinstance(op, OutputOp | DelayedOp | CallOp):
        read = op.inputs if isinstance(op, CallOp) else op.operands
        if any(value not in written for value in read):
            raise VerifyException("a buffer is read before it is written")
    written.update(op.outputs if isinstance(op, CallOp) else ())
