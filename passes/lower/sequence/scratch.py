"""Memory of a size that shows when the kernel runs, and arithmetic in double precision."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import f64, i64
from xdsl.ir import SSAValue

from brainscript.dialects.kern import OffsetOp
from brainscript.dialects.kern_native import NativeOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import Layout, integer, store_integer

SCRATCH_BYTES = 64
"""The workspace of a kernel that asks for memory: its address is written there."""

NO_MEMORY = 7
"""The complaint that there is not so much memory; see `runtime/layouts.py`."""


@contextmanager
def scratch(writer: Writer, words: SSAValue, layout: Layout) -> Generator[SSAValue]:
    """So many 64-bit words of this thread, anything in them; they last until the next demand.

    What is written in the body runs if there is so much memory; if not, the layout complains.
    """
    size, zero = writer.mul(words, 8), writer.index(0)
    writer.builder.insert(NativeOp("bs_scratch", [writer.workspace, size]))
    found = integer(writer, writer.workspace, zero)
    with writer.when("eq", found, zero):
        layout.complain(NO_MEMORY)
    with writer.when("ne", found, zero):
        yield writer.load(writer.workspace, zero, PtrType())


@dataclass
class Numbers:
    """An array of doubles, or of 64-bit integers, in scratch memory."""

    writer: Writer
    pointer: SSAValue

    def after(self, words: SSAValue) -> Numbers:
        """The array that begins so many words later."""
        return Numbers(self.writer, self.writer.insert(OffsetOp(self.pointer, words, f64)))

    def get(self, index: SSAValue) -> SSAValue:
        """A double."""
        return self.writer.load(self.pointer, index, f64)

    def put(self, index: SSAValue, value: SSAValue) -> None:
        """Write a double."""
        self.writer.store(value, self.pointer, index)

    def integer(self, index: SSAValue) -> SSAValue:
        """An integer."""
        return integer(self.writer, self.pointer, index)

    def put_integer(self, index: SSAValue, value: SSAValue) -> None:
        """Write an integer."""
        store_integer(self.writer, value, self.pointer, index)

    def fill(self, count: SSAValue, value: SSAValue) -> None:
        """Write one double to the first `count` places."""
        with self.writer.loop(self.writer.index(0), count, 1) as loop:
            self.put(loop.index, value)


@dataclass
class Doubles:
    """Scalar arithmetic in double precision, on logarithms too."""

    writer: Writer

    def constant(self, value: float) -> SSAValue:
        """A number."""
        return self.writer.vectors(f64).constant(value)

    def of(self, value: SSAValue) -> SSAValue:
        """A value of the kernel's element type."""
        return value if value.type == f64 else self.writer.insert(arith.ExtFOp(value, f64))

    def back(self, value: SSAValue) -> SSAValue:
        """A double as a value of the kernel's element type."""
        element = self.writer.element
        return value if element == f64 else self.writer.insert(arith.TruncFOp(value, element))

    def of_index(self, value: SSAValue) -> SSAValue:
        """An index."""
        word = self.writer.insert(arith.IndexCastOp(value, i64))
        return self.writer.insert(arith.SIToFPOp(word, f64))

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a + b`"""
        return self.writer.vectors(f64).add(a, b)

    def sub(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a - b`"""
        return self.writer.vectors(f64).sub(a, b)

    def choose(
        self, predicate: str, a: SSAValue, b: SSAValue, yes: SSAValue, no: SSAValue
    ) -> SSAValue:
        """`yes` where the comparison holds, else `no`."""
        return self.writer.vectors(f64).choose(predicate, a, b, yes, no)

    def exp(self, x: SSAValue) -> SSAValue:
        """`e^x`"""
        return self.writer.insert(math.ExpOp(x))

    def log_add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`log (e^a + e^b)`"""
        most = self.choose("ogt", a, b, a, b)
        least = self.choose("ogt", a, b, b, a)
        rest = self.exp(self.sub(least, most))
        return self.add(most, self.writer.insert(math.Log1pOp(rest)))
