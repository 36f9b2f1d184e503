"""The kernels of `net.unpool` and its adjoint: who comes last overwrites what is there."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from brainscript.dialects.net.pooling import UnpoolBackOp, UnpoolOp
from brainscript.passes.lower.convolution.pooling.plane import Chunk, Many
from brainscript.passes.lower.convolution.pooling.writer import LOWEST, PlaneWriter
from brainscript.passes.lower.gemm.code import Index


class Placing(PlaneWriter):
    """Writes values where the winners of their windows are."""

    room: SSAValue | None = None

    def place(self, source: SSAValue, target: SSAValue, values: SSAValue | None) -> None:
        """Write each value, or the number of the window, where its winner is."""
        code = self.frame.code

        def write(window: Index, place: Index, count: Index | None, _: Sequence[Index]) -> None:
            winner = self.winner(source, place, count)
            if values is None:
                value = self.window_numbers(window)
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

    def window_numbers(self, window: Index) -> SSAValue:
        """The numbers of a vector of windows."""
        return self.vectors.add(self.number(window), self.lane_numbers())


class Unpool(Placing):
    """Later windows, and earlier steps, overwrite what is there."""

    target: SSAValue | None = None

    def prepare(self) -> None:
        """A room to look for winners in, and one for the result."""
        if not self.plane.direct:
            self.room = self.filled_room(self.plane.room, LOWEST)
            self.target = self.reserve(self.plane.room)

    def write_plane(self, number: SSAValue) -> None:
        """Zeros, then the values."""
        op, plane = self.op, self.plane
        assert isinstance(op, UnpoolOp)
        source = self.source(op.x, number, self.room)
        result = self.result(number, plane.size)
        if self.target is None:
            self.clear(result, plane.size)
        else:
            self.fill(self.target, plane.room, 0.0)
        target = result if self.target is None else self.target
        self.place(source, target, self.at(op.values, number, plane.windows))
        if self.target is not None:
            self.copy(result, self.target, back=True)


class UnpoolBack(Placing):
    """Who came last is found by writing the numbers of windows first."""

    owners: SSAValue
    gradient: SSAValue | None = None

    def prepare(self) -> None:
        """Rooms for what is looked at in windows: x, the owners of elements, the gradient."""
        if not self.plane.direct:
            self.room = self.filled_room(self.plane.room, LOWEST)
            self.gradient = self.filled_room(self.plane.room, 0.0)
        self.owners = self.reserve(self.plane.room)

    def write_plane(self, number: SSAValue) -> None:
        """The owners of all elements, then what each window owns."""
        code, op = self.frame.code, self.op
        assert isinstance(op, UnpoolBackOp)
        source = self.source(op.x, number, self.room)
        owners = self.owners
        self.fill(owners, self.plane.room, -1.0)
        self.place(source, owners, None)
        gradient = self.source(op.g, number, self.gradient)
        target = self.result(number, self.plane.windows)

        def write(window: Index, place: Index, count: Index | None, _: Sequence[Index]) -> None:
            winner, own = self.winner(source, place, count), self.window_numbers(window)

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
