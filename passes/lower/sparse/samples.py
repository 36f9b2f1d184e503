"""Kernels of sparse samples one by one: made dense, added up, their largest element."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.sparse import MinusSparseOp, SparseDotOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import as_index
from brainscript.passes.lower.sequence.samples import clear_sample, copy_sample
from brainscript.passes.lower.sparse.columns import Sample, number_of, opened, samples
from brainscript.target import Target


def lower_densify(kernel: KernelOp, target: Target) -> FuncOp:
    """0, then each element added where it belongs; threads share the samples."""
    writer, _ = opened(kernel, target)
    x, y = writer.pointers
    size = type_of(kernel.outputs[0]).elements
    with samples(writer, x) as (column, sample):
        clear_sample(writer, size, y, column)
        start = writer.mul(column, size)
        with sample.elements() as element:
            at = writer.add(start, element.row)
            old = writer.load(y, at, writer.element)
            writer.store(writer.vectors(writer.element).add(old, element.value), y, at)
    return writer.finish(kernel.sym_name.data)


def lower_minus(kernel: KernelOp, target: Target) -> FuncOp:
    """The dense sample, unless it lies there already, less each element; threads share samples."""
    op = kernel.steps[0]
    assert isinstance(op, MinusSparseOp)
    writer, memory = opened(kernel, target)
    y, size = writer.pointers[-1], type_of(op.z).elements
    with samples(writer, memory[op.x]) as (column, sample):
        if not op.in_place:
            copy_sample(writer, size, memory[op.z], column, y, column)
        start = writer.mul(column, size)
        with sample.elements() as element:
            at = writer.add(start, element.row)
            old = writer.load(y, at, writer.element)
            writer.store(writer.vectors(writer.element).sub(old, element.value), y, at)
    return writer.finish(kernel.sym_name.data)


def lower_sum(kernel: KernelOp, target: Target) -> FuncOp:
    """The sum of the elements of each sample; threads share the samples."""
    writer, _ = opened(kernel, target)
    x, y = writer.pointers
    with samples(writer, x) as (column, sample):
        zero = writer.vectors(writer.element).constant(0.0)
        with sample.elements([zero]) as element:
            v = writer.vectors(writer.element)
            element.loop.following = [v.add(element.loop.carried[0], element.value)]
        writer.store(element.loop.results[0], y, column)
    return writer.finish(kernel.sym_name.data)


def lower_dot(kernel: KernelOp, target: Target) -> FuncOp:
    """The inner product of each sample with a dense one; threads share the samples."""
    op = kernel.steps[0]
    assert isinstance(op, SparseDotOp)
    writer, memory = opened(kernel, target)
    size = type_of(op.z).elements
    with samples(writer, memory[op.x]) as (column, sample):
        start = writer.mul(column, size)
        zero = writer.vectors(writer.element).constant(0.0)
        with sample.elements([zero]) as element:
            v = writer.vectors(writer.element)
            other = writer.load(memory[op.z], writer.add(start, element.row), writer.element)
            product = v.mul(element.value, other)
            element.loop.following = [v.add(element.loop.carried[0], product)]
        writer.store(element.loop.results[0], writer.pointers[-1], column)
    return writer.finish(kernel.sym_name.data)


def lower_largest(kernel: KernelOp, target: Target) -> FuncOp:
    """The index of the first largest element, those that are 0 among them.

    An index that occurs twice counts with the sum of its values.
    """
    writer, _ = opened(kernel, target)
    x, y = writer.pointers
    size = type_of(kernel.inputs[0]).elements
    with samples(writer, x) as (column, sample):
        free = _first_free(writer, sample)
        v = writer.vectors(writer.element)
        full = writer.insert(arith.CmpiOp(free, writer.index(size), "eq"))
        zero, nothing = v.constant(0.0), v.constant(float("-inf"))
        best = writer.insert(arith.SelectOp(full, nothing, zero))
        with sample.elements([best, free]) as element:
            most, place = element.loop.carried
            total = _total(writer, sample, element.row)
            element.loop.following = _better(writer, total, element.row, most, place)
        writer.store(number_of(writer, element.loop.results[1]), y, column)
    return writer.finish(kernel.sym_name.data)


def _better(
    writer: Writer, value: SSAValue, row: SSAValue, most: SSAValue, place: SSAValue
) -> list[SSAValue]:
    """The larger of two elements, the first one of two that are as large."""
    v = writer.vectors(writer.element)
    one, zero = v.constant(1.0), v.constant(0.0)
    before = writer.insert(arith.CmpiOp(row, place, "slt"))
    tied = v.choose("oeq", value, most, writer.insert(arith.SelectOp(before, one, zero)), zero)
    wins = as_index(writer, v.choose("ogt", value, most, one, tied))
    won = writer.insert(arith.CmpiOp(wins, writer.index(1), "eq"))
    pairs = ((value, most), (row, place))
    return [writer.insert(arith.SelectOp(won, new, old)) for new, old in pairs]


def _total(writer: Writer, sample: Sample, row: SSAValue) -> SSAValue:
    """The sum of the values of an index."""
    zero = writer.vectors(writer.element).constant(0.0)
    with sample.elements([zero]) as other:
        v = writer.vectors(writer.element)
        same = writer.insert(arith.CmpiOp(other.row, row, "eq"))
        part = writer.insert(arith.SelectOp(same, other.value, zero))
        other.loop.following = [v.add(other.loop.carried[0], part)]
    return other.loop.results[0]


def _first_free(writer: Writer, sample: Sample) -> SSAValue:
    """The first index that does not occur: one of 0 .. count."""
    zero = writer.index(0)
    with writer.loop(zero, sample.count, 1, [zero]) as turn:
        free = turn.carried[0]
        with sample.elements([free]) as element:
            found = element.loop.carried[0]
            taken = writer.insert(arith.CmpiOp(element.row, free, "eq"))
            following = writer.add(free, 1)
            element.loop.following = [writer.insert(arith.SelectOp(taken, following, found))]
        turn.following = [element.loop.results[0]]
    return turn.results[0]
