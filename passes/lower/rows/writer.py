"""Building a `kern.func`: index arithmetic, loops and memory accesses at a moving place."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from xdsl.builder import Builder
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import Float64Type, IndexType, VectorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from brainscript.dialects.kern import ABI_TAIL, BroadcastOp, FuncOp, LoadOp, ReturnOp, StoreOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.tensors import Element
from brainscript.passes.lower.vectors import Vectors
from brainscript.target import Target


@dataclass
class Loop:
    """A loop being built: its index, the values carried in, those to carry on, the results."""

    index: SSAValue
    carried: Sequence[SSAValue]
    following: Sequence[SSAValue] = ()
    results: Sequence[SSAValue] = field(default_factory=tuple)


class Writer:
    """One kernel under construction, for one element type and vector width."""

    def __init__(self, inputs: int, outputs: int, element: Element, target: Target):
        pointers = inputs + outputs
        self.block = Block(arg_types=[PtrType()] * pointers + list(ABI_TAIL))
        self.pointers = self.block.args[:pointers]
        self.n, self.workspace, self.tid, self.nt = self.block.args[pointers:]
        self._name_arguments(inputs, pointers)
        self.element = element
        self.bytes = 8 if isinstance(element, Float64Type) else 4
        self.lanes = target.lanes(self.bytes)
        self.vector: Attribute = VectorType(element, [self.lanes])
        self.builder = Builder(InsertPoint.at_end(self.block))
        self._indices: dict[int, arith.ConstantOp] = {}

    def _name_arguments(self, inputs: int, pointers: int) -> None:
        names = [f"x{i}" for i in range(inputs)] + [f"y{i}" for i in range(pointers - inputs)]
        for argument, name in zip(self.block.args, [*names, "n", "ws", "tid", "nt"], strict=True):
            argument.name_hint = name

    def insert(self, op: Operation) -> SSAValue:
        """Insert an operation and return its only result."""
        return self.builder.insert(op).results[0]

    def vectors(self, kind: Attribute | None = None) -> Vectors:
        """Arithmetic on vectors, or on values of `kind`, at the current place."""
        return Vectors(self.builder, kind or self.vector)

    def index(self, value: int) -> SSAValue:
        """A constant index; all of them stand at the top of the kernel."""
        if value not in self._indices:
            self._indices[value] = arith.ConstantOp.from_int_and_width(value, IndexType())
        return self._indices[value].result

    def _integer(self, op: type[Operation], a: SSAValue, b: SSAValue | int) -> SSAValue:
        b = self.index(b) if isinstance(b, int) else b
        return self.insert(op.create(operands=[a, b], result_types=[IndexType()]))

    def add(self, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`a + b`"""
        return a if b == 0 else self._integer(arith.AddiOp, a, b)

    def sub(self, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`a - b`"""
        return self._integer(arith.SubiOp, a, b)

    def mul(self, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`a * b`"""
        return a if b == 1 else self._integer(arith.MuliOp, a, b)

    def div(self, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`a / b` rounded down, of numbers that are not negative."""
        return a if b == 1 else self._integer(arith.DivUIOp, a, b)

    def least(self, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`min(a, b)`"""
        return self._integer(arith.MinSIOp, a, b)

    def load(
        self,
        pointer: SSAValue,
        index: SSAValue,
        kind: Attribute | None = None,
        count: SSAValue | None = None,
    ) -> SSAValue:
        """A vector (or a value of `kind`) at `pointer[index]`."""
        return self.insert(LoadOp(pointer, index, kind or self.vector, count))

    def store(
        self, value: SSAValue, pointer: SSAValue, index: SSAValue, count: SSAValue | None = None
    ) -> None:
        """Write a value to `pointer[index]`."""
        self.builder.insert(StoreOp(value, pointer, index, count))

    def spread(self, scalar: SSAValue) -> SSAValue:
        """A vector with the scalar in every lane."""
        return self.insert(BroadcastOp(scalar, self.vector))

    @contextmanager
    def loop(
        self,
        low: SSAValue,
        high: SSAValue,
        step: int,
        initial: Sequence[SSAValue] = (),
    ) -> Generator[Loop]:
        """`for index in range(low, high, step)`; set `following` to carry values on."""
        block = Block(arg_types=[IndexType(), *(v.type for v in initial)])
        outside, self.builder = self.builder, Builder(InsertPoint.at_end(block))
        loop = Loop(block.args[0], block.args[1:], block.args[1:])
        yield loop
        self.builder.insert(scf.YieldOp(*loop.following))
        self.builder = outside
        op = scf.ForOp(low, high, self.index(step), list(initial), Region(block))
        loop.results = self.builder.insert(op).results

    @contextmanager
    def when(self, predicate: str, a: SSAValue, b: SSAValue) -> Generator[None]:
        """What follows runs only where the comparison of two indices holds."""
        condition = self.insert(arith.CmpiOp(a, b, predicate))
        block = Block()
        outside, self.builder = self.builder, Builder(InsertPoint.at_end(block))
        yield
        self.builder.insert(scf.YieldOp())
        self.builder = outside
        self.builder.insert(scf.IfOp(condition, (), Region(block)))

    def share(self, total: SSAValue, unit: int) -> tuple[SSAValue, SSAValue]:
        """The range of this thread in `range(total)`, cut at multiples of `unit`."""
        together = self.mul(self.nt, unit)
        chunk = self.div(self.add(total, self.sub(together, 1)), together)
        length = self.mul(chunk, unit)
        start = self.least(self.mul(self.tid, length), total)
        end = self.least(self.add(start, length), total)
        start.name_hint, end.name_hint = "start", "end"
        return start, end

    def finish(self, name: str, workspace: int = 0) -> FuncOp:
        """The finished kernel; every thread brings `workspace` bytes of scratch."""
        self.builder.insert(ReturnOp())
        first = self.block.first_op
        assert first is not None
        self.block.insert_ops_before(list(self._indices.values()), first)
        return FuncOp(name, self.block, workspace)
