"""Sums over samples of values that differ in several axes, by the first thread.

Each sample is computed as in a rows kernel of several axes; sums are kept in scratch memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, f64
from xdsl.ir import SSAValue

from brainscript.passes.lower.rows.axes import Nest
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.scalar_bodies import BODIES


def write_nested(program: Program, writer: Writer) -> int:
    """Zero the sums, add sample after sample, use the sums; returns the bytes of scratch memory."""
    totals = [node for node in program.nodes() if node.kind == "total"]
    for node in totals:
        node.operands = (_narrowed(node),)
    nest = Nest(program, writer)
    sums = Accumulators(nest, totals)
    with writer.when("eq", writer.tid, writer.index(0)):
        sums.clear()
        inside = _below(node.operands[0] for node in totals)
        with writer.loop(writer.index(0), writer.n, 1) as loop:
            nest.row = loop.index
            nest.write_values(inside)
            sums.add()
        nest.row = writer.index(0)
        sums.finish()
        nest.write_values(n for n in program.nodes() if n not in inside and n.kind == "map")
        nest.write_outputs()
    return sums.end * writer.bytes


def _narrowed(total: Node) -> Node:
    """What is added for each sample, reduced to the shape of the total and in memory."""
    x = total.operands[0]
    if x.shape != total.shape:
        return Node("fold", total.shape, True, (x,), "add")
    if x.kind in ("map", "fold", "load"):
        return x
    return Node("map", x.shape, True, (x,), "broadcast_to", BODIES["net.broadcast_to"])


def _below(roots: Iterable[Node]) -> dict[Node, None]:
    """The maps and folds that these values need, operands first."""
    found: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node.kind in ("map", "fold") and node not in found:
            for operand in node.operands:
                visit(operand)
            found[node] = None

    for root in roots:
        visit(root)
    return found


class Accumulators:
    """Double-precision sums in scratch memory behind the values of a nest."""

    def __init__(self, nest: Nest, totals: list[Node]):
        self.nest, self.writer, self.totals = nest, nest.writer, totals
        self.wide = VectorType(f64, [self.writer.lanes])
        self.double = self.writer.bytes == 8
        self.place: dict[Node, int] = {}
        used = nest.used * self.writer.bytes // 8
        for node in totals:
            self.place[node] = used
            used += -(-prod(node.shape) // 8) * 8
        self.end = used * 8 // self.writer.bytes

    def clear(self) -> None:
        """Set all sums to 0."""
        zero = self.writer.vectors(self.wide).constant(0.0)
        self._each(lambda node, at, count: self._set(node, at, count, zero))

    def add(self) -> None:
        """Add the values of the sample."""
        self._each(self._add)

    def finish(self) -> None:
        """Copy the sums to where the totals are looked for."""
        self._each(self._finish)

    def _each(self, write: Callable[[Node, SSAValue, SSAValue | None], None]) -> None:
        for node in self.totals:
            for at, count in self.nest.pieces(prod(node.shape)):
                write(node, at, count)

    def _get(self, node: Node, at: SSAValue, count: SSAValue | None) -> SSAValue:
        writer = self.writer
        where = writer.add(at, writer.index(self.place[node]))
        return writer.load(writer.workspace, where, self.wide, count)

    def _set(self, node: Node, at: SSAValue, count: SSAValue | None, value: SSAValue) -> None:
        writer = self.writer
        where = writer.add(at, writer.index(self.place[node]))
        writer.store(value, writer.workspace, where, count)

    def _add(self, node: Node, at: SSAValue, count: SSAValue | None) -> None:
        writer, x = self.writer, node.operands[0]
        start = self.nest.offset(x, [writer.index(0)] * len(x.shape))
        value = writer.load(self.nest.pointer(x), writer.add(start, at), None, count)
        if not self.double:
            value = writer.insert(arith.ExtFOp(value, self.wide))
        total = writer.vectors(self.wide).add(self._get(node, at, count), value)
        self._set(node, at, count, total)

    def _finish(self, node: Node, at: SSAValue, count: SSAValue | None) -> None:
        writer = self.writer
        value = self._get(node, at, count)
        if not self.double:
            value = writer.insert(arith.TruncFOp(value, writer.vector))
        where = writer.add(at, writer.index(self.nest.place[node]))
        writer.store(value, writer.workspace, where, count)
