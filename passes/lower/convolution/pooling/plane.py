"""Planes of a sample with room for padding, and the windows in them, a vector of windows at a time.

Trailing axes without windows make planes that are worked on one after the other. A plane that has
padding, or whose last windows would be read beyond its end, is copied to scratch memory first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, i64
from xdsl.ir import Block, SSAValue

from brainscript.dialects.kern_rows import LoadRowsOp, StoreRowsOp
from brainscript.dialects.net.windows import Axis
from brainscript.passes.lower.convolution.form import joined
from brainscript.passes.lower.convolution.frame import Frame, positions
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.vectors import Vectors, dense

PICKED = 8
"""Strides up to this are read as they lie and taken apart."""

WRITTEN_OUT = 16
"""Steps along the first axis, and of small windows, that are written out."""


def planes_of(axes: Sequence[Axis]) -> tuple[tuple[Axis, ...], int]:
    """The axes of a plane, and how many planes a sample has."""
    rank = len(axes)
    while rank > 1 and axes[rank - 1].trivial:
        rank -= 1
    return joined(axes[:rank]), prod(a.size for a in axes[rank:])


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps `first`, .. (`steps` of them) of all windows of a vector, read as `width` columns."""

    first: int
    steps: int
    width: int


@dataclass(frozen=True)
class Plane:
    """The geometry of a plane."""

    axes: tuple[Axis, ...]
    lanes: int

    @property
    def before(self) -> tuple[int, ...]:
        """Padding in front of each axis."""
        return tuple(max(a.low, 0) for a in self.axes)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Elements along each axis, with padding."""
        return tuple(
            max(a.size + b, (a.out - 1) * a.stride + a.kernel - a.low + b)
            for a, b in zip(self.axes, self.before, strict=True)
        )

    @property
    def direct(self) -> bool:
        """Whether windows can be read where the plane lies."""
        plain = self.lengths == tuple(a.size for a in self.axes)
        return plain and self.axes[0].kernel % self.axes[0].stride == 0

    @property
    def whole(self) -> bool:
        """Whether the only window is the plane."""
        return all(a.out == 1 and a.kernel == a.size and not a.low for a in self.axes)

    @property
    def apart(self) -> bool:
        """Whether no element is in two windows."""
        return all(a.stride >= a.kernel or a.out == 1 for a in self.axes)

    @property
    def covered(self) -> bool:
        """Whether windows without padding hold every element once."""
        return all(a.kernel == a.stride and a.out * a.stride == a.size for a in self.axes)

    @property
    def full(self) -> bool:
        """Whether no window holds padding."""
        ends = ((a.element(0, 0), a.element(a.out - 1, a.kernel - 1)) for a in self.axes)
        return all(None not in pair for pair in ends)

    @property
    def room(self) -> int:
        """Elements of scratch memory for a copy, with what is read behind its end."""
        first = self.axes[0]
        return prod(self.lengths) + self.lanes * (first.stride + 1) + first.kernel

    @property
    def pitches(self) -> tuple[int, ...]:
        """The distances along each axis of a plane with padding."""
        return tuple(prod(self.lengths[:d]) for d in range(len(self.axes)))

    @property
    def chunks(self) -> list[Chunk]:
        """The steps of the first axis."""
        axis = self.axes[0]
        if axis.stride <= min(PICKED, self.lanes):
            every = range(0, axis.kernel, axis.stride)
            return [Chunk(k, min(axis.stride, axis.kernel - k), axis.stride) for k in every]
        most = min(self.lanes, axis.stride)
        every = range(0, axis.kernel, most)
        return [Chunk(k, n, n) for k in every for n in (min(most, axis.kernel - k),)]

    @property
    def steps(self) -> int:
        """Elements of a window."""
        return prod(a.kernel for a in self.axes)

    @property
    def windows(self) -> int:
        """Windows of a plane."""
        return prod(a.out for a in self.axes)

    @property
    def size(self) -> int:
        """Elements of a plane without padding."""
        return prod(a.size for a in self.axes)


Many = Sequence[SSAValue]


class Walker:
    """Writes loops over planes, windows and their steps."""

    def __init__(self, frame: Frame, plane: Plane):
        self.frame, self.plane = frame, plane

    @property
    def vectors(self) -> Vectors:
        """Arithmetic on vectors at the current place."""
        return Vectors(self.frame.code.builder, self.frame.vector)

    def fill(self, target: SSAValue, size: int, value: float) -> None:
        """Write a number everywhere; `size` is rounded up to whole vectors."""
        code, lanes = self.frame.code, self.frame.lanes
        constant = self.vectors.constant(value)
        with code.loop(0, size, lanes, hint="i") as i:
            code.store(constant, target, i)

    def copy(self, plain: SSAValue, room: SSAValue, *, back: bool = False) -> None:
        """Copy a plane into the middle of one with padding, or (`back`) out of it."""
        frame, code, plane = self.frame, self.frame.code, self.plane
        first, sizes = plane.axes[0], [a.size for a in plane.axes]
        whole = first.size // frame.lanes * frame.lanes
        with code.loop(0, prod(sizes[1:]), hint="row") as row:
            start: Index = plane.before[0]
            places = positions(code, row, sizes[1:])
            for d, place in enumerate(places, 1):
                moved = code.add(place, plane.before[d])
                start = code.add(start, code.multiply(moved, plane.pitches[d]))
            base = code.multiply(row, first.size)

            def move(i: Index, count: int | None) -> None:
                pair = (plain, code.add(base, i)), (room, code.add(start, i))
                source, target = reversed(pair) if back else pair
                code.store(code.load(*source, frame.vector, count), *target, count)

            with code.loop(0, whole, frame.lanes, hint="i") as i:
                move(i, None)
            if whole < first.size:
                move(whole, first.size - whole)

    def windows(self, write: Callable[[Index, Index, Index | None, Sequence[Index]], None]) -> None:
        """`write(window, place, count, outer)` for every vector of windows of a plane.

        `place` is the first element of the first window, `count` the windows of the vector where
        these are not as many as lanes.
        """
        frame, code, plane = self.frame, self.frame.code, self.plane
        first, outs = plane.axes[0], [a.out for a in plane.axes]
        whole = first.out // frame.lanes * frame.lanes
        with code.loop(0, prod(outs[1:]), hint="row") as row:
            outer = positions(code, row, outs[1:])
            start: Index = plane.before[0] - first.low
            for d, place in enumerate(outer, 1):
                axis = plane.axes[d]
                moved = code.add(code.multiply(place, axis.stride), plane.before[d] - axis.low)
                start = code.add(start, code.multiply(moved, plane.pitches[d]))
            base = code.multiply(row, first.out)

            def vector(o: Index, count: int | None) -> None:
                place = code.add(start, code.multiply(o, first.stride))
                write(code.add(base, o), place, count, [o, *outer])

            with code.loop(0, whole, frame.lanes, hint="o") as o:
                vector(o, None)
            if whole < first.out:
                vector(whole, first.out - whole)

    def each(
        self,
        values: Many,
        body: Callable[[Chunk, Index, Index, Many], Many],
        *,
        backwards: bool = False,
    ) -> list[SSAValue]:
        """`body(chunk, distance, number, values)` for all steps of a window.

        `distance` is how far the first step of the chunk lies from the first element of the
        window, `number` which step of the window it is; values are handed on.
        """
        code, plane = self.frame.code, self.plane
        chunks = plane.chunks[::-1] if backwards else plane.chunks

        def walk(d: int, held: Many, distance: Index, number: Index) -> Many:
            if d > 0:
                rows = prod(a.kernel for a in plane.axes[:d])
                if plane.steps <= WRITTEN_OUT:
                    for k in range(plane.axes[d].kernel):
                        ahead = code.add(distance, k * plane.pitches[d])
                        held = walk(d - 1, held, ahead, code.add(number, k * rows))
                    return held

                def at(k: SSAValue, inner: Many) -> Many:
                    ahead = code.add(distance, code.multiply(k, plane.pitches[d]))
                    return walk(d - 1, inner, ahead, code.add(number, code.multiply(k, rows)))

                return self.carry((0, plane.axes[d].kernel, 1), held, at)
            if plane.axes[0].kernel <= WRITTEN_OUT or backwards:
                for chunk in chunks:
                    ahead = code.add(distance, chunk.first)
                    held = body(chunk, ahead, code.add(number, chunk.first), held)
                return held
            return self._looped(body, held, distance, number)

        return list(walk(len(plane.axes) - 1, values, 0, 0))

    def _looped(
        self,
        body: Callable[[Chunk, Index, Index, Many], Many],
        held: Many,
        distance: Index,
        number: Index,
    ) -> Many:
        """Many steps along the first axis: a loop over chunks that are alike, then the last."""
        code, (first, *others) = self.frame.code, self.plane.chunks
        alike = [c for c in others if c.steps == first.steps]
        end = first.steps * (len(alike) + 1)

        def at(k: SSAValue, inner: Many) -> Many:
            return body(first, code.add(distance, k), code.add(number, k), inner)

        held = self.carry((0, end, first.steps), held, at)
        if len(alike) < len(others):
            last = others[-1]
            held = body(last, code.add(distance, end), code.add(number, end), held)
        return held

    def carry(
        self,
        bounds: tuple[Index, Index, Index],
        values: Many,
        body: Callable[[SSAValue, Many], Many],
    ) -> list[SSAValue]:
        """A loop that hands values on."""
        code = self.frame.code
        block = Block(arg_types=[IndexType(), *(v.type for v in values)])
        low, high, step = (code.value(b) for b in bounds)
        with code.inside(block):
            code.builder.insert(scf.YieldOp(*body(block.args[0], block.args[1:])))
        made = code.builder.insert(scf.ForOp(low, high, step, list(values), block))
        return list(made.results)

    def load(
        self, pointer: SSAValue, place: Index, chunk: Chunk, count: Index | None
    ) -> list[SSAValue]:
        """The columns of a chunk: for each of its steps a vector of windows."""
        frame, code = self.frame, self.frame.code
        stride = self.plane.axes[0].stride
        if stride == 1:
            return [code.load(pointer, place, frame.vector, count)]
        limit = None if count is None else code.value(count)
        kinds = [frame.vector] * chunk.width
        op = LoadRowsOp(pointer, code.value(place), stride, kinds, limit)
        return list(code.builder.insert(op).results)

    def store(
        self,
        columns: Many,
        pointer: SSAValue,
        place: Index,
        count: Index | None,
    ) -> None:
        """Write columns back."""
        code = self.frame.code
        stride = self.plane.axes[0].stride
        if stride == 1:
            code.store(columns[0], pointer, place, count)
            return
        limit = None if count is None else code.value(count)
        op = StoreRowsOp(columns, pointer, code.value(place), stride, limit)
        code.builder.insert(op)

    def number(self, index: Index) -> SSAValue:
        """A whole number in every lane."""
        frame, code = self.frame, self.frame.code
        if isinstance(index, int):
            return self.vectors.constant(float(index))
        return code.broadcast(self.scalar(index), frame.vector)

    def lane_numbers(self) -> SSAValue:
        """0, 1, 2, .. lane by lane."""
        frame = self.frame
        return frame.code.insert(arith.ConstantOp(dense(list(range(frame.lanes)), frame.vector)))

    def scalar(self, index: Index) -> SSAValue:
        """A whole number as an element."""
        code = self.frame.code
        whole = code.insert(arith.IndexCastOp(code.value(index), i64))
        return code.insert(arith.SIToFPOp(whole, self.frame.element))
