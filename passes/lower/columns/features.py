"""One sum for each feature: threads share the features, several vectors of them at a time."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from brainscript.passes.lower.columns.sums import Sums
from brainscript.passes.lower.rows.flat import Values, compute
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer

GROUP = 4
"""Vectors of features that are summed side by side."""

Place = tuple[SSAValue, SSAValue | None]
"""The first feature of a vector, and how many of its lanes are valid (None: all)."""


class Features:
    """Writes the sums of some vectors of features, and what is done with them."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer = program, writer
        self.size = program.elements
        self.sums = Sums(program, writer)

    def write(self, places: Sequence[Place]) -> None:
        """The loop over samples for these vectors, then the results."""
        writer, sums = self.writer, self.sums
        fixed = [self._fixed(place, inside=True) for place in places]
        start = [x for _ in places for x in sums.begin()]
        with writer.loop(writer.index(0), writer.n, 1, start) as loop:
            following: list[SSAValue] = []
            width = len(sums.totals)
            base = writer.mul(loop.index, self.size)
            for number, place in enumerate(places):
                values = dict(fixed[number])
                for node in sums.loads(inside=True):
                    if node.local:
                        values[node] = self._sample(node, loop.index, base, place)
                carried = loop.carried[number * width : (number + 1) * width]
                following += sums.add(carried, sums.operands(values))
            loop.following = following
        for number, place in enumerate(places):
            self._finish(loop.results[number * width : (number + 1) * width], place)

    def _sample(self, node: Node, row: SSAValue, base: SSAValue, place: Place) -> SSAValue:
        writer, pointer = self.writer, self.writer.pointers[node.number]
        if not node.wide:
            return self.sums.spread(pointer, row)
        return self.sums.read(pointer, writer.add(base, place[0]), None, place[1])

    def _fixed(self, place: Place, *, inside: bool) -> Values:
        """What does not differ from sample to sample, for one vector of features."""
        writer, sums = self.writer, self.sums
        values: Values = {}
        for node in sums.loads(inside=inside):
            pointer = writer.pointers[node.number]
            if node.local:
                continue
            if node.wide:
                values[node] = sums.read(pointer, place[0], None, place[1])
            else:
                values[node] = sums.spread(pointer, writer.index(0))
        return values

    def _finish(self, totals: Sequence[SSAValue], place: Place) -> None:
        writer, sums = self.writer, self.sums
        values = self._fixed(place, inside=False)
        for node, total in zip(sums.totals, totals, strict=True):
            values[node] = sums.lanes(total)
        v = writer.vectors(sums.precision.vector)
        results = [(pointer, compute(node, values, v)) for pointer, node in sums.outputs()]
        for pointer, value in results:
            sums.store(value, pointer, place[0], place[1])


def write_features(program: Program, writer: Writer) -> None:
    """Few features: all by the first thread; else groups of vectors, then single ones, masked."""
    features = Features(program, writer)
    size, lanes = program.elements, writer.lanes
    if size <= GROUP * lanes:
        with writer.when("eq", writer.tid, writer.index(0)):
            features.write([static_place(writer, size, at) for at in range(0, size, lanes)])
        return
    start, end = writer.share(writer.index(size), lanes)
    step = GROUP * lanes
    blocks = writer.mul(writer.div(writer.sub(end, start), step), step)
    middle = writer.add(start, blocks)
    with writer.loop(start, middle, step) as loop:
        places = [(writer.add(loop.index, part * lanes), None) for part in range(GROUP)]
        features.write(places)
    with writer.loop(middle, end, lanes) as loop:
        features.write([(loop.index, writer.sub(end, loop.index))])


def static_place(writer: Writer, size: int, at: int) -> Place:
    """The vector at a known feature."""
    left = size - at
    return writer.index(at), None if left >= writer.lanes else writer.index(left)
