"""The words of one class for each sample: scores, their softmax, and what the gradients move."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp, ReduceOp
from brainscript.dialects.kern_rows import FillOp
from brainscript.dialects.net.words import (
    IMPOSSIBLE,
    ClassGradientOp,
    ClassLogOp,
    ClassScoresOp,
    ClassSlopeOp,
    ClassSumsOp,
)
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Loop, Writer
from brainscript.passes.lower.sequence.layout import as_index
from brainscript.passes.lower.sequence.samples import clear_sample, parts
from brainscript.passes.lower.sparse.columns import Share, add_scaled, inner_products
from brainscript.target import Target

LABEL = 4
"""The numbers of a label: the word, its class, the first word of that and of the next class."""
TOGETHER = 4
"""Scores that are made side by side."""
Keep = Callable[[SSAValue, SSAValue, SSAValue], None]
"""Takes a vector of words: their numbers, the first of them, and how many lanes count."""


@dataclass(frozen=True)
class Span:
    """The words `first .. end` of the class of a sample, among `limit` words; `word` is its own.

    `start` is where the sample begins in values that have a number for every word.
    """

    writer: Writer
    word: SSAValue
    first: SSAValue
    end: SSAValue
    start: SSAValue

    @staticmethod
    def of(writer: Writer, label: SSAValue, column: SSAValue, limit: int) -> Span:
        """What the label says, within the vocabulary whatever that is."""

        def number(place: int) -> SSAValue:
            at = writer.add(writer.mul(column, LABEL), place)
            return as_index(writer, writer.load(label, at, writer.element))

        def most(a: SSAValue, b: SSAValue) -> SSAValue:
            return writer.insert(arith.MaxSIOp(a, b))

        first = most(writer.least(number(2), limit), writer.index(0))
        end = most(writer.least(number(3), limit), first)
        return Span(writer, number(0), first, end, writer.mul(column, limit))

    def at(self, word: SSAValue) -> SSAValue:
        """The place of a word in values that have a number for every word."""
        return self.writer.add(self.start, word)

    @contextmanager
    def vectors(self, initial: Sequence[SSAValue] = ()) -> Generator[tuple[Loop, SSAValue]]:
        """Write code for vectors of words: the loop, and how many lanes are words of the class."""
        writer = self.writer
        with writer.loop(self.first, self.end, writer.lanes, initial) as loop:
            yield loop, writer.sub(self.end, loop.index)

    @contextmanager
    def when_known(self) -> Generator[None]:
        """What follows runs if the word is one of its class."""
        with self.writer.when("sle", self.first, self.word):
            with self.writer.when("slt", self.word, self.end):
                yield


class Opened:
    """A kernel of one operation being written: its pointers by value, and its spans."""

    def __init__(self, kernel: KernelOp, target: Target, label: SSAValue, limit: int):
        self.kernel, self.limit = kernel, limit
        self.writer = Writer(len(kernel.inputs), 1, type_of(kernel.outputs[0]).element, target)
        self.memory = dict(zip(kernel.inputs, self.writer.pointers, strict=False))
        self.label, self.out = self.memory[label], self.writer.pointers[-1]
        self.columns = self.writer.n if type_of(label).axis else self.writer.index(1)

    def span(self, column: SSAValue) -> Span:
        """The words of a sample."""
        return Span.of(self.writer, self.label, column, self.limit)

    @contextmanager
    def samples(self) -> Generator[tuple[SSAValue, Span]]:
        """Write code for every sample of this thread: its column and its words."""
        first, last = self.writer.share(self.columns, 1)
        with self.writer.loop(first, last, 1) as loop:
            yield loop.index, self.span(loop.index)

    def finish(self) -> FuncOp:
        """The finished kernel."""
        return self.writer.finish(self.kernel.sym_name.data)


def lower_scores(kernel: KernelOp, target: Target) -> FuncOp:
    """Inner products, some words side by side; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, ClassScoresOp)
    size, limit = type_of(op.x).elements, type_of(op.result).elements
    opened = Opened(kernel, target, op.label, limit)
    writer = opened.writer
    with opened.samples() as (column, span):
        x = opened.memory[op.x], writer.mul(column, size)
        count = writer.sub(span.end, span.first)
        whole = writer.mul(writer.div(count, TOGETHER), TOGETHER)
        middle = writer.add(span.first, whole)
        for low, high, step in ((span.first, middle, TOGETHER), (middle, span.end, 1)):
            with writer.loop(low, high, step) as loop:
                words = [writer.add(loop.index, i) for i in range(step)]
                columns = [writer.mul(word, size) for word in words]
                scores = inner_products(writer, size, x, opened.memory[op.w], columns)
                for word, score in zip(words, scores, strict=True):
                    writer.store(score, opened.out, span.at(word))
    return opened.finish()


