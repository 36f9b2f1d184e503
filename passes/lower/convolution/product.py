"""Kernels of `net.correlate` and `net.correlate_back`: windows times weights, with an epilogue.

Both are one product: for every position of the result and every plane of it the sum over planes
of the operand and steps of the kernel. Vectors lie along the planes of the result, rows of a
register tile along the first axis; positions at the border leave out what is in the padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_tile import PtrType, TileType, TileZeroOp
from brainscript.dialects.kern_windows import TileGatherOp
from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.convolution.epilogue import Epilogue
from brainscript.passes.lower.convolution.form import Form, form_of
from brainscript.passes.lower.convolution.frame import Frame, carried, positions
from brainscript.passes.lower.convolution.moments import Moments, add_tile
from brainscript.passes.lower.convolution.outer import Steps
from brainscript.passes.lower.convolution.pack import Panel, pack_back, pack_turned
from brainscript.passes.lower.convolution.plan import RESIDENT, Block, blocks_of, tile_shape
from brainscript.passes.lower.convolution.runs import (
    Places,
    Run,
    back_element,
    even_tiles,
    forward_element,
    runs_of,
)
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.target import Target

POINTER, INDEX = PtrType(), IndexType()
Inner = Callable[[SSAValue, Index, Index], SSAValue]

UNROLLED = 4
"""Planes summed in one turn of the loop where a kernel has a single step in a plane."""


@dataclass(frozen=True)
class Shape:
    """The product: planes that are summed over and made, and the elements of each."""

    depth: int
    columns: int
    source: tuple[int, ...]
    target: tuple[int, ...]
    form: Form
    back: bool

    @staticmethod
    def of(form: Form, back: bool) -> Shape:
        """The product of a convolution, or of its adjoint."""
        sizes = tuple(a.size for a in form.axes)
        windows = tuple(a.out for a in form.axes)
        if back:
            return Shape(form.maps, form.channels, windows, sizes, form, True)
        return Shape(form.channels, form.maps, sizes, windows, form, False)

    @property
    def rows(self) -> int:
        """Positions of the result along all axes but the first."""
        return prod(self.target[1:])


def lower_product(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of a kernel that begins with a convolution or its adjoint."""
    product = kernel.steps[0]
    assert isinstance(product, CorrelateOp | CorrelateBackOp)
    shape = Shape.of(form_of(product), isinstance(product, CorrelateBackOp))
    writer = _Writer(kernel, product, shape, target)
    writer.write()
    return writer.frame.code.finish(writer.workspace, list(writer.functions.values()))


