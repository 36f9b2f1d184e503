"""Kernels over long samples: several passes over each sample, cut where a reduction must be known.

Softmax takes three: the maximum; the exponentials, which are kept, and their sum; the quotients.
What is kept lies where a result of the sample will lie, or in scratch memory. Results that all
samples share are written in the last pass only, so they may lie where an operand lay; those of
each sample never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from brainscript.dialects.kern import PrefetchOp
from brainscript.dialects.kern_rows import FillOp
from brainscript.passes.lower.rows.folds import (
    IDENTITY,
    Folding,
    Partial,
    as_number,
    lane_numbers,
)
from brainscript.passes.lower.rows.graph import Node, Program, View
from brainscript.passes.lower.rows.writer import Writer

UNROLL = 4
SMALL_BODY = 24
"""Passes of at most this many nodes are written out `UNROLL` times per turn."""
LONG = 16384
"""From this many bytes of a sample on, memory is asked for while a pass computes."""
NEVER = -1
"""The level of what no pass computes."""
AHEAD = 2048
"""Bytes of a sample by which memory is asked for before it is read."""


class Plan:
    """Which pass computes what, and what is kept from pass to pass."""

    def __init__(self, program: Program):
        self.program = program
        self.level: dict[Node, int] = {}
        for node in program.nodes():
            levels = [self.level[o] for o in node.operands]
            self.level[node] = max(levels, default=0) + (node.kind == "fold")
        self.folds = [node for node in program.nodes() if node.kind == "fold"]
        self.wide_outputs = [node for node in program.outputs if node.wide]
        self.last = max((self.level[f] - 1 for f in self.folds), default=-1)
        if self.wide_outputs:
            self.last = max(self.last, *(self.level[o] for o in self.wide_outputs))
        self.kept: dict[Node, int] = {}
        self._delay_sums()
        self._choose_kept()

    def ahead(self, number: int) -> tuple[list[Node], list[Node]]:
        """What a pass asks memory for: what it is the first to read of this sample, and, in the
        second one, what the first will read of the next sample."""
        known = {n for k in range(number) for n in self._reads(k)}
        here = [n for n in self._reads(number) if n not in known]
        return here, self._reads(0) if number == 1 else []

    def _reads(self, number: int) -> list[Node]:
        return [n for n in self.needed(number) if n.kind == "load" and n.local]

    def roots(self, number: int) -> list[Node]:
        """The wide values that a pass must have."""
        roots = [f.operands[0] for f in self.folds if self.level[f] == number + 1]
        return roots + (self.wide_outputs if number == self.last else [])

    def needed(self, number: int) -> dict[Node, None]:
        """The wide values that a pass computes, operands first; kept ones of before are read."""
        found: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node in found or not node.wide or self.is_read(node, number):
                return
            for operand in node.operands if node.kind == "map" else ():
                visit(operand)
            found[node] = None

        for root in self.roots(number):
            visit(root)
        return found

    def is_read(self, node: Node, number: int) -> bool:
        """Whether the pass finds the value in scratch memory."""
        return node in self.kept and self.kept[node] < number

    def _delay_sums(self) -> None:
        """What is read is reduced in a pass that reads it anyway, if none before needs the result.

        So labels are added up where the loss is, not while the largest score is looked for.
        """
        needed: dict[Node, int] = {}
        end = self.last + 1
        for node in reversed(self.program.nodes()):
            first = self.level[node] if node.wide else needed.get(node, end)
            for operand in node.operands:
                needed[operand] = min(first, needed.get(operand, end))
        for fold in self.folds:
            (x,), earliest = fold.operands, self.level[fold]
            if x.kind == "load":
                self.level[fold] = NEVER
                passes = range(earliest - 1, needed.get(fold, end))
                chosen = (k for k in passes if x in self.needed(k))
                self.level[fold] = next(chosen, earliest - 1) + 1

    def _choose_kept(self) -> None:
        made: dict[Node, int] = {}
        for number in range(self.last + 1):
            for node in self.needed(number):
                if node.costly:
                    first = made.setdefault(node, number)
                    if first < number:
                        self.kept[node] = first

    def homes(self) -> dict[Node, int]:
        """The results in whose memory values are kept, by number, while there are any."""
        outputs = enumerate(self.program.outputs)
        free = [number for number, node in outputs if node.wide and node.local]
        return dict(zip(self.kept, free, strict=False))


class Passes:
    """Writes the passes over one sample."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer, self.plan = program, writer, Plan(program)
        self.elements = prod(program.sizes)
        self.stride = -(-self.elements * writer.bytes // 64) * 64 // writer.bytes
        self.homes = self.plan.homes()
        rest = [node for node in self.plan.kept if node not in self.homes]
        self.place_of = {node: i for i, node in enumerate(rest)}
        self.row: SSAValue = writer.index(0)
        self.scalars: dict[Node, SSAValue] = {}
        self.spread: dict[Node, SSAValue] = {}

    @property
    def workspace(self) -> int:
        """Bytes of scratch memory."""
        return len(self.place_of) * self.stride * self.writer.bytes

    def base(self, node: Node) -> SSAValue:
        """Where this sample begins in the memory of a value."""
        if node.kind != "load":
            return self.place(node, None)
        if not node.local:
            return self.writer.index(node.start)
        return self.writer.add(self.writer.mul(self.row, node.pitch), node.start)

    def place(self, node: Node, view: View | None) -> SSAValue:
        """Where this sample of a result begins."""
        writer = self.writer
        pitch, start = (view.pitch, view.start) if view else (prod(node.shape), 0)
        return writer.add(writer.mul(self.row, pitch), start) if node.local else writer.index(start)

    def kept(self, node: Node) -> tuple[SSAValue, SSAValue]:
        """Where a value is kept: the pointer, and where this sample begins there."""
        writer = self.writer
        if node in self.place_of:
            return writer.workspace, writer.index(self.place_of[node] * self.stride)
        pointer, result, view = self.program.stores(writer.pointers)[self.homes[node]]
        return pointer, self.place(result, view)

    def scalar(self, node: Node) -> SSAValue:
        """A value of one element, computed when it is asked for first."""
        writer = self.writer
        if node.kind == "constant":
            return writer.vectors(writer.element).constant(node.value)
        if node not in self.scalars:
            if node.kind == "load":
                pointer = writer.pointers[node.number]
                self.scalars[node] = writer.load(pointer, self.base(node), writer.element)
            else:
                assert node.body is not None
                v = writer.vectors(writer.element)
                self.scalars[node] = node.body(v, *(self.scalar(o) for o in node.operands))
        return self.scalars[node]

    def write(self) -> None:
        """All passes over the sample, then the results of one element."""
        for number in range(self.plan.last + 1):
            self._write_pass(number)
        for pointer, node, view in self.program.stores(self.writer.pointers):
            if not node.wide:
                self.writer.store(self.scalar(node), pointer, self.place(node, view))

    def _write_pass(self, number: int) -> None:
        """Whole vectors in a loop, those left over and the masked end written out."""
        writer, nodes = self.writer, self.plan.needed(number)
        self._prepare(nodes, number)
        folds = [f for f in self.plan.folds if self.plan.level[f] == number + 1]
        foldings = [Folding(f.name, writer) for f in folds]
        unroll = UNROLL if len(nodes) <= SMALL_BODY else 1
        whole = self.elements // writer.lanes
        parts = [[folding.begin() for _ in range(unroll)] for folding in foldings]
        turns = whole // unroll * unroll * writer.lanes
        if turns:
            flat = [x for group in parts for partial in group for x in partial]
            low, high = writer.index(0), writer.index(turns)
            with writer.loop(low, high, unroll * writer.lanes, flat) as loop:
                inside = _regroup(parts, loop.carried)
                for u in range(unroll):
                    at = writer.add(loop.index, u * writer.lanes)
                    self._write_vector(number, folds, foldings, inside, u, at, None)
                loop.following = [x for group in inside for partial in group for x in partial]
            parts = _regroup(parts, loop.results)
        for at in range(turns, self.elements, writer.lanes):
            left = self.elements - at
            count = writer.index(left) if left < writer.lanes else None
            self._write_vector(number, folds, foldings, parts, 0, writer.index(at), count)
        for fold, folding, group in zip(folds, foldings, parts, strict=True):
            self.scalars[fold] = folding.finish(folding.join_all(group))

    def _prepare(self, nodes: dict[Node, None], number: int) -> None:
        """Spread the scalars that the pass needs, before its loop."""
        for node in nodes:
            for operand in node.operands if node.kind == "map" else ():
                if not operand.wide and operand.kind != "constant" and operand not in self.spread:
                    self.spread[operand] = self.writer.spread(self.scalar(operand))

    def _write_vector(
        self,
        number: int,
        folds: list[Node],
        foldings: list[Folding],
        parts: list[list[Partial]],
        u: int,
        at: SSAValue,
        count: SSAValue | None,
    ) -> None:
        self._ask_ahead(number, at)
        vector = Vector(self, number, at, count)
        for fold, folding, group in zip(folds, foldings, parts, strict=True):
            leaf = folding.leaf(
                vector.masked(fold.operands[0], IDENTITY[fold.name]),
                vector.place() if folding.places else None,
            )
            group[u] = folding.join(group[u], leaf)
        if number != self.plan.last:
            return
        stores = [s for s in self.program.stores(self.writer.pointers) if s[1].wide]
        results = [vector.get(node) for _, node, _ in stores]
        for (pointer, node, view), value in zip(stores, results, strict=True):
            where = self.writer.add(self.place(node, view), at)
            self.writer.store(value, pointer, where, count)

    def _ask_ahead(self, number: int, at: SSAValue) -> None:
        """Let memory that is needed soon come while this pass computes."""
        writer = self.writer
        if self.elements * writer.bytes < LONG or not self.program.local:
            return
        here, following = self.plan.ahead(number)
        distances = [(node, AHEAD // writer.bytes) for node in here]
        distances += [(node, node.pitch) for node in following]
        for node, distance in distances:
            where = writer.add(writer.add(self.base(node), distance), at)
            writer.builder.insert(PrefetchOp(writer.pointers[node.number], where, writer.element))


class Vector:
    """One vector of every value of a pass, at element `at` of the sample."""

    def __init__(self, passes: Passes, number: int, at: SSAValue, count: SSAValue | None):
        self.passes, self.number, self.at, self.count = passes, number, at, count
        self.values: dict[Node, SSAValue] = {}

    def get(self, node: Node) -> SSAValue:
        """The vector of a node."""
        if node not in self.values:
            self.values[node] = self._compute(node)
        return self.values[node]

    def masked(self, node: Node, rest: float) -> SSAValue:
        """The vector, with `rest` in the lanes behind the end of the sample."""
        value, writer = self.get(node), self.passes.writer
        if self.count is None:
            return value
        return writer.insert(FillOp(value, self.count, writer.vectors().constant(rest)))

    def place(self) -> SSAValue:
        """The numbers of the lanes as elements of the sample."""
        passes = self.passes
        writer = passes.writer
        first = as_number(writer, self.at)
        return writer.vectors().add(writer.spread(first), lane_numbers(writer))

    def _compute(self, node: Node) -> SSAValue:
        passes, writer = self.passes, self.passes.writer
        if node.kind == "constant":
            return writer.vectors().constant(node.value)
        if not node.wide:
            return passes.spread[node]
        if passes.plan.is_read(node, self.number):
            return writer.load(*self._kept(node), None, self.count)
        if node.kind == "load":
            where = writer.add(passes.base(node), self.at)
            return writer.load(writer.pointers[node.number], where, None, self.count)
        if node.kind == "place":
            return self.place()
        assert node.body is not None
        value = node.body(writer.vectors(), *(self.get(o) for o in node.operands))
        if passes.plan.kept.get(node) == self.number:
            writer.store(value, *self._kept(node), self.count)
        return value

    def _kept(self, node: Node) -> tuple[SSAValue, SSAValue]:
        pointer, base = self.passes.kept(node)
        return pointer, self.passes.writer.add(base, self.at)


def _regroup(like: list[list[Partial]], values: Sequence[SSAValue]) -> list[list[Partial]]:
    """Values in the order of `like`, grouped as it is."""
    rest = iter(values)
    return [[tuple(next(rest) for _ in partial) for partial in group] for group in like]


def write_staged(program: Program, writer: Writer) -> int:
    """A loop over the samples of this thread; returns the bytes of scratch memory."""
    passes = Passes(program, writer)
    start, end = writer.share(writer.n if program.local else writer.index(1), 1)
    with writer.loop(start, end, 1) as loop:
        passes.row = loop.index
        passes.write()
    return passes.workspace