def _largest(span: Span, scores: SSAValue) -> SSAValue:
    """The largest score of the class."""
    writer = span.writer
    nothing = writer.vectors().constant(float("-inf"))
    with span.vectors([nothing]) as (loop, count):
        value = writer.load(scores, span.at(loop.index), None, count)
        value = writer.insert(FillOp(value, count, nothing))
        most = loop.carried[0]
        loop.following = [writer.vectors().choose("ogt", value, most, value, most)]
    return writer.insert(ReduceOp("max", loop.results[0]))


def _powers(
    span: Span,
    scores: SSAValue,
    top: SSAValue,
    keep: Callable[[SSAValue, SSAValue, SSAValue], None],
) -> SSAValue:
    """The sum of `exp (score - top)` over the class; `keep` is told each vector."""
    writer = span.writer
    largest = writer.spread(top)
    with span.vectors([writer.vectors().constant(0.0)]) as (loop, count):
        v = writer.vectors()
        value = writer.load(scores, span.at(loop.index), None, count)
        power = v.unary("decay", v.sub(value, largest))
        keep(power, loop.index, count)
        inside = writer.insert(FillOp(power, count, v.constant(0.0)))
        loop.following = [v.add(loop.carried[0], inside)]
    return writer.insert(ReduceOp("add", loop.results[0]))


def lower_log(kernel: KernelOp, target: Target) -> FuncOp:
    """`score - top - log (sum)` of the word; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, ClassLogOp)
    opened = Opened(kernel, target, op.label, type_of(op.scores).elements)
    writer, scores = opened.writer, opened.memory[op.scores]
    with opened.samples() as (column, span):
        v = writer.vectors(writer.element)
        writer.store(v.constant(IMPOSSIBLE), opened.out, column)
        with span.when_known():
            v = writer.vectors(writer.element)
            top = _largest(span, scores)
            total = _powers(span, scores, top, lambda power, word, count: None)
            own = writer.load(scores, span.at(span.word), writer.element)
            value = v.sub(v.sub(own, top), v.unary("log", total))
            writer.store(value, opened.out, column)
    return opened.finish()


def lower_slope(kernel: KernelOp, target: Target) -> FuncOp:
    """The softmax over the class, less 1 for the word; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, ClassSlopeOp)
    opened = Opened(kernel, target, op.label, type_of(op.scores).elements)
    writer, scores, out = opened.writer, opened.memory[op.scores], opened.out
    with opened.samples() as (_, span):

        def keep(power: SSAValue, word: SSAValue, count: SSAValue, span: Span = span) -> None:
            writer.store(power, out, span.at(word), count)

        total = _powers(span, scores, _largest(span, scores), keep)
        one = writer.vectors(writer.element).constant(1.0)
        scale = writer.spread(writer.vectors(writer.element).div(one, total))
        with span.vectors() as (loop, count):
            power = writer.load(out, span.at(loop.index), None, count)
            writer.store(writer.vectors().mul(power, scale), out, span.at(loop.index), count)
        with span.when_known():
            v, at = writer.vectors(writer.element), span.at(span.word)
            writer.store(v.sub(writer.load(out, at, writer.element), one), out, at)
    return opened.finish()


def lower_sums(kernel: KernelOp, target: Target) -> FuncOp:
    """Columns of the table times their slopes; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, ClassSumsOp)
    size = type_of(op.result).elements
    opened = Opened(kernel, target, op.label, type_of(op.slope).elements)
    writer, out, w = opened.writer, opened.out, opened.memory[op.w]
    with opened.samples() as (column, span):
        clear_sample(writer, size, out, column)
        start = writer.mul(column, size)
        with writer.loop(span.first, span.end, 1) as loop:
            slope = writer.load(opened.memory[op.slope], span.at(loop.index), writer.element)
            scale, weights = writer.spread(slope), (w, writer.mul(loop.index, size))
            with parts(writer, size) as (part, count):
                add_scaled(writer, (out, start), scale, weights, part, count)
    return opened.finish()


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """Samples times their slopes, added to columns; threads share the rows of the table."""
    op = kernel.steps[0]
    assert isinstance(op, ClassGradientOp)
    size, limit = type_of(op.x).elements, type_of(op.slope).elements
    opened = Opened(kernel, target, op.label, limit)
    writer, out = opened.writer, opened.out
    share = Share.of(writer, size)
    share.clear(out, writer.index(limit))
    with writer.loop(writer.index(0), opened.columns, 1) as sample:
        span, x = opened.span(sample.index), (opened.memory[op.x], writer.mul(sample.index, size))
        with writer.loop(span.first, span.end, 1) as loop:
            slope = writer.load(opened.memory[op.slope], span.at(loop.index), writer.element)
            share.add((out, writer.mul(loop.index, size)), writer.spread(slope), x)
    return opened.finish()
