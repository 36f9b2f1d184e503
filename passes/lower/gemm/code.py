"""Writing `kern` code: index arithmetic with constants folded, loops, conditions, memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from xdsl.builder import Builder
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerAttr, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from brainscript.dialects.kern import (
    BroadcastOp,
    CallOp,
    FuncOp,
    LoadOp,
    OffsetOp,
    ReturnOp,
    StoreOp,
)

Index = SSAValue | int
INDEX = IndexType()
NO_OVERFLOW: dict[str, Attribute] = {"overflowFlags": arith.IntegerOverflowAttr("none")}
FLAGS: dict[type[Operation], dict[str, Attribute]] = {
    arith.AddiOp: NO_OVERFLOW,
    arith.SubiOp: NO_OVERFLOW,
    arith.MuliOp: NO_OVERFLOW,
}
"""The properties of those operations on indices that have any."""


class Code:
    """Writes one function, at the end of the block that is open.

    An `Index` is a value or a Python number; operations on two numbers are done here, so code for
    known sizes comes out short.
    """

    def __init__(self, name: str, parameters: Sequence[tuple[str, Attribute]]):
        self.name = name
        self.entry = Block(arg_types=[kind for _, kind in parameters])
        for argument, (hint, _) in zip(self.entry.args, parameters, strict=True):
            argument.name_hint = hint
        self.builder = Builder(InsertPoint.at_end(self.entry))
        self._constants: dict[int, SSAValue] = {}
        self._heads: list[Operation] = []

    def finish(self, workspace: int | None = None, functions: Sequence[FuncOp] = ()) -> FuncOp:
        """The function; `functions` are the local ones it calls."""
        self.builder.insert(ReturnOp())
        first = self.entry.first_op
        assert first is not None
        self.entry.insert_ops_before([*functions, *self._heads], first)
        return FuncOp(self.name, self.entry, workspace)

    def value(self, index: Index) -> SSAValue:
        """An index as a value; constants stand once, at the top of the function."""
        if not isinstance(index, int):
            return index
        if index not in self._constants:
            made = arith.ConstantOp(IntegerAttr(index, INDEX))
            made.result.name_hint = f"c{index}" if index >= 0 else None
            self._heads.append(made)
            self._constants[index] = made.result
        return self._constants[index]

    def insert(self, operation: Operation, hint: str | None = None) -> SSAValue:
        """Insert an operation and return its result."""
        result = self.builder.insert(operation).results[0]
        result.name_hint = hint
        return result

    def _binary(self, kind: type[Operation], a: Index, b: Index) -> SSAValue:
        """Made without the constructor, which takes twice the time: there are many of these."""
        operands, flags = [self.value(a), self.value(b)], FLAGS.get(kind, {})
        return self.insert(kind.create(operands=operands, result_types=[INDEX], properties=flags))

    def add(self, a: Index, b: Index) -> Index:
        """a + b"""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0 or b == 0:
            return b if a == 0 else a
        return self._binary(arith.AddiOp, a, b)

    def subtract(self, a: Index, b: Index) -> Index:
        """a - b"""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self._binary(arith.SubiOp, a, b)

    def multiply(self, a: Index, b: Index) -> Index:
        """a * b"""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        if a == 1 or b == 1:
            return b if a == 1 else a
        return self._binary(arith.MuliOp, a, b)

    def divide(self, a: Index, b: Index) -> Index:
        """a / b, of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self._binary(arith.DivUIOp, a, b)

    def remainder(self, a: Index, b: Index) -> Index:
        """a % b, of numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if b == 1 else self._binary(arith.RemUIOp, a, b)

    def least(self, a: Index, b: Index) -> Index:
        """The smaller one."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self._binary(arith.MinSIOp, a, b)

    def greatest(self, a: Index, b: Index) -> Index:
        """The larger one."""
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self._binary(arith.MaxSIOp, a, b)

    def ceil_divide(self, a: Index, b: int) -> Index:
        """a / b rounded up."""
        return self.divide(self.add(a, b - 1), b)

    def compare(self, predicate: str, a: Index, b: Index) -> SSAValue:
        """A comparison of signed numbers: `slt`, `sle`, `sge`, `sgt`, `eq`, `ne`."""
        return self.insert(arith.CmpiOp(self.value(a), self.value(b), predicate))

    def select(self, condition: SSAValue, a: Index | SSAValue, b: Index | SSAValue) -> SSAValue:
        """a where the condition holds, else b."""
        return self.insert(arith.SelectOp(condition, self.value(a), self.value(b)))

    @contextmanager
    def inside(self, block: Block) -> Generator[None]:
        """Write into another block."""
        outer = self.builder
        self.builder = Builder(InsertPoint.at_end(block))
        yield
        self.builder = outer

    @contextmanager
    def loop(
        self, low: Index, high: Index, step: Index = 1, hint: str = "i"
    ) -> Generator[SSAValue]:
        """A loop over [low, high)."""
        block = Block(arg_types=[INDEX])
        block.args[0].name_hint = hint
        bounds = [self.value(v) for v in (low, high, step)]
        with self.inside(block):
            yield block.args[0]
            self.builder.insert(scf.YieldOp())
        self.builder.insert(scf.ForOp(bounds[0], bounds[1], bounds[2], [], block))

    @contextmanager
    def when(self, condition: SSAValue) -> Generator[None]:
        """Code that runs only where the condition holds."""
        block = Block()
        with self.inside(block):
            yield
            self.builder.insert(scf.YieldOp())
        self.builder.insert(scf.IfOp(condition, [], [block]))

    def either(self, condition: SSAValue, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """One of two pieces of code."""
        blocks = [Block(), Block()]
        for block, write in zip(blocks, (yes, no), strict=True):
            with self.inside(block):
                write()
                self.builder.insert(scf.YieldOp())
        self.builder.insert(scf.IfOp(condition, [], [blocks[0]], [blocks[1]]))

    def choose(self, key: SSAValue, cases: Sequence[int], write: Callable[[int], None]) -> None:
        """Code for the value of `key`, one of `cases`; the last case takes every other value."""
        regions: list[Region] = []
        for case in cases:
            block = Block()
            with self.inside(block):
                write(case)
                self.builder.insert(scf.YieldOp())
            regions.append(Region(block))
        numbers = DenseArrayBase.from_list(i64, list(cases[:-1]))
        self.builder.insert(scf.IndexSwitchOp(key, numbers, regions[-1], regions[:-1], []))

    def offset(self, pointer: SSAValue, index: Index, element: Attribute) -> SSAValue:
        """The address of an element."""
        if index == 0:
            return pointer
        return self.insert(OffsetOp(pointer, self.value(index), element))

    def load(
        self, pointer: SSAValue, index: Index, kind: Attribute, count: Index | None = None
    ) -> SSAValue:
        """Read a scalar or vector."""
        limit = None if count is None else self.value(count)
        return self.insert(LoadOp(pointer, self.value(index), kind, limit))

    def store(
        self, value: SSAValue, pointer: SSAValue, index: Index, count: Index | None = None
    ) -> None:
        """Write a scalar or vector."""
        limit = None if count is None else self.value(count)
        self.builder.insert(StoreOp(value, pointer, self.value(index), limit))

    def broadcast(self, scalar: SSAValue, kind: Attribute) -> SSAValue:
        """A vector with the scalar in every lane."""
        return self.insert(BroadcastOp(scalar, kind))

    def call(self, function: str, operands: Sequence[Index]) -> None:
        """Call a local function."""
        self.builder.insert(CallOp(function, [self.value(v) for v in operands]))
