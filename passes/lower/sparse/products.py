"""Products of a table and sparse samples: the columns that a sample names, added up."""

from __future__ import annotations

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.sparse import SparseTimesOp, sizes_of
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.samples import clear_sample, parts
from brainscript.passes.lower.sparse.columns import Sample, place_in, samples
from brainscript.target import Target

REGISTERS = 8
"""How many vectors of a result are added up side by side."""


def lower_times(kernel: KernelOp, target: Target) -> FuncOp:
    """Threads share the samples.

    A result of one column stays in registers while the elements pass by; of several columns
    (`rest`) it lies in memory.
    """
    op = kernel.steps[0]
    assert isinstance(op, SparseTimesOp)
    writer = Writer(len(kernel.inputs), 1, type_of(op.result).element, target)
    memory = dict(zip(kernel.inputs, writer.pointers, strict=False))
    out, reduced, rest = sizes_of(op.w, op.x, op.result)
    product = _Product(writer, memory[op.w], writer.pointers[-1], out, reduced, rest)
    with samples(writer, memory[op.x]) as (column, sample):
        if op.transposed:
            product.strided(column, sample)
        elif rest == 1:
            product.blocks(column, sample)
        else:
            product.scattered(column, sample)
    return writer.finish(kernel.sym_name.data)


class _Product:
    """Writes the product of one sample; w is the table, z holds the results."""

    def __init__(self, writer: Writer, w: SSAValue, z: SSAValue, out: int, reduced: int, rest: int):
        self.writer, self.w, self.z = writer, w, z
        self.out, self.reduced, self.rest = out, reduced, rest

    def blocks(self, column: SSAValue, sample: Sample) -> None:
        """Some vectors of the result at a time."""
        writer, out = self.writer, self.out
        width = REGISTERS * writer.lanes
        whole = out - out % width
        start = writer.mul(column, out)
        if whole:
            with writer.loop(writer.index(0), writer.index(whole), width) as loop:
                self._block(start, loop.index, sample, width)
        if whole < out:
            self._block(start, writer.index(whole), sample, out - whole)

    def _block(self, start: SSAValue, low: SSAValue, sample: Sample, width: int) -> None:
        """`z[low ..] = sum over the elements of value * w[low .., row]`"""
        writer = self.writer
        count = -(-width // writer.lanes)
        places = [writer.add(low, writer.index(k * writer.lanes)) for k in range(count)]
        rest = width % writer.lanes
        counts = [None] * (count - 1) + [writer.index(rest) if rest else None]
        zeros = [writer.vectors().constant(0.0)] * count
        with sample.elements(zeros) as element:
            base, scale = writer.mul(element.row, self.out), writer.spread(element.value)
            element.loop.following = [
                self._added(total, scale, writer.add(base, place), lanes)
                for total, place, lanes in zip(element.loop.carried, places, counts, strict=True)
            ]
        for total, place, lanes in zip(element.loop.results, places, counts, strict=True):
            writer.store(total, self.z, writer.add(start, place), lanes)

    def _added(
        self, total: SSAValue, scale: SSAValue, at: SSAValue, count: SSAValue | None
    ) -> SSAValue:
        v = self.writer.vectors()
        return v.add(total, v.mul(scale, self.writer.load(self.w, at, None, count)))

    def scattered(self, column: SSAValue, sample: Sample) -> None:
        """Each element adds to one of several columns."""
        writer, out = self.writer, self.out
        clear_sample(writer, out * self.rest, self.z, column)
        start = writer.mul(column, out * self.rest)
        with sample.elements() as element:
            row, part = place_in(writer, element.row, self.reduced, self.rest)
            base, scale = writer.mul(row, out), writer.spread(element.value)
            to = writer.add(start, writer.mul(part, out))
            with parts(writer, out) as (place, count):
                at = writer.add(to, place)
                old = writer.load(self.z, at, None, count)
                new = self._added(old, scale, writer.add(base, place), count)
                writer.store(new, self.z, at, count)

    def strided(self, column: SSAValue, sample: Sample) -> None:
        """Of a table `[reduced x out]`, one number after the other."""
        writer = self.writer
        clear_sample(writer, self.out * self.rest, self.z, column)
        start = writer.mul(column, self.out * self.rest)
        with sample.elements() as element:
            row, part = place_in(writer, element.row, self.reduced, self.rest)
            to = writer.add(start, writer.mul(part, self.out))
            with writer.loop(writer.index(0), writer.index(self.out), 1) as loop:
                v = writer.vectors(writer.element)
                from_ = writer.add(row, writer.mul(loop.index, self.reduced))
                weight = writer.load(self.w, from_, writer.element)
                at = writer.add(to, loop.index)
                old = writer.load(self.z, at, writer.element)
                writer.store(v.add(old, v.mul(element.value, weight)), self.z, at)
