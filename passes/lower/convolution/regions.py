"""Kernels of `net.roi_pooling` and of its gradient: bins whose place is data, number by number."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, i64
from xdsl.ir import Block, SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.base import plain
from brainscript.dialects.net.convolution import numbers
from brainscript.dialects.net.pooling import RoiPoolingBackOp, RoiPoolingOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import shape_of
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target

FARTHEST = float(1 << 20)
"""Corners beyond this count as this; so does what is not a number."""

LOWEST = float("-inf")

Pair = tuple[SSAValue, SSAValue]
Range = tuple[Index, Index]


def lower_regions(kernel: KernelOp, target: Target) -> FuncOp:
    """The code of the kernel: samples are shared by threads."""
    op = kernel.steps[0]
    assert isinstance(op, RoiPoolingOp | RoiPoolingBackOp)
    writer = _Writer(Frame.of(kernel, target), op)
    frame, code = writer.frame, writer.frame.code
    with code.loop(*frame.share(frame.samples(op.result)), hint="sample") as sample:
        writer.sample(sample)
    return code.finish()


class _Writer:
    """Writes one kernel."""

    def __init__(self, frame: Frame, op: RoiPoolingOp | RoiPoolingBackOp):
        self.frame, self.op = frame, op
        self.sizes = shape_of(op.x)
        width, height = numbers({"bins": plain(op.bins)}, "bins")
        self.bins = (width, height)
        self.regions = shape_of(op.boxes)[1]

    @property
    def numbers(self) -> Vectors:
        """Arithmetic on elements."""
        return Vectors(self.frame.code.builder, self.frame.element)

    def sample(self, sample: SSAValue) -> None:
        """All regions of a sample."""
        frame, code, op = self.frame, self.frame.code, self.op
        x = frame.at_sample(frame.memory[op.x], op.x, sample)
        boxes = frame.at_sample(frame.memory[op.boxes], op.boxes, sample)
        result = frame.at_sample(frame.outputs[0], op.result, sample)
        g: SSAValue | None = None
        if isinstance(op, RoiPoolingBackOp):
            g = frame.at_sample(frame.memory[op.g], op.g, sample)
            width, height, channels = self.sizes
            with code.loop(0, width * height * channels, hint="i") as i:
                code.store(self.numbers.constant(0.0), result, i)
        with code.loop(0, self.regions, hint="region") as region:
            corners = [self._corner(boxes, code.add(code.multiply(region, 4), i)) for i in range(4)]
            with code.loop(0, self.bins[1], hint="j") as j, code.loop(0, self.bins[0]) as i:
                columns = self._range(0, corners[0], corners[2], i)
                rows = self._range(1, corners[1], corners[3], j)
                first = code.add(code.multiply(j, self.bins[0]), i)
                self._bin((x, result, g), (columns, rows), region, first)

    def _corner(self, boxes: SSAValue, index: Index) -> Index:
        """A corner in the coordinates of x, rounded half away from 0."""
        code, v = self.frame.code, self.numbers
        scaled = v.mul(code.load(boxes, index, self.frame.element), v.constant(self._scale()))
        size = v.unary("floor", v.add(v.unary("abs", scaled), v.constant(0.5)))
        most = v.constant(FARTHEST)
        size = v.choose("ole", size, most, size, most)
        signed = v.choose("olt", scaled, v.constant(0.0), v.unary("negate", size), size)
        whole = code.insert(arith.FPToSIOp(signed, i64))
        return code.insert(arith.IndexCastOp(whole, IndexType()))

    def _scale(self) -> float:
        return self.op.scale.value.data

    def _range(self, axis: int, low: Index, high: Index, number: Index) -> Range:
        """The elements of a bin along an axis."""
        code, bins, size = self.frame.code, self.bins[axis], self.sizes[axis]
        length = code.greatest(code.add(code.subtract(high, low), 1), 1)
        first = code.add(low, code.divide(code.multiply(number, length), bins))
        after = code.ceil_divide(code.multiply(code.add(number, 1), length), bins)
        last = code.add(low, after)
        ends = (code.least(code.greatest(end, 0), size) for end in (first, last))
        start, end = ends
        return start, end

    def _bin(
        self,
        memory: tuple[SSAValue, SSAValue, SSAValue | None],
        place: tuple[Range, Range],
        region: Index,
        number: Index,
    ) -> None:
        """All channels of a bin."""
        code, element = self.frame.code, self.frame.element
        x, result, g = memory
        width, height, channels = self.sizes
        columns, rows = place
        plane = self.bins[0] * self.bins[1]
        with code.loop(0, channels, hint="c") as c:
            source = code.offset(x, code.multiply(c, width * height), element)
            start = code.multiply(code.add(code.multiply(region, channels), c), plane)
            index = code.add(start, number)
            largest, at = self._largest(source, columns, rows)
            v = self.numbers
            empty, zero = v.constant(-1.0), v.constant(0.0)
            if g is None:
                code.store(v.choose("oeq", at, empty, zero, largest), result, index)
            else:
                whole = code.insert(arith.FPToSIOp(v.choose("oeq", at, empty, zero, at), i64))
                where = code.insert(arith.IndexCastOp(whole, IndexType()))
                part = v.choose("oeq", at, empty, zero, code.load(g, index, element))
                target = code.add(code.multiply(c, width * height), where)
                code.store(v.add(code.load(result, target, element), part), result, target)

    def _largest(self, source: SSAValue, columns: Range, rows: Range) -> Pair:
        """The first largest element of a bin and its number in the plane, or -1 in an empty one."""
        code, element, width = self.frame.code, self.frame.element, self.sizes[0]

        def row(j: SSAValue, held: Pair) -> Pair:
            def at(i: SSAValue, inner: Pair) -> Pair:
                index = code.add(code.multiply(j, width), i)
                value, v = code.load(source, index, element), self.numbers
                whole = code.insert(arith.IndexCastOp(code.value(index), i64))
                number = code.insert(arith.SIToFPOp(whole, element))
                place = v.choose("ogt", value, inner[0], number, inner[1])
                return v.choose("ogt", value, inner[0], value, inner[0]), place

            return self._loop(columns, held, at)

        v = self.numbers
        return self._loop(rows, (v.constant(LOWEST), v.constant(-1.0)), row)

    def _loop(self, bounds: Range, held: Pair, body: Callable[[SSAValue, Pair], Pair]) -> Pair:
        code = self.frame.code
        block = Block(arg_types=[IndexType(), *(v.type for v in held)])
        low, high, step = (code.value(b) for b in (*bounds, 1))
        with code.inside(block):
            index, *values = block.args
            code.builder.insert(scf.YieldOp(*body(index, (values[0], values[1]))))
        made = code.builder.insert(scf.ForOp(low, high, step, list(held), block))
        return made.results[0], made.results[1]
