"""Scores of some words for each sample, and their gradients."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp, ReduceOp
from brainscript.dialects.net.words import WordGradientOp, WordScoresOp, WordSumsOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import as_index
from brainscript.passes.lower.sequence.samples import clear_sample, parts
from brainscript.passes.lower.sparse.columns import Memory, Share, opened
from brainscript.target import Target


class Words:
    """The words of one sample: numbers of columns below `limit`."""

    def __init__(self, writer: Writer, pointer: SSAValue, column: SSAValue, count: int, limit: int):
        self.writer, self.pointer, self.limit = writer, pointer, limit
        self.count, self.start = count, writer.mul(column, count)

    @contextmanager
    def each(self) -> Generator[tuple[SSAValue, SSAValue]]:
        """Write code for each word that is one: its place among those of all samples, and it."""
        writer = self.writer
        with writer.loop(writer.index(0), writer.index(self.count), 1) as loop:
            place = writer.add(self.start, loop.index)
            word = as_index(writer, writer.load(self.pointer, place, writer.element))
            with writer.when("ult", word, writer.index(self.limit)):
                yield place, word


@contextmanager
def _words(
    op: WordScoresOp | WordSumsOp, size: int, writer: Writer, memory: Memory
) -> Generator[tuple[SSAValue, SSAValue, SSAValue]]:
    """Write code for each word of each sample, whose result is 0 before; threads share samples.

    Where the vector of `size` elements of the sample begins, the word's place, and the word.
    """
    count, limit = type_of(op.words).elements, type_of(op.w).elements // size
    first, last = writer.share(writer.n, 1)
    with writer.loop(first, last, 1) as loop:
        clear_sample(writer, type_of(op.result).elements, writer.pointers[-1], loop.index)
        start = writer.mul(loop.index, size)
        with Words(writer, memory[op.words], loop.index, count, limit).each() as (place, word):
            yield start, place, word


def lower_scores(kernel: KernelOp, target: Target) -> FuncOp:
    """An inner product for each word; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, WordScoresOp)
    writer, memory = opened(kernel, target)
    size = type_of(op.x).elements
    with _words(op, size, writer, memory) as (start, place, word):
        dot = _dot(writer, size, (memory[op.w], writer.mul(word, size)), (memory[op.x], start))
        writer.store(dot, writer.pointers[-1], place)
    return writer.finish(kernel.sym_name.data)


def _dot(
    writer: Writer, size: int, a: tuple[SSAValue, SSAValue], b: tuple[SSAValue, SSAValue]
) -> SSAValue:
    """The inner product of two vectors: pointers and where they begin."""
    total = writer.vectors().constant(0.0)
    whole = size - size % writer.lanes
    if whole:
        with writer.loop(writer.index(0), writer.index(whole), writer.lanes, [total]) as loop:
            more = _product(writer, a, b, loop.index, None)
            loop.following = [writer.vectors().add(loop.carried[0], more)]
        total = loop.results[0]
    if size % writer.lanes:
        rest = writer.index(size % writer.lanes)
        total = writer.vectors().add(total, _product(writer, a, b, writer.index(whole), rest))
    return writer.insert(ReduceOp("add", total))


def _product(
    writer: Writer,
    a: tuple[SSAValue, SSAValue],
    b: tuple[SSAValue, SSAValue],
    place: SSAValue,
    count: SSAValue | None,
) -> SSAValue:
    x, y = (writer.load(at, writer.add(start, place), None, count) for at, start in (a, b))
    return writer.vectors().mul(x, y)


def lower_sums(kernel: KernelOp, target: Target) -> FuncOp:
    """Columns of the table times their slopes; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, WordSumsOp)
    writer, memory = opened(kernel, target)
    size, out = type_of(op.result).elements, writer.pointers[-1]
    with _words(op, size, writer, memory) as (start, place, word):
        scale = writer.spread(writer.load(memory[op.slope], place, writer.element))
        base = writer.mul(word, size)
        with parts(writer, size) as (part, lanes):
            v, at = writer.vectors(), writer.add(start, part)
            weight = writer.load(memory[op.w], writer.add(base, part), None, lanes)
            old = writer.load(out, at, None, lanes)
            writer.store(v.add(old, v.mul(scale, weight)), out, at, lanes)
    return writer.finish(kernel.sym_name.data)


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """Samples times their slopes, added to columns; threads share the rows of the table."""
    op = kernel.steps[0]
    assert isinstance(op, WordGradientOp)
    writer, memory = opened(kernel, target)
    size, count = type_of(op.x).elements, type_of(op.words).elements
    limit, out = type_of(op.result).elements // size, writer.pointers[-1]
    share = Share.of(writer, size)
    with writer.loop(writer.index(0), writer.index(limit), 1) as loop:
        base = writer.mul(loop.index, size)

        def clear(place: SSAValue, lanes: SSAValue | None) -> None:
            zero = writer.vectors().constant(0.0)
            writer.store(zero, out, writer.add(base, place), lanes)

        share.each(clear)
    with writer.loop(writer.index(0), writer.n, 1) as loop:
        start = writer.mul(loop.index, size)
        with Words(writer, memory[op.words], loop.index, count, limit).each() as (place, word):
            scale = writer.spread(writer.load(memory[op.slope], place, writer.element))
            to = writer.mul(word, size)

            def add(part: SSAValue, lanes: SSAValue | None) -> None:
                v, at = writer.vectors(), writer.add(to, part)
                more = writer.load(memory[op.x], writer.add(start, part), None, lanes)
                old = writer.load(out, at, None, lanes)
                writer.store(v.add(old, v.mul(scale, more)), out, at, lanes)

            share.each(add)
    return writer.finish(kernel.sym_name.data)
