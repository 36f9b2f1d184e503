"""Kernels of pooling and unpooling and their adjoints, plane by plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.convolution import WindowOp
from brainscript.dialects.net.pooling import (
    MAX,
    PoolBackOp,
    PoolOp,
    PoolWindowsOp,
    UnpoolBackOp,
    UnpoolOp,
)
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.plane import Chunk, Many, Plane, Walker, planes_of
from brainscript.passes.lower.gemm.code import Index
from brainscript.target import Target

LOWEST = float("-inf")

Work = Callable[[SSAValue, list[SSAValue]], None]
"""What is done with a plane, by its number, with the rooms at hand."""


def lower_pool(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of a kernel that pools, unpools, or is the gradient of that."""
    op = kernel.steps[0]
    assert isinstance(op, WindowOp)
    writer = _Writer(Frame.of(kernel, target), op)
    writer.write()
    return writer.frame.code.finish(writer.used * writer.bytes)


class _Writer(Walker):
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
        work = next(work for kind, work in self._kinds() if isinstance(self.op, kind))
        first, last = frame.share(code.multiply(frame.samples(self.op.result), self.planes))
        with code.when(code.compare("slt", first, last)):
            rooms = self._rooms()
            if not self.is_max and not self.plane.full:
                self._count_windows()
            with code.loop(first, last, hint="plane") as number:
                work(number, rooms)

    def _kinds(self) -> tuple[tuple[type[WindowOp], Work], ...]:
        """How each operation works on a plane."""
        return (
            (PoolOp, self._pool),
            (PoolBackOp, self._pool_back),
            (UnpoolOp, self._unpool),
            (UnpoolBackOp, self._unpool_back),
        )

    def _rooms(self) -> list[SSAValue]:
        """A room for each operand that is looked at in windows, filled with its padding."""
        fills = [LOWEST] if self.is_max else []
        if not (self.is_max and isinstance(self.op, PoolOp)):
            fills.append(0.0)
        if isinstance(self.op, UnpoolBackOp):
            fills.append(0.0)
        found: list[SSAValue] = []
        for number, value in enumerate(fills):
            own = isinstance(self.op, UnpoolBackOp) and number == 1
            if self.plane.direct and not own:
                continue
            found.append(self._reserve(self.plane.room))
            self.fill(found[-1], self.plane.room, value)
        return found

    def _reserve(self, size: int) -> SSAValue:
        code, lanes = self.frame.code, self.frame.lanes
        pointer = code.offset(self.frame.scratch, self.used, self.frame.element)
        self.used += -(-size // lanes) * lanes
        return pointer

    def _count_windows(self) -> None:
        """A table of how many elements the windows along the first axis have."""
        if isinstance(self.op, PoolWindowsOp) and self.op.include_pad is not None:
            return
        code, axis = self.frame.code, self.plane.axes[0]
        self.counts = self._reserve(axis.out + self.frame.lanes)
        with code.loop(0, axis.out, hint="o") as o:
            code.store(self.scalar(self._elements(0, o)), self.counts, o)

    def _elements(self, d: int, o: Index) -> Index:
        """The elements of window o along axis d that are no padding."""
        code, axis = self.frame.code, self.plane.axes[d]
        start = code.subtract(code.multiply(o, axis.stride), axis.low)
        end = code.least(code.add(start, axis.kernel), axis.size)
        return code.greatest(code.subtract(end, code.greatest(start, 0)), 0)

    def _divisor(self, places: Sequence[Index], count: Index | None) -> SSAValue:
        """What the sums of a vector of windows are divided by."""
        code = self.frame.code
        if self.counts is None:
            return self.vectors.constant(float(self.plane.steps))
        number = code.load(self.counts, places[0], self.frame.vector, count)
        outer: Index = 1
        for d, place in enumerate(places[1:], 1):
            outer = code.multiply(outer, self._elements(d, place))
        return self.vectors.mul(number, self.number(outer))

    def _at(self, value: SSAValue, number: SSAValue, size: int) -> SSAValue:
        """A plane of an operand."""
        code = self.frame.code
        pointer = self.frame.memory[value]
        return code.offset(pointer, code.multiply(number, size), self.frame.element)

    def _source(self, value: SSAValue, number: SSAValue, room: Sequence[SSAValue]) -> SSAValue:
        """A plane that can be read in windows."""
        plain = self._at(value, number, self.plane.size)
        if self.plane.direct:
            return plain
        self.copy(plain, room[0])
        return room[0]

    def _result(self, number: SSAValue, size: int) -> SSAValue:
        code = self.frame.code
        pointer = self.frame.outputs[0]
        return code.offset(pointer, code.multiply(number, size), self.frame.element)

    def _pool(self, number: SSAValue, rooms: list[SSAValue]) -> None:
        """`net.pool`."""
        code = self.frame.code
        source = self._source(self.op.operands[0], number, rooms)
        target = self._result(number, self.plane.windows)

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            def step(chunk: Chunk, distance: Index, _: Index, held: Many) -> Many:
                value = held[0]
                parts = self.load(source, code.add(place, distance), chunk, count)
                for part in parts[: chunk.steps]:
                    value = self._joined(value, part)
                return [value]

            start = self.vectors.constant(LOWEST if self.is_max else 0.0)
            (total,) = self.each([start], step)
            if not self.is_max:
                total = self.vectors.div(total, self._divisor(places, count))
            code.store(total, target, window, count)

        self.windows(write)

    def _joined(self, value: SSAValue, part: SSAValue) -> SSAValue:
        """The larger one, or the sum."""
        v = self.vectors
        return v.choose("ogt", part, value, part, value) if self.is_max else v.add(value, part)

    def _winner(self, source: SSAValue, place: Index, count: Index | None) -> SSAValue:
        """The number of the first largest element of each window of a vector."""
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

    def _target(self, number: SSAValue, rooms: list[SSAValue], value: float = 0.0) -> SSAValue:
        """A plane of the result that is filled in windows, all zeros at first."""
        if not self.plane.direct:
            self.fill(rooms[-1], self.plane.room, value)
            return rooms[-1]
        target = self._result(number, self.plane.size)
        self._clear(target)
        return target

    def _clear(self, target: SSAValue) -> None:
        code, lanes, size = self.frame.code, self.frame.lanes, self.plane.size
        zero = self.vectors.constant(0.0)
        whole = size // lanes * lanes
        with code.loop(0, whole, lanes, hint="i") as i:
            code.store(zero, target, i)
        if whole < size:
            code.store(zero, target, whole, size - whole)

    def _leave(self, number: SSAValue, target: SSAValue) -> None:
        """Copy the middle of a room to the result."""
        if not self.plane.direct:
            self.copy(self._result(number, self.plane.size), target, back=True)

    def _pool_back(self, number: SSAValue, rooms: list[SSAValue]) -> None:
        """`net.pool_back`."""
        code, op = self.frame.code, self.op
        assert isinstance(op, PoolBackOp)
        gradient = self._at(op.g, number, self.plane.windows)
        source = None if op.x is None else self._source(op.x, number, rooms)
        target = self._target(number, rooms)

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            g = code.load(gradient, window, self.frame.vector, count)
            winner = None if source is None else self._winner(source, place, count)
            if winner is None:
                g = self.vectors.div(g, self._divisor(places, count))

            def step(chunk: Chunk, distance: Index, first: Index, held: Many) -> Many:
                at = code.add(place, distance)
                columns = self.load(target, at, chunk, count)
                for k in range(chunk.steps):
                    v, part = self.vectors, g
                    if winner is not None:
                        this, zero = self.number(code.add(first, k)), v.constant(0.0)
                        part = v.choose("oeq", winner, this, g, zero)
                    columns[k] = v.add(columns[k], part)
                self.store(columns, target, at, count)
                return held

            self.each([], step)

        self.windows(write)
        self._leave(number, target)

    def _unpool(self, number: SSAValue, rooms: list[SSAValue]) -> None:
        """`net.unpool`: later windows, and earlier steps, overwrite what is there."""
        op = self.op
        assert isinstance(op, UnpoolOp)
        source = self._source(op.x, number, rooms)
        target = self._target(number, rooms)
        values = self._at(op.values, number, self.plane.windows)
        self._place(source, target, values)
        self._leave(number, target)

    def _place(self, source: SSAValue, target: SSAValue, values: SSAValue | None) -> None:
        """Write each value, or the number of the window, where its winner is."""
        code = self.frame.code

        def write(window: Index, place: Index, count: Index | None, _: Sequence[Index]) -> None:
            winner = self._winner(source, place, count)
            if values is None:
                value = self._window_numbers(window)
            else:
                value = code.load(values, window, self.frame.vector, count)

            def step(chunk: Chunk, distance: Index, first: Index, held: Many) -> Many:
                at = code.add(place, distance)
                columns = self.load(target, at, chunk, count)
                for k in range(chunk.steps):
                    this = self.number(code.add(first, k))
                    columns[k] = self.vectors.choose("oeq", winner, this, value, columns[k])
                self.store(columns, target, at, count)
                return held

            self.each([], step, backwards=True)

        self.windows(write)

    def _window_numbers(self, window: Index) -> SSAValue:
        return self.vectors.add(self.number(window), self.lane_numbers())

    def _unpool_back(self, number: SSAValue, rooms: list[SSAValue]) -> None:
        """`net.unpool_back`: who came last is found by writing the numbers of windows first."""
        code, op = self.frame.code, self.op
        assert isinstance(op, UnpoolBackOp)
        source = self._source(op.x, number, rooms[:1])
        owners = rooms[0] if self.plane.direct else rooms[1]
        self.fill(owners, self.plane.room, -1.0)
        self._place(source, owners, None)
        gradient = self._source(op.g, number, rooms[2:])
        target = self._result(number, self.plane.windows)

        def write(window: Index, place: Index, count: Index | None, _: Sequence[Index]) -> None:
            winner, own = self._winner(source, place, count), self._window_numbers(window)

            def step(chunk: Chunk, distance: Index, first: Index, held: Many) -> Many:
                total, at = held[0], code.add(place, distance)
                marks = self.load(owners, at, chunk, count)
                parts = self.load(gradient, at, chunk, count)
                for k in range(chunk.steps):
                    v, this = self.vectors, self.number(code.add(first, k))
                    found = v.choose("oeq", marks[k], own, parts[k], total)
                    total = v.choose("oeq", winner, this, found, total)
                return [total]

            (total,) = self.each([self.vectors.constant(0.0)], step)
            code.store(total, target, window, count)

        self.windows(write)
