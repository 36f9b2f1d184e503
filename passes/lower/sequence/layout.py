"""Reading layouts in kernels: sequences by rank, their lengths, the columns of their steps."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, i64
from xdsl.ir import SSAValue

from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.net.sequence import layouts_of
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.program_image import (
    LAYOUT_BEGINS,
    LAYOUT_COMPLAINT,
    LAYOUT_ENDS,
    LAYOUT_LENGTHS,
    LAYOUT_OFFSETS,
    LAYOUT_ORDER,
    LAYOUT_RANK,
    LAYOUT_SEQUENCES,
    LAYOUT_SLOT,
    LAYOUT_STEPS,
)
from brainscript.target import Target

NOT_ALIKE = 4
"""The complaint that sequences do not pair up, or differ in length; see `runtime/layouts.py`."""


def start(kernel: KernelOp, target: Target) -> tuple[Writer, dict[str, Layout]]:
    """The writer of a kernel of one operation, and the layouts that it takes.

    The pointers to the layouts follow those of inputs and outputs.
    """
    axes = layouts_of(kernel.steps[0])
    kind = type_of(kernel.outputs[0])
    buffers = len(kernel.inputs) + len(kernel.outputs)
    writer = Writer(len(kernel.inputs), len(kernel.outputs) + len(axes), kind.element, target)
    pairs = zip(axes, writer.pointers[buffers:], strict=True)
    return writer, {axis: Layout(writer, pointer) for axis, pointer in pairs}


def integer(writer: Writer, pointer: SSAValue, index: SSAValue) -> SSAValue:
    """The 64-bit word at `pointer[index]` as an index."""
    word = writer.load(pointer, index, i64)
    return writer.insert(arith.IndexCastOp(word, IndexType()))


def as_index(writer: Writer, value: SSAValue) -> SSAValue:
    """A number as an index, cut towards 0."""
    return writer.insert(arith.IndexCastOp(writer.insert(arith.FPToSIOp(value, i64)), IndexType()))


def store_integer(writer: Writer, value: SSAValue, pointer: SSAValue, index: SSAValue) -> None:
    """Write an index as a 64-bit word."""
    writer.store(writer.insert(arith.IndexCastOp(value, i64)), pointer, index)


@dataclass
class Layout:
    """The layout behind one pointer; what is read once stands where the object is made."""

    writer: Writer
    pointer: SSAValue

    def __post_init__(self) -> None:
        self.steps = integer(self.writer, self.pointer, self.writer.index(LAYOUT_STEPS))
        self.sequences = integer(self.writer, self.pointer, self.writer.index(LAYOUT_SEQUENCES))
        self._offsets = self._array(LAYOUT_OFFSETS)
        self._lengths = self._array(LAYOUT_LENGTHS)
        self._order = self._array(LAYOUT_ORDER)
        self._ranks = self._array(LAYOUT_RANK)
        self._begins = self._array(LAYOUT_BEGINS)
        self._ends = self._array(LAYOUT_ENDS)

    def _array(self, place: int) -> SSAValue:
        return self.writer.load(self.pointer, self.writer.index(place), PtrType())

    def offset(self, step: SSAValue) -> SSAValue:
        """The first column of a step; behind the last step the number of columns."""
        return integer(self.writer, self._offsets, step)

    @property
    def columns(self) -> SSAValue:
        """The number of columns."""
        return self.offset(self.steps)

    def length(self, rank: SSAValue) -> SSAValue:
        """The number of steps of a sequence."""
        return integer(self.writer, self._lengths, rank)

    def number(self, rank: SSAValue) -> SSAValue:
        """The number in the minibatch of the sequence of a rank."""
        return integer(self.writer, self._order, rank)

    def rank(self, number: SSAValue) -> SSAValue:
        """The rank of the sequence of a number."""
        return integer(self.writer, self._ranks, number)

    def partner(self, other: Layout, rank: SSAValue) -> SSAValue:
        """The rank here of a sequence of another axis; where this axis has fewer sequences, that of
        the first one, and a complaint."""
        writer, number = self.writer, other.number(rank)
        there = writer.insert(arith.CmpiOp(number, self.sequences, "ult"))
        known = writer.insert(arith.SelectOp(there, number, writer.index(0)))
        with writer.when("ne", known, number):
            other.complain(NOT_ALIKE)
        return self.rank(known)

    def column(self, rank: SSAValue, step: SSAValue) -> SSAValue:
        """The column of a step of a sequence."""
        return self.writer.add(self.offset(step), rank)

    def whole(self, rank: SSAValue) -> SSAValue:
        """1 where a sequence begins and ends in this minibatch, else 0."""
        begins = integer(self.writer, self._begins, rank)
        return self.writer.mul(begins, integer(self.writer, self._ends, rank))

    def begins(self, rank: SSAValue) -> SSAValue:
        """1 where a sequence begins in this minibatch, else 0."""
        return integer(self.writer, self._begins, rank)

    def ends(self, rank: SSAValue) -> SSAValue:
        """1 where a sequence ends in this minibatch, else 0."""
        return integer(self.writer, self._ends, rank)

    def slot(self, rank: SSAValue) -> SSAValue:
        """The row of what a sequence carries over."""
        return integer(self.writer, self._array(LAYOUT_SLOT), rank)

    def complain(self, reason: int) -> None:
        """Tell the host, after the step, what is wrong."""
        writer = self.writer
        place = writer.index(LAYOUT_COMPLAINT)
        store_integer(writer, writer.index(reason), self.pointer, place)
