"""Kernels over short samples: a vector holds one element of as many samples as it has lanes.

Reductions within a sample then need no work across lanes, and every lane is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.kern_rows import LoadRowsOp, StoreRowsOp
from brainscript.passes.lower.rows.folds import Folding, Partial
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer

MOST_ELEMENTS = 16
MOST_WORK = 200
"""Bounds on the elements of a sample, and on those times the operations, that are written out."""


def fits_across(program: Program) -> bool:
    """Whether the samples are short enough."""
    wide = sum(node.wide and node.kind != "load" for node in program.nodes())
    size = program.elements
    return (
        program.local
        and len(program.sizes) <= 1
        and size <= MOST_ELEMENTS
        and wide * size <= MOST_WORK
        and all(node.local for node in program.outputs)
    )


@dataclass
class _Run:
    """Elements side by side in the samples of a result: a vector for each."""

    pointer: SSAValue
    pitch: int
    begin: int
    columns: list[SSAValue]

    def is_before(self, pointer: SSAValue, pitch: int, begin: int) -> bool:
        """Whether what begins there follows at once."""
        here = (self.pointer, self.pitch, self.begin + len(self.columns))
        return here == (pointer, pitch, begin)


class Samples:
    """The values of some samples: a vector for each element, one lane for each sample."""

    def __init__(self, program: Program, writer: Writer, shared: dict[Node, Sequence[SSAValue]]):
        self.program, self.writer = program, writer
        self.values = dict(shared)

    def read(self, first: SSAValue, count: SSAValue | None) -> None:
        """Load the values of the samples from `first` on."""
        for node in self.program.nodes():
            if node.kind == "load" and node.local:
                self.values[node] = self._load(node, first, count)

    def _load(self, node: Node, first: SSAValue, count: SSAValue | None) -> Sequence[SSAValue]:
        writer, pointer = self.writer, self.writer.pointers[node.number]
        if node.pitch == 1:
            return [writer.load(pointer, first, None, count)]
        base = writer.add(writer.mul(first, node.pitch), node.start)
        values: list[SSAValue] = []
        for start, width in self._blocks(node):
            kinds = [writer.vector] * width
            op = LoadRowsOp(pointer, writer.add(base, start), node.pitch, kinds, count)
            values += writer.builder.insert(op).results
        return values

    def _blocks(self, node: Node) -> list[tuple[int, int]]:
        size = self.program.elements if node.wide else 1
        lanes = self.writer.lanes
        return [(start, min(lanes, size - start)) for start in range(0, size, lanes)]

    def write(self, first: SSAValue, count: SSAValue | None) -> None:
        """Compute all results, then store them."""
        writer = self.writer
        for node in self.program.outputs:
            self.get(node)
        for run in self._runs():
            if run.pitch == 1:
                writer.store(run.columns[0], run.pointer, first, count)
                continue
            base = writer.add(writer.mul(first, run.pitch), run.begin)
            for start in range(0, len(run.columns), writer.lanes):
                part = run.columns[start : start + writer.lanes]
                place = writer.add(base, start)
                writer.builder.insert(StoreRowsOp(part, run.pointer, place, run.pitch, count))

    def _runs(self) -> list[_Run]:
        """What is stored; parts of a splice that lie side by side are one piece."""
        runs: list[_Run] = []
        for pointer, node, view in self.program.stores(self.writer.pointers):
            values, own = self.get(node), self.program.elements if node.wide else 1
            pitch, begin = (view.pitch, view.start) if view else (own, 0)
            last = runs[-1] if runs else None
            if last is not None and last.is_before(pointer, pitch, begin):
                last.columns += values[:own]
            else:
                runs.append(_Run(pointer, pitch, begin, list(values[:own])))
        return runs

    def get(self, node: Node) -> Sequence[SSAValue]:
        """The vectors of a node: one, or one for each element of a sample."""
        if node not in self.values:
            self.values[node] = self._compute(node)
        return self.values[node]

    def element(self, node: Node, number: int) -> SSAValue:
        """One element of a value, or the only one."""
        values = self.get(node)
        return values[number if node.wide else 0]

    def _compute(self, node: Node) -> Sequence[SSAValue]:
        v = self.writer.vectors()
        size = self.program.elements if node.wide else 1
        if node.kind == "constant":
            return [v.constant(node.value)]
        if node.kind == "place":
            return [v.constant(float(i)) for i in range(size)]
        if node.kind == "fold":
            return [self._fold(node)]
        assert node.body is not None
        return [node.body(v, *(self.element(o, i) for o in node.operands)) for i in range(size)]

    def _fold(self, node: Node) -> SSAValue:
        """Halves are joined, then their halves: elements stay in order."""
        folding = Folding(node.name, self.writer)
        v = self.writer.vectors()
        parts: list[Partial] = [
            folding.leaf(x, v.constant(float(i)) if folding.places else None)
            for i, x in enumerate(self.get(node.operands[0]))
        ]
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            rest = parts[len(parts) // 2 * 2 :]
            parts = [folding.join(a, b) for a, b in pairs] + rest
        return parts[0][-1]


def write_across(program: Program, writer: Writer) -> None:
    """A loop over whole vectors of samples, then the samples left over under a mask."""
    shared = {
        node: _spread(program, writer, node)
        for node in program.nodes()
        if node.kind == "load" and not node.local
    }
    start, end = writer.share(writer.n, writer.lanes)
    blocks = writer.mul(writer.div(writer.sub(end, start), writer.lanes), writer.lanes)
    middle = writer.add(start, blocks)
    for low, high, masked in ((start, middle, False), (middle, end, True)):
        with writer.loop(low, high, writer.lanes) as loop:
            count = writer.sub(end, loop.index) if masked else None
            samples = Samples(program, writer, shared)
            samples.read(loop.index, count)
            samples.write(loop.index, count)


def _spread(program: Program, writer: Writer, node: Node) -> Sequence[SSAValue]:
    """The elements of a value that all samples share, each in all lanes."""
    size = program.elements if node.wide else 1
    pointer = writer.pointers[node.number]
    return [
        writer.spread(writer.load(pointer, writer.index(node.start + i), writer.element))
        for i in range(size)
    ]
