"""The kernel of `net.pool_back`: what its writers share, and those that go window by window."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from brainscript.dialects.net.pooling import PoolBackOp
from brainscript.passes.lower.convolution.frame import positions
from brainscript.passes.lower.convolution.pooling.epilogue import Epilogue
from brainscript.passes.lower.convolution.pooling.plane import Chunk, Many
from brainscript.passes.lower.convolution.pooling.writer import LOWEST, PlaneWriter
from brainscript.passes.lower.gemm.code import Index


class Back(PlaneWriter):
    """The operands, what a window hands on, and the way out of a room."""

    room: SSAValue | None = None
    epilogue: Epilogue

    def prepare(self) -> None:
        """A room for x with its padding, and the divisors of means."""
        self.epilogue = Epilogue(self.frame, self.op)
        if self.is_max and not self.plane.direct:
            self.room = self.filled_room(self.plane.room, LOWEST)
        self.count_windows()

    def operands(self, number: SSAValue) -> tuple[SSAValue, SSAValue | None]:
        """A plane of the gradient, and one of x to look for winners in."""
        op = self.op
        assert isinstance(op, PoolBackOp)
        gradient = self.at(op.g, number, self.plane.windows)
        return gradient, None if op.x is None else self.source(op.x, number, self.room)

    def handed_on(
        self,
        operands: tuple[SSAValue, SSAValue | None],
        window: Index,
        place: Index,
        count: Index | None,
        places: Sequence[Index],
    ) -> tuple[SSAValue, SSAValue | None]:
        """What a vector of windows hands on, and to which of its elements; None: to all."""
        gradient, source = operands
        g = self.frame.code.load(gradient, window, self.frame.vector, count)
        if source is None:
            return self.vectors.div(g, self.divisor(places, count)), None
        return g, self.winner(source, place, count)

    def part(self, g: SSAValue, winner: SSAValue | None, step: Index) -> SSAValue:
        """What the element at a step of its window gets."""
        if winner is None:
            return g
        v = self.vectors
        return v.choose("oeq", winner, self.number(step), g, v.constant(0.0))

    def leave(
        self, number: SSAValue, room: SSAValue, before: Sequence[int], lengths: Sequence[int]
    ) -> None:
        """Finish what lies in a room, row by row.

        `before` is where the plane begins along each axis of the room, `lengths` are its sizes.
        """
        frame, code = self.frame, self.frame.code
        sizes = [a.size for a in self.plane.axes]
        whole = sizes[0] // frame.lanes * frame.lanes
        plane = code.multiply(number, self.plane.size)
        with code.loop(0, prod(sizes[1:]), hint="row") as row:
            start: Index = before[0]
            for d, place in enumerate(positions(code, row, sizes[1:]), 1):
                moved = code.multiply(code.add(place, before[d]), prod(lengths[:d]))
                start = code.add(start, moved)
            base = code.add(plane, code.multiply(row, sizes[0]))

            def move(i: Index, count: int | None) -> None:
                value = code.load(room, code.add(start, i), frame.vector, count)
                self.epilogue.write(value, code.add(base, i), count)

            with code.loop(0, whole, frame.lanes, hint="i") as i:
                move(i, None)
            if whole < sizes[0]:
                move(whole, sizes[0] - whole)


class Tiles(Back):
    """Windows that hold every element once: each vector of windows writes its elements."""

    def write_plane(self, number: SSAValue) -> None:
        """The elementwise rest reads its operands as the elements lie in the windows."""
        code, size = self.frame.code, self.plane.size
        operands = self.operands(number)
        plane = code.multiply(number, size)
        targets = [code.offset(p, plane, self.frame.element) for p in self.frame.outputs]

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            g, winner = self.handed_on(operands, window, place, count, places)

            def step(chunk: Chunk, distance: Index, first: Index, held: Many) -> Many:
                at = code.add(place, distance)
                memory: dict[SSAValue, list[SSAValue]] = {}

                def column(pointer: SSAValue, k: int) -> SSAValue:
                    if pointer not in memory:
                        own = code.offset(pointer, plane, self.frame.element)
                        memory[pointer] = self.load(own, at, chunk, count)
                    return memory[pointer][k]

                results = [
                    self.epilogue.results(
                        self.part(g, winner, code.add(first, k)),
                        lambda _, pointer, k=k: column(pointer, k),
                    )
                    for k in range(chunk.steps)
                ]
                for target, columns in zip(targets, zip(*results, strict=True), strict=True):
                    self.store(columns, target, at, count)
                return held

            self.each([], step)

        self.windows(write)


class Scatter(Back):
    """Windows far apart: each adds to what others have written to a room."""

    target: SSAValue

    def prepare(self) -> None:
        """A room for the result too."""
        super().prepare()
        self.target = self.reserve(self.plane.room)

    def write_plane(self, number: SSAValue) -> None:
        """Zeros, then window after window."""
        code, plane, target = self.frame.code, self.plane, self.target
        operands = self.operands(number)
        self.fill(target, plane.room, 0.0)

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            g, winner = self.handed_on(operands, window, place, count, places)

            def step(chunk: Chunk, distance: Index, first: Index, held: Many) -> Many:
                at = code.add(place, distance)
                columns = self.load(target, at, chunk, count)
                for k in range(chunk.steps):
                    part = self.part(g, winner, code.add(first, k))
                    columns[k] = self.vectors.add(columns[k], part)
                self.store(columns, target, at, count)
                return held

            self.each([], step)

        self.windows(write)
        self.leave(number, target, plane.before, plane.lengths)
