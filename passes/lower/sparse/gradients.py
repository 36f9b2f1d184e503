"""Gradients of tables that meet sparse samples, and moving the columns that they touch."""

from __future__ import annotations

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_native import NativeOp
from brainscript.dialects.net.sparse import (
    PutColumnsOp,
    SlotsOp,
    SparseGradientOp,
    TouchedOp,
    product_sizes,
)
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import as_index, start
from brainscript.passes.lower.sequence.samples import copy_sample
from brainscript.passes.lower.sparse.columns import (
    Element,
    Sample,
    Share,
    number_of,
    place_in,
)
from brainscript.target import Target


def lower_gradient(kernel: KernelOp, target: Target) -> FuncOp:
    """Threads share the rows of the result, so that all samples add to an element in order."""
    op = kernel.steps[0]
    assert isinstance(op, SparseGradientOp)
    writer, layouts = start(kernel, target)
    gradient = _Gradient(kernel, op, writer)
    own, axis = type_of(op.result).axis, type_of(op.x).axis
    assert axis is not None
    count = writer.index(gradient.reduced) if own is None else layouts[own].columns
    columns = layouts[axis].columns
    gradient.clear(count)
    with writer.loop(writer.index(0), columns, 1) as loop:
        sample = Sample(writer, gradient.x, loop.index)
        with sample.elements() as element:
            gradient.add(loop.index, element)
    return writer.finish(kernel.sym_name.data)


class _Gradient:
    """Writes `result[:, row] += value * g[:, column]` for this thread's rows."""

    def __init__(self, kernel: KernelOp, op: SparseGradientOp, writer: Writer):
        memory = dict(zip(kernel.inputs, writer.pointers, strict=False))
        self.writer = writer
        self.g, self.x = memory[op.g], memory[op.x]
        self.slots = None if op.slots is None else memory[op.slots]
        self.result = writer.pointers[len(kernel.inputs)]
        sizes = product_sizes(op.weights, type_of(op.x), type_of(op.g))
        self.out, self.reduced, self.rest = sizes
        self.transposed = bool(op.transposed)
        if self.transposed:
            self.first, self.last = writer.share(writer.index(self.out), 1)
        else:
            self.share = Share.of(writer, self.out)

    def clear(self, count: SSAValue) -> None:
        """Set the result to 0: `count` columns of it."""
        writer = self.writer
        if self.transposed:
            low, high = (writer.mul(at, self.reduced) for at in (self.first, self.last))
            with writer.loop(low, high, writer.lanes) as loop:
                zero = writer.vectors().constant(0.0)
                some = writer.least(writer.sub(high, loop.index), writer.lanes)
                writer.store(zero, self.result, loop.index, some)
            return
        self.share.clear(self.result, count)

    def add(self, column: SSAValue, element: Element) -> None:
        """One element of the sample of a column."""
        writer = self.writer
        row, part = place_in(writer, element.row, self.reduced, self.rest)
        of = writer.mul(writer.add(writer.mul(column, self.rest), part), self.out)
        if self.transposed:
            self._strided(row, of, element.value)
            return
        if self.slots is not None:
            row = as_index(writer, writer.load(self.slots, row, writer.element))
        to, scale = writer.mul(row, self.out), writer.spread(element.value)
        self.share.add((self.result, to), scale, (self.g, of))

    def _strided(self, row: SSAValue, of: SSAValue, value: SSAValue) -> None:
        """Of a table `[reduced x out]`, one number after the other."""
        writer = self.writer
        with writer.loop(self.first, self.last, 1) as loop:
            v = writer.vectors(writer.element)
            at = writer.add(row, writer.mul(loop.index, self.reduced))
            old = writer.load(self.result, at, writer.element)
            more = writer.load(self.g, writer.add(of, loop.index), writer.element)
            writer.store(v.add(old, v.mul(value, more)), self.result, at)


def lower_touched(kernel: KernelOp, target: Target) -> FuncOp:
    """The first thread lets the native library list the columns, one value after the other."""
    op = kernel.steps[0]
    assert isinstance(op, TouchedOp)
    writer, layouts = start(kernel, target)
    memory = dict(zip(kernel.inputs, writer.pointers, strict=False))
    found = type_of(op.result).axis
    assert found is not None
    with writer.when("eq", writer.tid, writer.index(0)):
        for number, value in enumerate(op.values):
            axis = type_of(value).axis
            assert axis is not None
            arguments = [
                layouts[found].pointer,
                memory[value],
                layouts[axis].columns,
                writer.index(op.width.value.data),
                writer.pointers[len(kernel.inputs)],
                writer.index(writer.bytes),
                writer.index(int(number == 0)),
            ]
            writer.builder.insert(NativeOp("bs_find_rows", arguments))
    return writer.finish(kernel.sym_name.data)


def lower_slots(kernel: KernelOp, target: Target) -> FuncOp:
    """`slots[index[k]] = k`; threads share the columns touched."""
    assert isinstance(kernel.steps[0], SlotsOp)
    writer = Writer(1, 1, type_of(kernel.outputs[0]).element, target)
    index, slots = writer.pointers
    first, last = writer.share(writer.n, 1)
    with writer.loop(first, last, 1) as loop:
        row = as_index(writer, writer.load(index, loop.index, writer.element))
        writer.store(number_of(writer, loop.index), slots, row)
    return writer.finish(kernel.sym_name.data)


def lower_put(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[:, index[k]] = columns[:, k]`, all else stays as it is; threads share the columns."""
    op = kernel.steps[0]
    assert isinstance(op, PutColumnsOp)
    writer = Writer(len(kernel.inputs), 1, type_of(op.result).element, target)
    memory = dict(zip(kernel.inputs, writer.pointers, strict=False))
    elements = type_of(op.columns).elements
    first, last = writer.share(writer.n, 1)
    with writer.loop(first, last, 1) as loop:
        row = as_index(writer, writer.load(memory[op.index], loop.index, writer.element))
        copy_sample(writer, elements, memory[op.columns], loop.index, writer.pointers[-1], row)
    return writer.finish(kernel.sym_name.data)
