"""The LLVM text of a whole step: one function that calls the kernels of a `sched.program`.

`void step(ptr frame, i64 tid, i64 nt)` is entered by every thread of the pool. The frame is the
table of words that `program_image.py` describes. Addresses are computed once at the top; then
the calls follow in order, with a barrier where the program has one, skipped by a lone thread.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import SSAValue

from brainscript.dialects.sched import BarrierOp, BufferOp, CallOp, ProgramOp, coefficients
from brainscript.dialects.tensors import type_of
from brainscript.linear import COLUMN_STEP
from brainscript.program_image import (
    ARENA,
    BARRIER,
    COLUMNS,
    WORKSPACE,
    WORKSPACE_STRIDE,
    states_place,
)

BARRIER_SYMBOL = "bs_barrier"
"""What the step calls where threads must meet: `void bs_barrier(ptr barrier, i64 tid, i64 nt)`."""


def emit_step(program: ProgramOp, name: str, symbols: Mapping[str, str]) -> str:
    """The LLVM module text of the step `name`; `symbols` gives the native name of each kernel."""
    return _Emitter(program, symbols).module(name)


class _Emitter:
    """Writes the lines of one step."""

    def __init__(self, program: ProgramOp, symbols: Mapping[str, str]):
        self.program = program
        self.symbols = symbols
        self.axes = [a.data for a in program.axes]
        self.lines: list[str] = []
        self.pointers: dict[SSAValue, str] = {}
        self.declared: dict[str, int] = {}
        self.labels = 0
        self.alone = False
        self.waits = False

    def module(self, name: str) -> str:
        """The whole text."""
        self._entry()
        for op in self.program.body.block.ops:
            if isinstance(op, CallOp):
                self._call(op)
            elif isinstance(op, BarrierOp):
                self._barrier()
        self._join()
        head = [f"declare void @{BARRIER_SYMBOL}(ptr, i64, i64)"] if self.waits else []
        for symbol, count in self.declared.items():
            types = ", ".join(["ptr"] * count + ["i64", "ptr", "i64", "i64"])
            head.append(f"declare void @{symbol}({types})")
        head.append(f"define void @{name}(ptr %frame, i64 %tid, i64 %nt) {{")
        return "\n".join([*head, "entry:", *self.lines, "  ret void", "}", ""])

    def _entry(self) -> None:
        self._word("arena", ARENA, "ptr")
        self._word("scratch", WORKSPACE, "ptr")
        self._word("stride", WORKSPACE_STRIDE, "i64")
        self._word("barrier", BARRIER, "ptr")
        for number in range(len(self.axes)):
            self._word(f"n{number}", COLUMNS + number, "i64")
            self._line(f"%up{number} = add i64 %n{number}, {COLUMN_STEP - 1}")
            self._line(f"%pad{number} = and i64 %up{number}, {-COLUMN_STEP}")
        self._line("%skip = mul i64 %tid, %stride")
        self._line("%ws = getelementptr i8, ptr %scratch, i64 %skip")
        self._line("%many = icmp ne i64 %nt, 1")
        self._line("%first = icmp eq i64 %tid, 0")
        states = 0
        for number, buffer in enumerate(self.program.buffers):
            name = f"b{number}"
            self.pointers[buffer.memory] = f"%{name}"
            if buffer.kind.data == "state":
                self._word(name, states_place(len(self.axes)) + states, "ptr")
                states += 1
            else:
                self._address(name, buffer)

    def _address(self, name: str, buffer: BufferOp) -> None:
        assert buffer.place is not None, "memory is planned before a step is emitted"
        constant, *factors = coefficients(buffer.place)
        offset = str(constant)
        for number, factor in enumerate(factors):
            if factor:
                self._line(f"%{name}.m{number} = mul i64 %pad{number}, {factor}")
                self._line(f"%{name}.s{number} = add i64 {offset}, %{name}.m{number}")
                offset = f"%{name}.s{number}"
        self._line(f"%{name} = getelementptr i8, ptr %arena, i64 {offset}")

    def _word(self, name: str, place: int, kind: str) -> None:
        self._line(f"%{name}.at = getelementptr i64, ptr %frame, i64 {place}")
        self._line(f"%{name} = load {kind}, ptr %{name}.at")

    def _call(self, op: CallOp) -> None:
        symbol = self.symbols[op.kernel.root_reference.data]
        self.declared[symbol] = len(op.operands)
        pointers = [f"ptr {self.pointers[v]}" for v in op.operands]
        if op.serial is None:
            self._join()
            threads = ["ptr %ws", "i64 %tid", "i64 %nt"]
        else:
            self._go_alone()
            threads = ["ptr %ws", "i64 0", "i64 1"]
        arguments = ", ".join([*pointers, f"i64 {self._columns(op)}", *threads])
        self._line(f"call void @{symbol}({arguments})")

    def _columns(self, op: CallOp) -> str:
        named = {type_of(v).axis for v in op.operands} - {None}
        return f"%n{self.axes.index(str(named.pop()))}" if named else "0"

    def _go_alone(self) -> None:
        if not self.alone:
            self.labels += 1
            self._line(f"br i1 %first, label %alone{self.labels}, label %join{self.labels}")
            self.lines.append(f"alone{self.labels}:")
            self.alone = True

    def _join(self) -> None:
        if self.alone:
            self._line(f"br label %join{self.labels}")
            self.lines.append(f"join{self.labels}:")
            self.alone = False

    def _barrier(self) -> None:
        self._join()
        self.waits = True
        self.labels += 1
        self._line(f"br i1 %many, label %wait{self.labels}, label %go{self.labels}")
        self.lines.append(f"wait{self.labels}:")
        self._line(f"call void @{BARRIER_SYMBOL}(ptr %barrier, i64 %tid, i64 %nt)")
        self._line(f"br label %go{self.labels}")
        self.lines.append(f"go{self.labels}:")

    def _line(self, text: str) -> None:
        self.lines.append(f"  {text}")
