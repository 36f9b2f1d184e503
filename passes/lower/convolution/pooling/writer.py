"""What the kernels of all poolings share: planes for this thread, rooms with padding, divisors."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from brainscript.dialects.net.convolution import WindowOp
from brainscript.dialects.net.pooling import MAX, PoolWindowsOp
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.pooling.plane import (
    Chunk,
    Many,
    Plane,
    Walker,
    planes_of,
)
from brainscript.passes.lower.gemm.code import Index

LOWEST = float("-inf")


class PlaneWriter(Walker):
    """Writes one kernel. Rooms are planes with padding in scratch memory."""

    def __init__(self, frame: Frame, op: WindowOp):
        axes, self.planes = planes_of(op.axes)
        super().__init__(frame, Plane(axes, frame.lanes))
        self.op = op
        self.used = 0
        self.bytes = frame.element.bitwidth // 8
        self.is_max = not isinstance(op, PoolWindowsOp) or op.kind.data == MAX
        self.counts: SSAValue | None = None

    def write(self) -> None:
        """All planes of all samples that are this thread's."""
        frame, code = self.frame, self.frame.code
        first, last = frame.share(code.multiply(frame.samples(self.op.result), self.planes))
        with code.when(code.compare("slt", first, last)):
            self.prepare()
            with code.loop(first, last, hint="plane") as number:
                self.write_plane(number)

    def prepare(self) -> None:
        """What is done once: rooms filled with padding, tables."""

    def write_plane(self, number: SSAValue) -> None:
        """The code for a plane, by its number."""

    def reserve(self, size: int) -> SSAValue:
        """Scratch memory for as many elements."""
        code, lanes = self.frame.code, self.frame.lanes
        pointer = code.offset(self.frame.scratch, self.used, self.frame.element)
        self.used += -(-size // lanes) * lanes
        return pointer

    def filled_room(self, size: int, value: float) -> SSAValue:
        """Scratch memory that holds a number everywhere."""
        room = self.reserve(size)
        self.fill(room, size, value)
        return room

    def count_windows(self) -> None:
        """A table of how many elements the windows along the first axis have, if it is needed."""
        if self.is_max or self.plane.full:
            return
        if isinstance(self.op, PoolWindowsOp) and self.op.include_pad is not None:
            return
        code, axis = self.frame.code, self.plane.axes[0]
        self.counts = self.reserve(axis.out + self.frame.lanes)
        with code.loop(0, axis.out, hint="o") as o:
            code.store(self.scalar(self._elements(0, o)), self.counts, o)

    def _elements(self, d: int, o: Index) -> Index:
        """The elements of window o along axis d that are no padding."""
        code, axis = self.frame.code, self.plane.axes[d]
        start = code.subtract(code.multiply(o, axis.stride), axis.low)
        end = code.least(code.add(start, axis.kernel), axis.size)
        return code.greatest(code.subtract(end, code.greatest(start, 0)), 0)

    def divisor(self, places: Sequence[Index], count: Index | None) -> SSAValue:
        """What the sums of a vector of windows are divided by."""
        code = self.frame.code
        if self.counts is None:
            return self.vectors.constant(float(self.plane.steps))
        number = code.load(self.counts, places[0], self.frame.vector, count)
        outer: Index = 1
        for d, place in enumerate(places[1:], 1):
            outer = code.multiply(outer, self._elements(d, place))
        return self.vectors.mul(number, self.number(outer))

    def at(self, value: SSAValue, number: SSAValue, size: int) -> SSAValue:
        """A plane of an operand."""
        code = self.frame.code
        pointer = self.frame.memory[value]
        return code.offset(pointer, code.multiply(number, size), self.frame.element)

    def source(self, value: SSAValue, number: SSAValue, room: SSAValue | None) -> SSAValue:
        """A plane that can be read in windows: where it lies, or copied to a room."""
        plain = self.at(value, number, self.plane.size)
        if room is None:
            return plain
        self.copy(plain, room)
        return room

    def result(self, number: SSAValue, size: int) -> SSAValue:
        """A plane of the result."""
        code = self.frame.code
        pointer = self.frame.outputs[0]
        return code.offset(pointer, code.multiply(number, size), self.frame.element)

    def winner(self, source: SSAValue, place: Index, count: Index | None) -> SSAValue:
        """The number of the first largest element of each window of a vector; -1 for none."""
        code = self.frame.code

        def step(chunk: Chunk, distance: Index, number: Index, held: Many) -> Many:
            value, winner = held
            parts = self.load(source, code.add(place, distance), chunk, count)
            for k, part in enumerate(parts[: chunk.steps]):
                v, this = self.vectors, self.number(code.add(number, k))
                winner = v.choose("ogt", part, value, this, winner)
                value = v.choose("ogt", part, value, part, value)
            return [value, winner]

        v = self.vectors
        return self.each([v.constant(LOWEST), v.constant(-1.0)], step)[1]

    def clear(self, target: SSAValue, size: int) -> None:
        """Zeros in memory that ends where the plane does."""
        code, lanes = self.frame.code, self.frame.lanes
        zero = self.vectors.constant(0.0)
        whole = size // lanes * lanes
        with code.loop(0, whole, lanes, hint="i") as i:
            code.store(zero, target, i)
        if whole < size:
            code.store(zero, target, whole, size - whole)
