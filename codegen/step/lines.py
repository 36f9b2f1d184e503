"""What all parts of the text of a step share: lines, labels, threads, addresses of buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import SSAValue

from brainscript.dialects.sched import CallOp
from brainscript.dialects.tensors import type_of


def column_bytes(value: SSAValue) -> int:
    """The bytes of one column of a buffer."""
    return type_of(value).bytes


class StepLines:
    """The lines of a step so far, the kernels it calls, and where its buffers lie.

    A call is made by all threads, or by the first one alone; where threads meet there is a
    barrier, skipped by a lone thread.
    """

    def __init__(self, symbols: Mapping[str, str], barrier: str, timed: bool = False):
        self.symbols = symbols
        self.lines: list[str] = []
        self.pointers: dict[SSAValue, str] = {}
        self.declared: dict[str, int] = {}
        self.labels = 0
        self.alone = False
        self.waits = False
        self.timed = timed
        self.timed_calls: list[str] = []
        self._barrier = barrier

    def line(self, text: str) -> None:
        """One more line."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """The start of a block."""
        self.lines.append(f"{name}:")

    def number(self) -> int:
        """A number that no other label has."""
        self.labels += 1
        return self.labels

    def word(self, name: str, base: str, place: int, kind: str) -> None:
        """`%name` is the word at a place of a table."""
        self.line(f"%{name}.at = getelementptr i64, ptr {base}, i64 {place}")
        self.line(f"%{name} = load {kind}, ptr %{name}.at")

    def call(self, op: CallOp, pointers: Sequence[str], columns: str) -> None:
        """Call the kernel of an operation with these pointers on this many columns."""
        symbol = self.symbols[op.kernel.root_reference.data]
        self.declared[symbol] = len(pointers)
        if op.serial is None:
            self.join()
            threads = ["ptr %ws", "i64 %tid", "i64 %nt"]
        else:
            self.go_alone()
            threads = ["ptr %ws", "i64 0", "i64 1"]
        given = [*(f"ptr {p}" for p in pointers), f"i64 {columns}", *threads]
        clock = self.number() if self.timed else 0
        if self.timed:
            self.line(f"%clock{clock} = call i64 @bs_now()")
        self.line(f"call void @{symbol}({', '.join(given)})")
        if self.timed:
            self.line(
                f"call void @bs_spend(i64 %clock{clock}, i64 {len(self.timed_calls)}, i64 %tid)"
            )
            self.timed_calls.append(op.kernel.root_reference.data)

    def go_alone(self) -> None:
        """What follows is done by the first thread."""
        if not self.alone:
            number = self.number()
            self.alone_at = number
            self.line(f"br i1 %first, label %alone{number}, label %join{number}")
            self.label(f"alone{number}")
            self.alone = True

    def join(self) -> None:
        """What follows is done by all threads."""
        if self.alone:
            self.line(f"br label %join{self.alone_at}")
            self.label(f"join{self.alone_at}")
            self.alone = False

    def wait(self) -> None:
        """All threads wait for the last one."""
        self.join()
        self.waits = True
        number = self.number()
        self.line(f"br i1 %many, label %wait{number}, label %go{number}")
        self.label(f"wait{number}")
        self.line(f"call void @{self._barrier}(ptr %barrier, i64 %tid, i64 %nt)")
        self.line(f"br label %go{number}")
        self.label(f"go{number}")
