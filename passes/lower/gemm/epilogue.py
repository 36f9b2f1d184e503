"""What happens to a tile of a product before it is stored: the elementwise rest of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import VectorType
from xdsl.ir import Attribute, Operation, SSAValue

from brainscript.dialects.kern import PrefetchOp
from brainscript.dialects.kern_tile import TileEachOp, TileEndOp, TileType
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.fusion.families import CHEAP
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.scalar_bodies import vector_body
from brainscript.passes.lower.vectors import Vectors

_SHORT = CHEAP | {"net.splat", "net.broadcast_to", "net.pass"}


@dataclass(frozen=True, slots=True)
class Access:
    """Where the element for (row, column) of a result lies in another value.

    `across`: it has all columns, else one number serves the whole row. `down` says which of its
    rows is meant: `all` the same row, `sample` the sample of the row, `within` the row within its
    sample, `one` the only row.
    """

    across: bool
    down: str


def access_of(operand: TensorType, result: TensorType, output_rank: int) -> Access | None:
    """How a product's epilogue reads this operand; None when it cannot, and must not be fused."""
    whole, part = result.shape or (), operand.shape or ()
    if len(part) > len(whole) or operand.axis not in (None, result.axis):
        return None
    part = part + (1,) * (len(whole) - len(part))
    left = _match(part[:output_rank], whole[:output_rank])
    rest = _match(part[output_rank:], whole[output_rank:])
    if left is None or rest is None:
        return None
    if operand.axis == result.axis:
        single = prod(whole[output_rank:]) == 1
        per_sample = "all" if single or rest == "all" else "sample"
        return Access(left == "all", rest if result.axis is None else per_sample)
    return Access(left == "all", "within" if rest == "all" else "one")


def _match(part: Sequence[int], whole: Sequence[int]) -> str | None:
    """`all` when equal, `one` when all are 1, None for a mixture."""
    if tuple(part) == tuple(whole):
        return "one" if prod(whole) == 1 else "all"
    return "one" if prod(part) == 1 else None


class Epilogue:
    """The operations after a product, and the memory they read and write.

    `memory` is what they need of the kernel's memory: the values read, each once, then one for
    each value of `outputs`. `long` says that the steps take many instructions a vector.
    """

    def __init__(
        self,
        form: Form,
        product: Operation,
        steps: Sequence[Operation],
        outputs: Sequence[SSAValue],
    ):
        self.form = form
        self.product = product.results[0]
        self.steps = [op for op in steps if op is not product]
        self.outputs = list(outputs)
        self.result = type_of(self.product)
        self.rest = prod((self.result.shape or ())[form.output_rank :])
        made = {r for op in self.steps for r in op.results} | {self.product}
        read = [v for op in self.steps for v in op.operands if v not in made]
        self.read = list(dict.fromkeys(read))
        self.long = any(op.name not in _SHORT for op in self.steps)

    def memory_names(self) -> list[str]:
        """A name for every pointer of `memory`."""
        reads = [f"in{i}" for i in range(len(self.read))]
        return reads + [f"out{i}" for i in range(len(self.outputs))]

    def access(self, value: SSAValue) -> Access:
        """How a value is read."""
        found = access_of(type_of(value), self.result, self.form.output_rank)
        assert found is not None, f"{value.type} cannot be read beside {self.result}"
        return found

    def prefetch(
        self, code: Code, tile: SSAValue, place: tuple[Index, Index], memory: Sequence[SSAValue]
    ) -> None:
        """Code that asks for what `write` will read beside a tile at this place."""
        kind = tile.type
        assert isinstance(kind, TileType)
        pairs = zip(self.read, memory, strict=False)
        found = [p for v, p in pairs if self.access(v) == Access(True, "all")]
        if not found:
            return
        base = code.add(code.multiply(place[0], self.form.columns), place[1])
        pointers = [code.offset(p, base, self.form.element) for p in found]
        block = TileEachOp.make_block(kind)
        _, row, column, _ = block.args
        with code.inside(block):
            index = code.add(code.multiply(row, self.form.columns), column)
            for pointer in pointers:
                code.builder.insert(PrefetchOp(pointer, code.value(index), self.form.element))
            code.builder.insert(TileEndOp())
        code.builder.insert(TileEachOp(tile, block))

    def write(
        self, code: Code, tile: SSAValue, place: tuple[Index, Index], memory: Sequence[SSAValue]
    ) -> None:
        """Code that finishes a tile whose first element is (row, column) `place`."""
        kind = tile.type
        assert isinstance(kind, TileType)
        size = len(self.read)
        readers = {
            value: _Reader(code, self, value, pointer, place)
            for value, pointer in zip(self.read, memory[:size], strict=True)
        }
        base = code.add(code.multiply(place[0], self.form.columns), place[1])
        targets = [code.offset(pointer, base, self.form.element) for pointer in memory[size:]]
        block = TileEachOp.make_block(kind)
        vector, row, column, count = block.args
        with code.inside(block):
            values: dict[SSAValue, SSAValue] = {self.product: vector}
            for value, reader in readers.items():
                values[value] = reader.read(row, column, count, kind.vector)
            for op in self.steps:
                values[op.results[0]] = _step(code, op, values, kind.vector)
            index = code.add(code.multiply(row, self.form.columns), column)
            for value, pointer in zip(self.outputs, targets, strict=True):
                code.store(values[value], pointer, index, count)
            code.builder.insert(TileEndOp())
        code.builder.insert(TileEachOp(tile, block))


def _step(code: Code, op: Operation, values: dict[SSAValue, SSAValue], kind: Attribute) -> SSAValue:
    if isinstance(op, SplatOp):
        return Vectors(code.builder, kind).constant(op.value.value.data)
    return vector_body(op, [values[v] for v in op.operands], code.builder)


class _Reader:
    """Reads one operand beside the vectors of a tile; what is the same for all is read before."""

    def __init__(
        self,
        code: Code,
        epilogue: Epilogue,
        value: SSAValue,
        pointer: SSAValue,
        place: tuple[Index, Index],
    ):
        self.code = code
        self.form = epilogue.form
        self.access = epilogue.access(value)
        self.rest = epilogue.rest
        self.first_row = place[0]
        self.width = self.form.columns if self.access.across else 1
        column = place[1] if self.access.across else 0
        start: Index = column
        if self.access.down == "all":
            start = code.add(code.multiply(place[0], self.width), column)
        self.pointer = code.offset(pointer, start, self.form.element)
        self.ready: SSAValue | None = None
        if self.access == Access(False, "one"):
            self.ready = self._splat(0)

    def _splat(self, index: Index) -> SSAValue:
        return self.code.load(self.pointer, index, self.form.element)

    def read(
        self, row: SSAValue, column: SSAValue, count: SSAValue, kind: VectorType[Attribute]
    ) -> SSAValue:
        """The operand's vector for this vector of the tile."""
        code = self.code
        if self.ready is not None:
            return code.broadcast(self.ready, kind)
        start = code.multiply(self._row(row), self.width)
        if self.access.across:
            return code.load(self.pointer, code.add(start, column), kind, count)
        return code.broadcast(self._splat(start), kind)

    def _row(self, row: SSAValue) -> Index:
        """The row of the operand, counted from where `pointer` stands."""
        code = self.code
        match self.access.down:
            case "all":
                return row
            case "sample":
                return code.divide(code.add(self.first_row, row), self.rest)
            case "within":
                return code.remainder(code.add(self.first_row, row), self.rest)
            case _:
                return 0
