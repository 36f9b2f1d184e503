"""The LLVM text of a loop over time within a step.

    for t = 0 .. T - 1, or T - 1 .. 0
        columns offs[t] .. offs[t + 1] are the sequences longer than t, the longest first

A buffer on the axis is handed to a kernel where its columns of step t begin. Another step of a
buffer is the same sequences there: k steps earlier all of them or none have one, and k steps later
the first `offs[t + k + 1] - offs[t + k]`. A call that reads later steps is made once for those that
have them and once for the others, which read their initial state.
"""

from __future__ import annotations

from xdsl.ir import SSAValue

from brainscript.codegen.step.lines import StepLines, column_bytes
from brainscript.dialects.sched import BarrierOp, CallOp, DelayedOp, LoopOp
from brainscript.dialects.tensors import type_of
from brainscript.program_image import LAYOUT_OFFSETS, LAYOUT_SEQUENCES, LAYOUT_STEPS


def emit_loop(text: StepLines, loop: LoopOp, layout: str) -> None:
    """Write a loop; `layout` points to the layout of its axis."""
    text.join()
    _Loop(text, loop).write(layout)


class _Loop:
    """Writes the lines of one loop; its names begin with `prefix`."""

    def __init__(self, text: StepLines, loop: LoopOp):
        self.text = text
        self.loop = loop
        self.prefix = f"loop{text.number()}"
        self.past = loop.direction.data == "past"
        steps = (op for op in loop.body.block.ops if isinstance(op, DelayedOp))
        self.delays: dict[SSAValue, DelayedOp] = {op.result: op for op in steps}
        self.steps = sorted({op.steps.value.data for op in self.delays.values()})
        self.names = 0

    def write(self, layout: str) -> None:
        """Head, body and end."""
        text, p = self.text, self.prefix
        text.word(f"{p}.T", layout, LAYOUT_STEPS, "i64")
        text.word(f"{p}.S", layout, LAYOUT_SEQUENCES, "i64")
        text.word(f"{p}.offs", layout, LAYOUT_OFFSETS, "ptr")
        text.line(f"br label %{p}.pre")
        text.label(f"{p}.pre")
        text.line(f"br label %{p}.head")
        text.label(f"{p}.head")
        text.line(f"%{p}.i = phi i64 [ 0, %{p}.pre ], [ %{p}.next, %{p}.latch ]")
        text.line(f"%{p}.more = icmp slt i64 %{p}.i, %{p}.T")
        text.line(f"br i1 %{p}.more, label %{p}.body, label %{p}.done")
        text.label(f"{p}.body")
        self._body()
        text.join()
        text.line(f"br label %{p}.latch")
        text.label(f"{p}.latch")
        text.line(f"%{p}.next = add i64 %{p}.i, 1")
        text.line(f"br label %{p}.head")
        text.label(f"{p}.done")

    def _body(self) -> None:
        text, p = self.text, self.prefix
        if self.past:
            self.t = f"%{p}.i"
        else:
            last = self._value(f"sub i64 %{p}.T, 1")
            self.t = self._value(f"sub i64 {last}, %{p}.i")
        self.start, rows = self._columns_of(self.t)
        self.rows = rows
        self.others = {k: self._other(k) for k in self.steps}
        for op in self.loop.body.block.ops:
            if isinstance(op, CallOp):
                self._call(op)
            elif isinstance(op, BarrierOp):
                text.wait()

    def _value(self, code: str) -> str:
        self.names += 1
        name = f"%{self.prefix}.v{self.names}"
        self.text.line(f"{name} = {code}")
        return name

    def _columns_of(self, step: str) -> tuple[str, str]:
        """The first column of a step, and how many columns it has."""
        at = self._value(f"getelementptr i64, ptr %{self.prefix}.offs, i64 {step}")
        start = self._value(f"load i64, ptr {at}")
        end_at = self._value(f"getelementptr i64, ptr {at}, i64 1")
        end = self._value(f"load i64, ptr {end_at}")
        return start, self._value(f"sub i64 {end}, {start}")

    def _other(self, k: int) -> tuple[str, str]:
        """The first column of the step k away, and how many of the columns have one there."""
        if self.past:
            away = self._value(f"sub i64 {self.t}, {k}")
            there = self._value(f"icmp sge i64 {away}, 0")
            start, _ = self._columns_of(self._value(f"select i1 {there}, i64 {away}, i64 0"))
            return start, self._value(f"select i1 {there}, i64 {self.rows}, i64 0")
        away = self._value(f"add i64 {self.t}, {k}")
        there = self._value(f"icmp slt i64 {away}, %{self.prefix}.T")
        start, rows = self._columns_of(self._value(f"select i1 {there}, i64 {away}, i64 0"))
        return start, self._value(f"select i1 {there}, i64 {rows}, i64 0")

    def _call(self, op: CallOp) -> None:
        """The call for each range of columns that find other steps at the same places."""
        used = {self.delays[v].steps.value.data for v in op.operands if v in self.delays}
        if self.past or not used:
            self._range(op, "0", self.rows, None)
            return
        low = "0"
        for k in sorted(used, reverse=True):
            high = self.others[k][1]
            self._when(op, low, high, k)
            low = high
        self._when(op, low, self.rows, 0)

    def _when(self, op: CallOp, low: str, high: str, reach: int) -> None:
        """The call for columns [low, high), which find steps up to `reach` away, if any."""
        text = self.text
        text.join()
        number = text.number()
        some = self._value(f"icmp slt i64 {low}, {high}")
        text.line(f"br i1 {some}, label %some{number}, label %none{number}")
        text.label(f"some{number}")
        self._range(op, low, high, reach)
        text.join()
        text.line(f"br label %none{number}")
        text.label(f"none{number}")

    def _range(self, op: CallOp, low: str, high: str, reach: int | None) -> None:
        pointers = [self._pointer(v, low, reach) for v in op.operands]
        count = high if low == "0" else self._value(f"sub i64 {high}, {low}")
        self.text.call(op, pointers, count)

    def _pointer(self, value: SSAValue, low: str, reach: int | None) -> str:
        """Where the columns from `low` of a buffer lie, or of another step of one."""
        delay = self.delays.get(value)
        if delay is None:
            base = self.text.pointers[value]
            if type_of(value).axis is None:
                return base
            return self._offset(base, self._sum(self.start, low), column_bytes(value))
        size = column_bytes(delay.memory)
        k = delay.steps.value.data
        start, _ = self.others[k]
        there = self._offset(self.text.pointers[delay.memory], self._sum(start, low), size)
        place = low
        if column_bytes(delay.initial) > size:
            before = self._value(f"mul i64 {self.t}, %{self.prefix}.S")
            place = self._sum(before, low)
        state = self._offset(self.text.pointers[delay.initial], place, size)
        if reach is not None:
            return there if k <= reach else state
        some = self._value(f"icmp sge i64 {self.t}, {k}")
        return self._value(f"select i1 {some}, ptr {there}, ptr {state}")

    def _sum(self, a: str, b: str) -> str:
        return a if b == "0" else self._value(f"add i64 {a}, {b}")

    def _offset(self, base: str, columns: str, size: int) -> str:
        if columns == "0":
            return base
        distance = self._value(f"mul i64 {columns}, {size}")
        return self._value(f"getelementptr i8, ptr {base}, i64 {distance}")
