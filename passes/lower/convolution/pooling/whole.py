"""Windows that are the whole plane: vectors along the elements, then their lanes together."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.dialects.kern_rows import FillOp
from brainscript.dialects.net.pooling import PoolBackOp
from brainscript.passes.lower.convolution.pooling.epilogue import Epilogue
from brainscript.passes.lower.convolution.pooling.plane import Many
from brainscript.passes.lower.convolution.pooling.writer import LOWEST, PlaneWriter
from brainscript.passes.lower.gemm.code import Index

BEYOND = 1e30
"""A place behind all others."""


class Whole(PlaneWriter):
    """Walks over the vectors of a plane."""

    def vectors_of(
        self, values: Many, body: Callable[[Index, Index | None, Many], Many]
    ) -> list[SSAValue]:
        """`body(element, count, values)` for every vector of the plane; values are handed on."""
        lanes, size = self.frame.lanes, self.plane.size
        whole = size // lanes * lanes
        held = list(values)
        if whole:
            held = self.carry((0, whole, lanes), held, lambda i, inner: body(i, None, inner))
        if whole < size:
            held = list(body(whole, size - whole, held))
        return held

    def read(self, source: SSAValue, at: Index, count: Index | None, rest: float) -> SSAValue:
        """A vector of elements with `rest` behind the last one."""
        code = self.frame.code
        value = code.load(source, at, self.frame.vector, count)
        if count is None:
            return value
        return code.insert(FillOp(value, code.value(count), self.vectors.constant(rest)))

    def best(self, source: SSAValue) -> SSAValue:
        """The place of the first largest element of the plane in every lane; -1 for none."""
        code, kind = self.frame.code, self.frame.vector

        def step(i: Index, count: Index | None, held: Many) -> Many:
            value, place = held
            part = self.read(source, i, count, LOWEST)
            v, this = self.vectors, self.vectors.add(self.number(i), self.lane_numbers())
            place = v.choose("ogt", part, value, this, place)
            return [v.choose("ogt", part, value, part, value), place]

        v = self.vectors
        value, place = self.vectors_of([v.constant(LOWEST), v.constant(-1.0)], step)
        top = code.broadcast(code.insert(ReduceOp("max", value)), kind)
        found = self.vectors.choose("oeq", value, top, place, self.vectors.constant(BEYOND))
        return code.broadcast(code.insert(ReduceOp("min", found)), kind)


class WholePool(Whole):
    """The largest element, or the mean, of a plane."""

    def write_plane(self, number: SSAValue) -> None:
        """One number."""
        code, size = self.frame.code, self.plane.size
        source = self.at(self.op.operands[0], number, size)
        rest = LOWEST if self.is_max else 0.0

        def step(i: Index, count: Index | None, held: Many) -> Many:
            part, v = self.read(source, i, count, rest), self.vectors
            if self.is_max:
                return [v.choose("ogt", part, held[0], part, held[0])]
            return [v.add(held[0], part)]

        (total,) = self.vectors_of([self.vectors.constant(rest)], step)
        if not self.is_max:
            total = self.vectors.div(total, self.vectors.constant(float(size)))
        value = code.insert(ReduceOp("max" if self.is_max else "add", total))
        code.store(value, self.result(number, 1), 0)


class WholeBack(Whole):
    """The gradient of a plane: shared by all elements, or that of the first largest one."""

    def write_plane(self, number: SSAValue) -> None:
        """The elementwise rest of the kernel follows at once."""
        frame, code, op, size = self.frame, self.frame.code, self.op, self.plane.size
        assert isinstance(op, PoolBackOp)
        epilogue = Epilogue(frame, op)
        g = code.load(self.at(op.g, number, 1), 0, frame.element)
        g = code.broadcast(g, frame.vector)
        best = None
        if op.x is None:
            g = self.vectors.div(g, self.vectors.constant(float(size)))
        else:
            best = self.best(self.at(op.x, number, size))
        base = code.multiply(number, size)

        def step(i: Index, count: Index | None, _: Many) -> Many:
            value, v = g, self.vectors
            if best is not None:
                this = v.add(self.number(i), self.lane_numbers())
                value = v.choose("oeq", best, this, g, v.constant(0.0))
            epilogue.write(value, code.add(base, i), count)
            return []

        self.vectors_of([], step)
