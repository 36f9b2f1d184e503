"""The LLVM text of a whole step: one function that calls the kernels of a `sched.program`.

`void step(ptr frame, i64 tid, i64 nt)` is entered by every thread of the pool. The frame is the
table of words that `program_image.py` describes. Addresses are computed once at the top; then
the calls and loops follow in order, with a barrier where the program has one.
"""

from __future__ import annotations

from collections.abc import Mapping

from brainscript.axes import made
from brainscript.codegen.step.lines import StepLines
from brainscript.codegen.step.loop import emit_loop
from brainscript.codegen.timing.clock import clock_text
from brainscript.dialects.sched import (
    BarrierOp,
    BufferOp,
    CallOp,
    LoopOp,
    ProgramOp,
    coefficients,
)
from brainscript.dialects.tensors import type_of
from brainscript.linear import COLUMN_STEP
from brainscript.program_image import (
    ARENA,
    BARRIER,
    COLUMNS,
    LAYOUT_COLUMNS,
    WORKSPACE,
    WORKSPACE_STRIDE,
    layouts_place,
    states_place,
)

BARRIER_SYMBOL = "bs_barrier"
"""What the step calls where threads must meet: `void bs_barrier(ptr barrier, i64 tid, i64 nt)`."""


def emit_step(program: ProgramOp, name: str, symbols: Mapping[str, str]) -> str:
    """The LLVM module text of the step `name`; `symbols` gives the native name of each kernel."""
    return _Emitter(program, symbols).module(name)


def emit_timed_step(
    program: ProgramOp, name: str, symbols: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """The same with a table of times (`timing/clock.py`), and the kernel of each of its pairs."""
    emitter = _Emitter(program, symbols, timed=True)
    text = emitter.module(name)
    calls = emitter.text.timed_calls
    return clock_text(len(calls)) + text, tuple(calls)


class _Emitter:
    """Writes the lines of one step."""

    def __init__(self, program: ProgramOp, symbols: Mapping[str, str], timed: bool = False):
        self.program = program
        self.axes = [a.data for a in program.axes]
        self.text = StepLines(symbols, BARRIER_SYMBOL, timed)

    def module(self, name: str) -> str:
        """The whole text."""
        text = self.text
        self._entry()
        for op in self.program.body.block.ops:
            if isinstance(op, CallOp):
                layouts = [f"%lay{self.axes.index(axis)}" for axis in op.layout_axes]
                pointers = [text.pointers[v] for v in op.operands]
                text.call(op, [*pointers, *layouts], self._columns(op))
            elif isinstance(op, LoopOp):
                emit_loop(text, op, f"%lay{self.axes.index(op.axis.data)}")
            elif isinstance(op, BarrierOp):
                text.wait()
        text.join()
        head = [f"declare void @{BARRIER_SYMBOL}(ptr, i64, i64)"] if text.waits else []
        for symbol, count in text.declared.items():
            types = ", ".join(["ptr"] * count + ["i64", "ptr", "i64", "i64"])
            head.append(f"declare void @{symbol}({types})")
        head.append(f"define void @{name}(ptr %frame, i64 %tid, i64 %nt) {{")
        return "\n".join([*head, "entry:", *text.lines, "  ret void", "}", ""])

    def _entry(self) -> None:
        text = self.text
        self._word("arena", ARENA, "ptr")
        self._word("scratch", WORKSPACE, "ptr")
        self._word("stride", WORKSPACE_STRIDE, "i64")
        self._word("barrier", BARRIER, "ptr")
        stepped = {op.axis.data for op in self.program.items if isinstance(op, LoopOp)}
        stepped.update(axis for op in self.program.calls for axis in op.layout_axes)
        stepped.update(axis for axis in self.axes if made(axis).kind == "found")
        for number, axis in enumerate(self.axes):
            self._word(f"n{number}", COLUMNS + number, "i64")
            text.line(f"%up{number} = add i64 %n{number}, {COLUMN_STEP - 1}")
            text.line(f"%pad{number} = and i64 %up{number}, {-COLUMN_STEP}")
            if axis in stepped:
                self._word(f"lay{number}", layouts_place(len(self.axes)) + number, "ptr")
        text.line("%skip = mul i64 %tid, %stride")
        text.line("%ws = getelementptr i8, ptr %scratch, i64 %skip")
        text.line("%many = icmp ne i64 %nt, 1")
        text.line("%first = icmp eq i64 %tid, 0")
        states = 0
        for number, buffer in enumerate(self.program.buffers):
            name = f"b{number}"
            text.pointers[buffer.memory] = f"%{name}"
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
                self.text.line(f"%{name}.m{number} = mul i64 %pad{number}, {factor}")
                self.text.line(f"%{name}.s{number} = add i64 {offset}, %{name}.m{number}")
                offset = f"%{name}.s{number}"
        self.text.line(f"%{name} = getelementptr i8, ptr %arena, i64 {offset}")

    def _word(self, name: str, place: int, kind: str) -> None:
        self.text.word(name, "%frame", place, kind)

    def _columns(self, op: CallOp) -> str:
        """The columns of what the kernel writes, else of what it reads."""
        values = [*op.outputs, *op.inputs]
        axis = next((a for v in values if (a := type_of(v).axis) is not None), None)
        if axis is None:
            return "0"
        number = self.axes.index(axis)
        if made(axis).kind != "found":
            return f"%n{number}"
        name = f"found{self.text.number()}"
        self.text.join()
        self.text.word(name, f"%lay{number}", LAYOUT_COLUMNS, "i64")
        return f"%{name}"