class _Writer:
    """Writes one kernel."""

    def __init__(
        self, kernel: KernelOp, product: CorrelateOp | CorrelateBackOp, shape: Shape, target: Target
    ):
        self.shape, self.form = shape, shape.form
        self.frame = Frame.of(kernel, target)
        self.weights, self.source = product.operands
        self.result = product.result
        self.epilogue = Epilogue(kernel, self.form.rank)
        frame = self.frame
        self.memory = self.epilogue.memory(kernel, frame)
        self.functions: dict[str, FuncOp] = {}
        self.step = self.form.axes[0].stride if shape.back else 1
        vectors = -(-shape.columns // frame.lanes)
        self.rows, wide = tile_shape(shape.target[0], self.step, vectors, target.registers)
        self.blocks = blocks_of(shape.columns, frame.lanes, wide)
        self.runs = self._runs()
        sizes = [self._panel_size(b) for b in self.blocks]
        self.resident = sum(sizes) * self.form.element_bytes <= RESIDENT
        slack = frame.lanes * max(b.vectors for b in self.blocks) * frame.lanes
        needed = (sum(sizes) if self.resident else max(sizes)) + slack
        self.moments = Moments.of(kernel, frame, needed, prod(shape.target))
        needed += self.moments.size(shape.columns) if self.moments else 0
        self.workspace = needed * self.form.element_bytes

    def _panel_size(self, block: Block) -> int:
        return self.shape.depth * self.form.steps * block.vectors * self.frame.lanes

    def _runs(self) -> list[Run]:
        """The tiles along the first axis, grouped by which steps meet elements."""
        axis, back = self.form.axes[0], self.shape.back
        element = back_element(axis) if back else forward_element(axis)

        def places_at(first: int, width: int) -> Places:
            return tuple(
                tuple(element(first + r, k) for r in range(width)) for k in range(axis.kernel)
            )

        def base_at(first: int) -> int:
            return first // axis.stride if back else first * axis.stride

        tiles = even_tiles(self.shape.target[0], self.rows, self.step)
        return runs_of(tiles, places_at, base_at)

    def write(self) -> None:
        """The whole kernel: pack, then all positions; block by block when panels are large."""
        frame, code = self.frame, self.frame.code
        rows = 1 if self.moments else self.shape.rows
        bounds = frame.share(code.multiply(frame.samples(self.result), rows))
        with code.when(code.compare("slt", *bounds)):
            if self.resident:
                self._units(bounds, self._pack_all())
                return
            for block in self.blocks:
                self._units(bounds, [(block, self._pack(block, 0))])

    def _units(self, bounds: tuple[Index, Index], panels: Sequence[tuple[Block, Panel]]) -> None:
        """Some blocks at all positions; of whole samples where statistics are made of them."""
        code, rows = self.frame.code, self.shape.rows
        if self.moments is None:
            with code.loop(*bounds, hint="unit") as unit:
                for block, panel in panels:
                    self._unit((code.divide(unit, rows), code.remainder(unit, rows)), block, panel)
            return
        with code.loop(*bounds, hint="sample") as sample:
            with code.loop(0, rows, hint="row") as row:
                for block, panel in panels:
                    self._unit((sample, row), block, panel)
            for block, _ in panels:
                self.moments.finish(sample, block)

    def _pack_all(self) -> list[tuple[Block, Panel]]:
        panels: list[tuple[Block, Panel]] = []
        start = 0
        for block in self.blocks:
            panels.append((block, self._pack(block, start)))
            start += self._panel_size(block)
        return panels

    def _pack(self, block: Block, start: int) -> Panel:
        frame, form = self.frame, self.form
        pointer = frame.code.offset(frame.scratch, start, form.element)
        panel = Panel(pointer, block.vectors * frame.lanes)
        weights = frame.memory[self.weights]
        if self.shape.back:
            pack_back(frame, weights, (form.maps, form.channels, form.steps), block, panel)
        else:
            pack_turned(frame, weights, form.channels * form.steps, block, panel)
        return panel

    def _unit(self, unit: tuple[Index, Index], block: Block, panel: Panel) -> None:
        """All tiles of one block along the first axis, at one position (sample, row) of others."""
        frame, code, shape = self.frame, self.frame.code, self.shape
        sample, row = unit
        source = frame.at_sample(frame.memory[self.source], self.source, sample)
        memory = self.epilogue.at_sample(code, self.memory, sample)
        outer = positions(code, row, shape.target[1:])
        start = code.multiply(row, shape.target[0])
        sums = [self.moments.at(block.first)] if self.moments else []

        def call(run: Run, first: Index, base: Index) -> None:
            name = self._function(run, block)
            pointer = code.offset(source, base, self.form.element)
            place = code.add(start, first)
            given = [pointer, panel.pointer, place, block.first, *outer, *sums, *memory]
            code.call(name, given)

        for run in self.runs:
            self._each(run, call)

    def _each(self, run: Run, call: Callable[[Run, Index, Index], None]) -> None:
        code = self.frame.code
        if run.count == 1:
            call(run, run.first, run.base)
            return
        with code.loop(0, run.count, hint="tile") as j:
            first = code.add(code.multiply(j, run.step), run.first)
            call(run, first, code.add(code.multiply(j, run.move), run.base))

    def _function(self, run: Run, block: Block) -> str:
        """The name of the function for tiles like this one; made when it is new."""
        number = self.runs.index(run)
        name = f"tile{number}_{block.vectors}x{block.columns}"
        if name not in self.functions:
            self.functions[name] = self._make(name, run, block)
        return name

    def _make(self, name: str, run: Run, block: Block) -> FuncOp:
        outer = len(self.form.axes) - 1
        parameters: list[tuple[str, Attribute]] = [
            ("source", POINTER),
            ("panel", POINTER),
            ("place", INDEX),
            ("first", INDEX),
            *((f"o{d + 1}", INDEX) for d in range(outer)),
            *([("sums", POINTER)] if self.moments else []),
            *((f"m{i}", POINTER) for i in range(len(self.memory))),
        ]
        code = Code(name, parameters)
        source, panel, place, first, *rest = code.entry.args
        kind = TileType.of(
            run.width, block.vectors * self.frame.lanes, self.form.element, self.frame.lanes
        )
        zero = code.insert(TileZeroOp(kind))
        total = self._sum(code, zero, (source, panel), rest[:outer], run.places)
        if self.moments:
            add_tile(code, total, rest[outer], place)
        memory = rest[len(rest) - len(self.memory) :]
        plane = prod(self.shape.target)
        self.epilogue.write(code, total, block.columns, (first, place, plane), memory)
        return code.finish()

    def _sum(
        self,
        code: Code,
        zero: SSAValue,
        pointers: tuple[SSAValue, SSAValue],
        outer: Sequence[SSAValue],
        places: Places,
    ) -> SSAValue:
        """The sum over planes, then over steps of the outer axes, then over those written out."""
        kind = zero.type
        assert isinstance(kind, TileType)
        form, width, plane = self.form, kind.columns.data, prod(self.shape.source)
        together = self._together(len(places) * kind.rows.data * kind.vectors)
        inner = self._inner(code, pointers, places, (together, width))

        def walk(number: int, held: SSAValue, a: Index, b: Index) -> SSAValue:
            if number == 0:
                return inner(held, a, b)
            pitch = prod(self.shape.source[:number])
            rows = prod(x.kernel for x in form.axes[:number]) * width

            def step(k: Index, found: Index, value: SSAValue) -> SSAValue:
                ahead = code.add(a, code.multiply(found, pitch))
                return walk(number - 1, value, ahead, code.add(b, code.multiply(k, rows)))

            steps = Steps(form.axes[number], self.shape.back)
            return steps.walk(code, outer[number - 1], held, step)

        def channel(c: SSAValue, held: SSAValue) -> SSAValue:
            a, b = code.multiply(c, plane), code.multiply(c, form.steps * width)
            return walk(len(form.axes) - 1, held, a, b)

        return carried(code, (0, self.shape.depth, together), zero, channel)

    def _inner(
        self,
        code: Code,
        pointers: tuple[SSAValue, SSAValue],
        places: Places,
        sizes: tuple[int, int],
    ) -> Inner:
        """The steps that are written out, of some planes together.

        They run so that elements are met in the order in which they lie in memory.
        """
        together, pitch = sizes
        element, plane, start = self.form.element, prod(self.shape.source), 0
        spread = tuple(
            tuple(None if p is None else p + u * plane for p in row)
            for u in range(together)
            for row in places
        )
        if self.shape.back and len(places) > 1:
            spread, start, pitch = spread[::-1], (len(places) - 1) * pitch, -pitch

        def inner(held: SSAValue, a: Index, b: Index) -> SSAValue:
            left = code.offset(pointers[0], a, element)
            right = code.offset(pointers[1], code.add(b, start), element)
            return code.insert(TileGatherOp(held, left, spread, right, pitch))

        return inner

    def _together(self, work: int) -> int:
        """How many planes are summed in a turn of the loop: several when there is little to do."""
        if any(a.kernel > 1 for a in self.form.axes[1:]) or self.form.steps > 1:
            return 1
        most = max(1, min(UNROLLED, 128 // work))
        return max(u for u in range(1, most + 1) if self.shape.depth % u == 0)
