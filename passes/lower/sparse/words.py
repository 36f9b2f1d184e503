"""Scores of some words for each sample, and their gradients."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.words import WordGradientOp, WordScoresOp, WordSumsOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import as_index
from brainscript.passes.lower.sequence.samples import clear_sample, parts
from brainscript.passes.lower.sparse.columns import (
    Memory,
    Share,
    add_scaled,
    inner_products,
    opened,
)
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
        column = writer.mul(word, size)
        (dot,) = inner_products(writer, size, (memory[op.x], start), memory[op.w], [column])
        writer.store(dot, writer.pointers[-1], place)
    return writer.finish(kernel.sym_name.data)


def lower_sums(kernel: KernelOp, target: Target) -> FuncOp:
    """Columns of the table times their slopes; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, WordSumsOp)
    writer, memory = opened(kernel, target)
    size, out = type_of(op.result).elements, writer.pointers[-1]
    with _words(op, size, writer, memory) as (start, place, word):
        scale = writer.spread(writer.load(memory[op.slope], place, writer.element))
        weights = memory[op.w], writer.mul(word, size)
        with parts(writer, size) as (part, count):
            add_scaled(writer, (out, start), scale, weights, part, count)
    return writer.finish(kernel.sym_name.data)


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """Samples times their slopes, added to columns; threads share the rows of the table."""
    op = kernel.steps[0]
    assert isinstance(op, WordGradientOp)
    writer, memory = opened(kernel, target)
    size, count = type_of(op.x).elements, type_of(op.words).elements
    limit, out = type_of(op.result).elements // size, writer.pointers[-1]
    share = Share.of(writer, size)
    share.clear(out, writer.index(limit))
    with writer.loop(writer.index(0), writer.n, 1) as loop:
        x = memory[op.x], writer.mul(loop.index, size)
        with Words(writer, memory[op.words], loop.index, count, limit).each() as (place, word):
            scale = writer.spread(writer.load(memory[op.slope], place, writer.element))
            share.add((out, writer.mul(word, size)), scale, x)
    return writer.finish(kernel.sym_name.data)
