"""Kernels whose values differ in several axes: loop nests, one after the other.

A value that is kept gets a place in scratch memory and a loop nest of its own, vectors along the
fastest axis; cheap values are computed where they are needed. Rare shapes come here; the rest has
kernels that keep all values in registers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from brainscript.dialects.kern_rows import FillOp, LoadRowsOp, StoreRowsOp
from brainscript.passes.lower.rows.folds import (
    IDENTITY,
    Folding,
    Partial,
    as_number,
    lane_numbers,
)
from brainscript.passes.lower.rows.graph import Node, Program, View
from brainscript.passes.lower.rows.writer import Writer

Indices = Sequence[SSAValue]


def strides(shape: Sequence[int]) -> list[int]:
    """Elements from one index of an axis to the next; 0 along axes of size 1."""
    return [0 if d == 1 else prod(shape[:k]) for k, d in enumerate(shape)]


def is_kept(program: Program, node: Node) -> bool:
    """Whether a value is stored: reductions, what costs much, and results beside other results.

    All results are known before the first is written, since it may lie where an operand lay.
    """
    if node.kind != "map":
        return node.kind in ("fold", "total")
    users = [n for n in program.nodes() if node in n.operands]
    if any(user.kind == "total" for user in users):
        return True
    return (node.costly and bool(users)) or (node in program.outputs and len(program.outputs) > 1)


class Nest:
    """Writes loop nests over the axes of a sample; `keeps` says that values may be stored."""

    def __init__(self, program: Program, writer: Writer, *, keeps: bool = True):
        self.program, self.writer = program, writer
        self.row: SSAValue = writer.index(0)
        self.place: dict[Node, int] = {}
        self.used = 0
        for node in program.nodes() if keeps else ():
            if is_kept(program, node):
                self.place[node] = self.used
                self.used += -(-prod(node.shape) * writer.bytes // 64) * 64 // writer.bytes

    def offset(self, node: Node, at: Indices) -> SSAValue:
        """The element of a value in its memory; `at` counts along every axis."""
        writer = self.writer
        if node.kind != "load":
            return self.moved(writer.index(self.place.get(node, 0)), at, strides(node.shape))
        steps = strides(node.shape) if node.view is None else node.view.strides
        base = writer.index(node.start)
        if node.local:
            base = writer.add(writer.mul(self.row, node.pitch), node.start)
        return self.moved(base, at, steps)

    def moved(self, base: SSAValue, at: Indices, steps: Sequence[int]) -> SSAValue:
        """The place of an element: `base` and as many steps along each axis as `at` counts."""
        writer = self.writer
        for index, step in zip(at, steps, strict=True):
            if step:
                base = writer.add(base, writer.mul(index, step))
        return base

    def pointer(self, node: Node) -> SSAValue:
        """The memory of a value."""
        writer = self.writer
        return writer.pointers[node.number] if node.kind == "load" else writer.workspace

    def vector(
        self, node: Node, at: Indices, count: SSAValue | None, values: dict[Node, SSAValue]
    ) -> SSAValue:
        """The vector along the first axis that begins at `at`; `values` are those known there."""
        if node not in values:
            if node.kind == "map" and node not in self.place:
                values[node] = self.compute(node, at, count, values)
            else:
                values[node] = self.read(node, at, count)
        return values[node]

    def compute(
        self, node: Node, at: Indices, count: SSAValue | None, values: dict[Node, SSAValue]
    ) -> SSAValue:
        """The vector of a map from those of its operands."""
        assert node.body is not None
        operands = [self.vector(o, at, count, values) for o in node.operands]
        return node.body(self.writer.vectors(), *operands)

    def read(self, node: Node, at: Indices, count: SSAValue | None) -> SSAValue:
        """The vector of a value that lies in memory, or is known without it."""
        writer = self.writer
        if node.kind == "constant":
            return writer.vectors().constant(node.value)
        if node.kind == "place":
            return self.places(node.shape, at)
        pointer, offset = self.pointer(node), self.offset(node, at)
        if node.shape[0] == 1:
            return writer.spread(writer.load(pointer, offset, writer.element))
        if node.view is not None and node.view.is_strided(node.shape):
            columns = LoadRowsOp(pointer, offset, node.view.strides[0], [writer.vector], count)
            return writer.insert(columns)
        return writer.load(pointer, offset, None, count)

    def places(self, shape: Sequence[int], at: Indices) -> SSAValue:
        """The numbers of the elements of a vector within a value of this shape."""
        writer = self.writer
        total = writer.index(0)
        for index, stride in zip(at, strides(shape), strict=True):
            if stride:
                total = writer.add(total, writer.mul(index, stride))
        first = writer.spread(as_number(writer, total))
        if shape[0] == 1:
            return first
        return writer.vectors().add(first, lane_numbers(writer))

    @contextmanager
    def outer(self, shape: Sequence[int]) -> Generator[list[SSAValue]]:
        """Loops over all axes but the first; gives their indices, that of the first axis 0."""
        writer = self.writer
        with ExitStack() as stack:
            at = [writer.index(0)]
            inner: list[SSAValue] = []
            for size in reversed(shape[1:]):
                if size == 1:
                    inner.append(writer.index(0))
                    continue
                zero, high = writer.index(0), writer.index(size)
                inner.append(stack.enter_context(writer.loop(zero, high, 1)).index)
            yield at + inner[::-1]

    def pieces(self, size: int) -> Iterator[tuple[SSAValue, SSAValue | None]]:
        """The vectors along the first axis: a loop over the whole ones, then the masked end."""
        writer = self.writer
        whole = size // writer.lanes * writer.lanes
        if whole:
            with writer.loop(writer.index(0), writer.index(whole), writer.lanes) as loop:
                yield loop.index, None
        if whole < size:
            yield writer.index(whole), writer.index(size - whole)

    def write_values(self, nodes: Iterable[Node]) -> None:
        """Fill the places of these values."""
        for node in nodes:
            if node.kind == "map" and node in self.place:
                self._write_map(node)
            elif node.kind == "fold":
                self._write_fold(node)

    def write_outputs(self) -> None:
        """Copy the results to their memory."""
        for pointer, node, view in self.program.stores(self.writer.pointers):
            self._copy(node, pointer, view)

    def _write_map(self, node: Node) -> None:
        writer = self.writer
        with self.outer(node.shape) as at:
            for index, count in self.pieces(node.shape[0]):
                here = [index, *at[1:]]
                value = self.compute(node, here, count, {})
                writer.store(value, writer.workspace, self.offset(node, here), count)

    def _copy(self, node: Node, pointer: SSAValue, view: View | None) -> None:
        writer = self.writer
        view = view or View(0, tuple(strides(node.shape)), prod(node.shape))
        base = writer.index(view.start)
        if node.local:
            base = writer.add(writer.mul(self.row, view.pitch), view.start)
        with self.outer(node.shape) as at:
            for index, count in self.pieces(node.shape[0]):
                here = [index, *at[1:]]
                where = self.moved(base, here, view.strides)
                value = self.vector(node, here, count, {})
                if view.is_strided(node.shape):
                    step = view.strides[0]
                    writer.builder.insert(StoreRowsOp([value], pointer, where, step, count))
                else:
                    writer.store(value, pointer, where, count)

    def _write_fold(self, node: Node) -> None:
        """Loops over what is kept; inside, loops over what is reduced carry the partial result."""
        x = node.operands[0]
        writer, folding = self.writer, Folding(node.name, self.writer)
        across = node.shape[0] == 1 and x.shape[0] != 1
        with self.outer(node.shape) as at:
            if node.shape[0] == 1:
                partial = self._reduce(x, node, at, folding, None)
                value = folding.finish(partial) if across else partial[-1]
                self._store_scalar(value, node, at, across)
                return
            for index, count in self.pieces(node.shape[0]):
                here = [index, *at[1:]]
                partial = self._reduce(x, node, here, folding, count)
                writer.store(partial[-1], writer.workspace, self.offset(node, here), count)

    def _store_scalar(self, value: SSAValue, node: Node, at: Indices, scalar: bool) -> None:
        count = None if scalar else self.writer.index(1)
        self.writer.store(value, self.writer.workspace, self.offset(node, at), count)

    def _reduce(
        self, x: Node, node: Node, at: Indices, folding: Folding, count: SSAValue | None
    ) -> Partial:
        """The partial result over every reduced axis, the slowest one outermost."""
        pairs = zip(node.shape, x.shape, strict=True)
        reduced = [e if d == 1 else 1 for d, e in pairs]
        axes = [k for k, e in enumerate(reduced) if e != 1]
        scan = Scan(self, x, reduced, folding)
        return scan.over(axes[::-1], list(at), folding.begin(), count)


@dataclass
class Scan:
    """Writes the loops over the axes that are reduced; `reduced` has their sizes, 1 elsewhere."""

    nest: Nest
    x: Node
    reduced: Sequence[int]
    folding: Folding

    def over(
        self, axes: list[int], at: list[SSAValue], partial: Partial, count: SSAValue | None
    ) -> Partial:
        """The partial result after the loops over `axes`."""
        writer = self.nest.writer
        if not axes:
            return self._join(at, partial, count)
        axis, rest = axes[0], axes[1:]
        size, step = self.x.shape[axis], writer.lanes if axis == 0 else 1
        whole = size // step * step
        if whole:
            zero, high = writer.index(0), writer.index(whole)
            with writer.loop(zero, high, step, partial) as loop:
                at[axis] = loop.index
                loop.following = self.over(rest, at, tuple(loop.carried), count)
            partial = tuple(loop.results)
        if whole < size:
            at[axis] = writer.index(whole)
            partial = self._join(at, partial, writer.index(size - whole))
        return partial

    def _join(self, at: Indices, partial: Partial, count: SSAValue | None) -> Partial:
        nest, writer = self.nest, self.nest.writer
        value = nest.vector(self.x, at, count, {})
        if count is not None:
            rest = writer.vectors().constant(IDENTITY[self.folding.name])
            value = writer.insert(FillOp(value, count, rest))
        place = nest.places(self.reduced, at) if self.folding.places else None
        return self.folding.join(partial, self.folding.leaf(value, place))


def write_axes(program: Program, writer: Writer) -> int:
    """A loop over the samples of this thread; returns the bytes of scratch memory."""
    nest = Nest(program, writer)
    start, end = writer.share(writer.n if program.local else writer.index(1), 1)
    with writer.loop(start, end, 1) as loop:
        nest.row = loop.index
        nest.write_values(program.nodes())
        nest.write_outputs()
    return nest.used * writer.bytes
