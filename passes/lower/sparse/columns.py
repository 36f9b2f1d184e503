"""Sparse samples in kernels, element after element, and the columns of tables they lead to."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, i32, i64
from xdsl.ir import SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Loop, Writer
from brainscript.passes.lower.sequence.layout import integer
from brainscript.target import Target

WORDS = 3
"""The words of a sample: where its indices lie, where its values, how many they are."""
Memory = dict[SSAValue, SSAValue]
"""Where the inputs of a kernel lie."""
Place = tuple[SSAValue, SSAValue]
"""A pointer, and the number of an element there: where a vector begins."""


def opened(kernel: KernelOp, target: Target) -> tuple[Writer, Memory]:
    """The writer of a kernel with one output, its last pointer, and where the inputs lie."""
    writer = Writer(len(kernel.inputs), 1, type_of(kernel.outputs[0]).element, target)
    return writer, dict(zip(kernel.inputs, writer.pointers, strict=False))


@dataclass
class Element:
    """An element of a sample: its index and its value, and the loop over the elements."""

    row: SSAValue
    value: SSAValue
    loop: Loop


class Sample:
    """A sparse sample: one column of a buffer."""

    def __init__(self, writer: Writer, pointer: SSAValue, column: SSAValue):
        self.writer = writer
        word = writer.mul(column, WORDS)
        self.rows = writer.load(pointer, word, PtrType())
        self.values = writer.load(pointer, writer.add(word, 1), PtrType())
        self.count = integer(writer, pointer, writer.add(word, 2))

    @contextmanager
    def elements(self, initial: Sequence[SSAValue] = ()) -> Generator[Element]:
        """Write code for every element, with values that are carried on as in `Writer.loop`."""
        writer = self.writer
        with writer.loop(writer.index(0), self.count, 1, initial) as loop:
            row = writer.load(self.rows, loop.index, i32)
            value = writer.load(self.values, loop.index, writer.element)
            index = writer.insert(arith.IndexCastOp(row, IndexType()))
            yield Element(index, value, loop)


@contextmanager
def samples(writer: Writer, pointer: SSAValue) -> Generator[tuple[SSAValue, Sample]]:
    """Write code for every sample of this thread: its column, and what it holds."""
    first, last = writer.share(writer.n, 1)
    with writer.loop(first, last, 1) as loop:
        yield loop.index, Sample(writer, pointer, loop.index)


@dataclass(frozen=True)
class Share:
    """The part of a vector of static size that one thread works on, whole registers but the last.

    Bits do not depend on the number of threads: each element belongs to one of them.
    """

    writer: Writer
    size: int
    first: SSAValue
    last: SSAValue
    tail: SSAValue

    @staticmethod
    def of(writer: Writer, size: int) -> Share:
        """The part of this thread."""
        first, last = writer.share(writer.index(size), writer.lanes)
        some = writer.insert(arith.CmpiOp(first, last, "slt"))
        tail = writer.insert(arith.SelectOp(some, last, writer.index(0)))
        full = writer.least(last, size - size % writer.lanes)
        return Share(writer, size, first, full, tail)

    def each(self, body: Callable[[SSAValue, SSAValue | None], None]) -> None:
        """Write `body (place, count)` for every register; `count` of its lanes if not all."""
        writer = self.writer
        rest = self.size % writer.lanes
        with writer.loop(self.first, self.last, writer.lanes) as loop:
            body(loop.index, None)
        if rest:
            full = writer.index(self.size - rest)
            with writer.when("sgt", self.tail, full):
                body(full, writer.index(rest))

    def clear(self, table: SSAValue, columns: SSAValue) -> None:
        """Set this part of so many columns of a table to 0."""
        writer = self.writer
        with writer.loop(writer.index(0), columns, 1) as loop:
            base = writer.mul(loop.index, self.size)

            def clear(place: SSAValue, count: SSAValue | None) -> None:
                zero = writer.vectors().constant(0.0)
                writer.store(zero, table, writer.add(base, place), count)

            self.each(clear)

    def add(self, table: Place, scale: SSAValue, more: Place) -> None:
        """Add this part of a vector, scaled, to that of a column of a table."""
        self.each(lambda part, count: add_scaled(self.writer, table, scale, more, part, count))


def add_scaled(
    writer: Writer,
    target: Place,
    scale: SSAValue,
    more: Place,
    part: SSAValue,
    count: SSAValue | None,
) -> None:
    """`target += scale * more`, for the vector of elements that begins with `part`."""
    v, at = writer.vectors(), writer.add(target[1], part)
    old = writer.load(target[0], at, None, count)
    value = writer.load(more[0], writer.add(more[1], part), None, count)
    writer.store(v.add(old, v.mul(scale, value)), target[0], at, count)


def inner_products(
    writer: Writer, size: int, x: Place, table: SSAValue, columns: Sequence[SSAValue]
) -> list[SSAValue]:
    """The products of a vector and of some columns of a table, which begin at these places."""

    def more(totals: Sequence[SSAValue], at: SSAValue, count: SSAValue | None) -> list[SSAValue]:
        v = writer.vectors()
        own = writer.load(x[0], writer.add(x[1], at), None, count)
        others = [writer.load(table, writer.add(column, at), None, count) for column in columns]
        return [v.add(t, v.mul(own, other)) for t, other in zip(totals, others, strict=True)]

    totals: Sequence[SSAValue] = [writer.vectors().constant(0.0) for _ in columns]
    whole = size - size % writer.lanes
    if whole:
        with writer.loop(writer.index(0), writer.index(whole), writer.lanes, totals) as loop:
            loop.following = more(loop.carried, loop.index, None)
        totals = loop.results
    if size % writer.lanes:
        totals = more(totals, writer.index(whole), writer.index(size % writer.lanes))
    return [writer.insert(ReduceOp("add", total)) for total in totals]


def number_of(writer: Writer, index: SSAValue) -> SSAValue:
    """An index as a number of the element type of the kernel."""
    word = writer.insert(arith.IndexCastOp(index, i64))
    return writer.insert(arith.SIToFPOp(word, writer.element))


def place_in(writer: Writer, row: SSAValue, width: int, rest: int) -> tuple[SSAValue, SSAValue]:
    """The column of a table of `width` that an index stands for, and which of `rest` results."""
    if rest == 1:
        return row, writer.index(0)
    part = writer.div(row, width)
    return writer.sub(row, writer.mul(part, width)), part
