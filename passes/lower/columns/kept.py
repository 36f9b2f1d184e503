"""Sums over samples and over some of their axes, for each element along the other axes.

Threads share what is kept, so every sum is made by one thread, in one order. A unit is one element
of what is kept, or a vector of them where the first axis is kept. Some units at a time go over all
samples; their sums lie in scratch memory, a vector in double precision for each, and what is done
with a sum follows when it is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, f64
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.dialects.kern_rows import FillOp
from brainscript.passes.lower.columns.precision import Precision
from brainscript.passes.lower.rows.axes import Nest, strides
from brainscript.passes.lower.rows.flat import Values
from brainscript.passes.lower.rows.graph import Node, Program, made_of
from brainscript.passes.lower.rows.writer import Writer

BLOCK = 32
"""Units whose sums are in scratch memory at a time."""
UNROLL = 2
"""Vectors along the first axis that are added side by side."""

Sums = list[SSAValue]


def write_kept(program: Program, writer: Writer) -> int:
    """The loops of a kernel; returns its bytes of scratch memory."""
    kept = Kept(program, writer)
    start, end = writer.share(writer.index(kept.units), 1)
    with writer.loop(start, end, BLOCK) as block:
        low = block.index
        high = writer.least(writer.add(low, BLOCK), end)
        kept.clear()
        with writer.loop(writer.index(0), writer.n, 1) as sample:
            kept.nest.row = sample.index
            with writer.loop(low, high, 1) as unit:
                kept.add(unit.index, writer.sub(unit.index, low))
        kept.nest.row = writer.index(0)
        with writer.loop(low, high, 1) as unit:
            kept.finish(unit.index, writer.sub(unit.index, low))
    return kept.bytes


class Kept:
    """Writes what is done for one unit: `shape` is that of all totals, 1 along what is summed."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer = program, writer
        self.totals = [node for node in program.nodes() if node.kind == "total"]
        self.shape = self.totals[0].shape
        self.nest = Nest(program, writer, keeps=False)
        self.precision = Precision(program, writer)
        self.wide = VectorType(f64, [writer.lanes])
        self.by_vector = self.shape[0] > 1
        self.first = -(-self.shape[0] // writer.lanes) if self.by_vector else 1
        self.units = self.first * prod(self.shape[1:])
        self.bytes = BLOCK * len(self.totals) * writer.lanes * 8

    @property
    def summed(self) -> list[int]:
        """The axes within a sample that are summed, the slowest first."""
        sizes = self.program.sizes
        return [d for d in range(len(sizes)) if self.shape[d] < sizes[d]][::-1]

    def clear(self) -> None:
        """Set all sums to 0."""
        writer = self.writer
        zero = writer.vectors(self.wide).constant(0.0)
        count = writer.index(BLOCK * len(self.totals) * writer.lanes)
        with writer.loop(writer.index(0), count, writer.lanes) as loop:
            writer.store(zero, writer.workspace, loop.index)

    def add(self, unit: SSAValue, place: SSAValue) -> None:
        """Add what a sample has for a unit."""
        writer = self.writer
        at, count = self._indices(unit)
        fixed: Values = {}
        for node in made_of(total.operands[0] for total in self.totals):
            if all(node.shape[d] == 1 for d in self.summed):
                self._value(node, at, count, fixed)
        spots = [self._spot(place, number) for number in range(len(self.totals))]
        sums = [writer.load(writer.workspace, spot, self.wide) for spot in spots]
        for spot, total in zip(
            spots, self._scan(self.summed, at, sums, (count, fixed)), strict=True
        ):
            writer.store(total, writer.workspace, spot)

    def finish(self, unit: SSAValue, place: SSAValue) -> None:
        """Use the sums of a unit and write its results."""
        writer, precision = self.writer, self.precision
        at, count = self._indices(unit)
        kind = precision.vector if self.by_vector else precision.element
        values: Values = {}
        for number, node in enumerate(self.totals):
            total = writer.load(writer.workspace, self._spot(place, number), self.wide)
            if not self.by_vector:
                total = writer.insert(ReduceOp("add", total))
            values[node] = precision.cut(total, kind)
        outputs = self.program.stores(writer.pointers)
        results = [self._result(node, at, count, values) for _, node, _ in outputs]
        for (pointer, node, _), value in zip(outputs, results, strict=True):
            where = self.nest.moved(writer.index(0), at, strides(node.shape))
            stored = writer.vector if self.by_vector else writer.element
            writer.store(precision.cut(value, stored), pointer, where, count)

    def _indices(self, unit: SSAValue) -> tuple[list[SSAValue], SSAValue | None]:
        """Where a unit begins along every axis, and the valid lanes where not all are."""
        writer, (first, *others) = self.writer, self.shape
        rest, count = unit, None
        at = [writer.index(0)] * len(self.shape)
        if self.by_vector:
            rest = writer.div(unit, self.first)
            inner = writer.sub(unit, writer.mul(rest, self.first))
            at[0] = writer.mul(inner, writer.lanes)
            if first % writer.lanes:
                count = writer.least(writer.sub(writer.index(first), at[0]), writer.lanes)
        sizes = [(d, size) for d, size in enumerate(others, 1) if size > 1]
        for d, size in sizes[:-1]:
            outer = writer.div(rest, size)
            at[d] = writer.sub(rest, writer.mul(outer, size))
            rest = outer
        for d, _ in sizes[-1:]:
            at[d] = rest
        return at, count

    def _spot(self, place: SSAValue, number: int) -> SSAValue:
        lanes = self.writer.lanes
        base = self.writer.mul(place, len(self.totals) * lanes)
        return self.writer.add(base, number * lanes) if number else base

    def _value(
        self, node: Node, at: Sequence[SSAValue], count: SSAValue | None, values: Values
    ) -> SSAValue:
        """The vector of a value that begins at `at`, in the precision of the sums."""
        if node not in values:
            v = self.writer.vectors(self.precision.vector)
            if node.kind == "constant":
                values[node] = v.constant(node.value)
            elif node.kind == "load":
                values[node] = self.precision.widen(self.nest.read(node, at, count))
            else:
                assert node.body is not None, node
                operands = [self._value(o, at, count, values) for o in node.operands]
                values[node] = node.body(v, *operands)
        return values[node]

    def _result(
        self, node: Node, at: Sequence[SSAValue], count: SSAValue | None, values: Values
    ) -> SSAValue:
        """A value that is made of sums: of vectors, or a number where a unit is one element."""
        if self.by_vector:
            return self._value(node, at, count, values)
        if node not in values:
            writer = self.writer
            v = writer.vectors(self.precision.element)
            if node.kind == "constant":
                values[node] = v.constant(node.value)
            elif node.kind == "load":
                where, pointer = self.nest.offset(node, at), self.nest.pointer(node)
                values[node] = self.precision.widen(writer.load(pointer, where, writer.element))
            else:
                assert node.body is not None, node
                operands = [self._result(o, at, count, values) for o in node.operands]
                values[node] = node.body(v, *operands)
        return values[node]

    def _scan(
        self,
        axes: Sequence[int],
        at: list[SSAValue],
        sums: Sums,
        known: tuple[SSAValue | None, Values],
    ) -> Sums:
        """The sums after loops over `axes`; `known` are the valid lanes and what is fixed."""
        writer = self.writer
        if not axes:
            return self._join(at, sums, known)
        axis, rest = axes[0], axes[1:]
        size, at = self.program.sizes[axis], list(at)
        if axis == 0:
            return self._scan_vectors(at, sums, known[1])
        with writer.loop(writer.index(0), writer.index(size), 1, sums) as loop:
            at[axis] = loop.index
            loop.following = self._scan(rest, at, list(loop.carried), known)
        return list(loop.results)

    def _scan_vectors(self, at: list[SSAValue], sums: Sums, fixed: Values) -> Sums:
        """The sums after the vectors along the first axis: several at a time, single, masked."""
        writer, size, lanes = self.writer, self.program.sizes[0], self.writer.lanes
        turns = size // (UNROLL * lanes) * UNROLL * lanes
        parts = [sums] + [self._zeros() for _ in range(UNROLL - 1)]
        if turns:
            flat = [x for part in parts for x in part]
            low, high = writer.index(0), writer.index(turns)
            with writer.loop(low, high, UNROLL * lanes, flat) as loop:
                following: Sums = []
                for u in range(UNROLL):
                    place = [writer.add(loop.index, u * lanes), *at[1:]]
                    held = list(loop.carried[u * len(sums) : (u + 1) * len(sums)])
                    following += self._join(place, held, (None, fixed))
                loop.following = following
            parts = [list(loop.results[u * len(sums) :][: len(sums)]) for u in range(UNROLL)]
        for number, begin in enumerate(range(turns, size, lanes)):
            count = writer.index(size - begin) if size - begin < lanes else None
            part = parts[number % UNROLL]
            place = [writer.index(begin), *at[1:]]
            parts[number % UNROLL] = self._join(place, part, (count, fixed))
        v = writer.vectors(self.wide)
        total = parts[0]
        for part in parts[1:]:
            total = [v.add(a, b) for a, b in zip(total, part, strict=True)]
        return total

    def _zeros(self) -> Sums:
        return [self.writer.vectors(self.wide).constant(0.0) for _ in self.totals]

    def _join(
        self, at: Sequence[SSAValue], sums: Sums, known: tuple[SSAValue | None, Values]
    ) -> Sums:
        """The sums with one vector of every operand added."""
        writer, (count, fixed) = self.writer, known
        values, found = dict(fixed), Sums()
        for node, total in zip(self.totals, sums, strict=True):
            value = self._value(node.operands[0], at, count, values)
            if count is not None and not self.by_vector:
                zero = writer.vectors(self.precision.vector).constant(0.0)
                value = writer.insert(FillOp(value, count, zero))
            value = self._double(value)
            found.append(writer.vectors(self.wide).add(total, value))
        return found

    def _double(self, value: SSAValue) -> SSAValue:
        kind: Attribute = value.type
        if kind == self.wide:
            return value
        return self.writer.insert(arith.ExtFOp(value, self.wide))
