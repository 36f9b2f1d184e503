"""Kernels whose samples fit into a few vector registers: one sample per turn of the loop."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from brainscript.dialects.kern_rows import FillOp
from brainscript.passes.lower.rows.folds import IDENTITY, Folding, lane_numbers
from brainscript.passes.lower.rows.graph import Node, Program, View
from brainscript.passes.lower.rows.writer import Writer

MOST_VECTORS = 8
MOST_WORK = 240
"""Bounds on the vectors of a sample, and on those times the nodes, that are written out."""
PAIR = 2
"""Samples that are worked on side by side, so that one need not wait for its reductions."""


def fits_registers(program: Program, lanes: int) -> bool:
    """Whether a whole sample is held in registers."""
    vectors = -(-program.elements // lanes)
    wide = sum(node.wide and node.kind != "load" for node in program.nodes())
    return len(program.sizes) <= 1 and vectors <= MOST_VECTORS and vectors * wide <= MOST_WORK


class Sample:
    """The values of one sample while its code is written: vectors if wide, else one scalar."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer = program, writer
        self.row: SSAValue = writer.index(0)
        self.count = -(-program.elements // writer.lanes)
        self.tail = program.elements - (self.count - 1) * writer.lanes
        self.values: dict[Node, Sequence[SSAValue]] = {}
        self.spread: dict[Node, SSAValue] = {}

    def at(self, row: SSAValue) -> Sample:
        """Another sample, with what it shares with this one."""
        other = Sample(self.program, self.writer)
        other.row, other.values = row, dict(self.values)
        return other

    def part_count(self, part: int) -> SSAValue | None:
        """The number of valid lanes of a vector, None when all are."""
        whole = part < self.count - 1 or self.tail == self.writer.lanes
        return None if whole else self.writer.index(self.tail)

    def offset(self, node: Node) -> SSAValue:
        """Where the sample begins in the memory of a value."""
        if not node.local:
            return self.writer.index(node.start)
        return self.writer.add(self.writer.mul(self.row, node.pitch), node.start)

    def load(self, node: Node) -> Sequence[SSAValue]:
        """Read a value of this sample."""
        writer, pointer = self.writer, self.writer.pointers[node.number]
        base = self.offset(node)
        if not node.wide:
            return [writer.load(pointer, base, writer.element)]
        return [
            writer.load(pointer, writer.add(base, p * writer.lanes), None, self.part_count(p))
            for p in range(self.count)
        ]

    def store(self, node: Node, pointer: SSAValue, view: View | None) -> None:
        """Write a value of this sample."""
        writer, values = self.writer, self.get(node)
        pitch, start = (view.pitch, view.start) if view else (prod(node.shape), 0)
        base = writer.add(writer.mul(self.row, pitch), start) if node.local else writer.index(start)
        if not node.wide:
            writer.store(values[0], pointer, base)
            return
        for p in range(self.count):
            at = writer.add(base, p * writer.lanes)
            writer.store(values[p], pointer, at, self.part_count(p))

    def get(self, node: Node) -> Sequence[SSAValue]:
        """The value of a node, computed when it is asked for first."""
        if node not in self.values:
            self.values[node] = self._compute(node)
        return self.values[node]

    def part(self, node: Node, part: int) -> SSAValue:
        """One vector of a value; a scalar is spread."""
        if node.wide:
            return self.get(node)[part]
        if node.kind == "constant":
            return self.writer.vectors().constant(node.value)
        if node not in self.spread:
            self.spread[node] = self.writer.spread(self.get(node)[0])
        return self.spread[node]

    def _compute(self, node: Node) -> Sequence[SSAValue]:
        writer = self.writer
        if node.kind == "load":
            return self.load(node)
        if node.kind == "constant":
            return [writer.vectors(writer.element).constant(node.value)]
        if node.kind == "place":
            return [lane_numbers(writer, p * writer.lanes) for p in range(self.count)]
        if node.kind == "fold":
            return [self._fold(node)]
        assert node.body is not None
        if not node.wide:
            v = writer.vectors(writer.element)
            return [node.body(v, *(self.get(o)[0] for o in node.operands))]
        return [
            node.body(writer.vectors(), *(self.part(o, p) for o in node.operands))
            for p in range(self.count)
        ]

    def _fold(self, node: Node) -> SSAValue:
        writer = self.writer
        folding = Folding(node.name, writer)
        parts = list(self.get(node.operands[0]))
        count = self.part_count(self.count - 1)
        if count is not None:
            rest = writer.vectors().constant(IDENTITY[node.name])
            parts[-1] = writer.insert(FillOp(parts[-1], count, rest))
        leaves = [
            folding.leaf(x, lane_numbers(writer, p * writer.lanes) if folding.places else None)
            for p, x in enumerate(parts)
        ]
        return folding.finish(folding.join_all(leaves))


def write_registers(program: Program, writer: Writer) -> None:
    """Pairs of samples while there are two, step by step side by side; then the last one."""
    total = writer.n if program.local else writer.index(1)
    start, end = writer.share(total, max(1, 64 // program.elements))
    shared = Sample(program, writer)
    for node in program.nodes():
        if node.kind == "load" and not node.local:
            shared.values[node] = shared.load(node)
    middle = start
    if program.local:
        pairs = writer.mul(writer.div(writer.sub(end, start), PAIR), PAIR)
        middle = writer.add(start, pairs)
        with writer.loop(start, middle, PAIR) as loop:
            rows = [writer.add(loop.index, i) for i in range(PAIR)]
            _write_samples(program, [shared.at(row) for row in rows])
    with writer.loop(middle, end, 1) as loop:
        _write_samples(program, [shared.at(loop.index)])


def _write_samples(program: Program, samples: Sequence[Sample]) -> None:
    """Loads, then all arithmetic, then stores."""
    nodes = program.nodes()
    for node in [*(n for n in nodes if n.kind == "load"), *nodes]:
        for sample in samples:
            sample.get(node)
    for sample in samples:
        for pointer, node, view in program.stores(sample.writer.pointers):
            sample.store(node, pointer, view)
