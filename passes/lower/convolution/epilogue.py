"""What happens to a tile of windows before it is stored: the elementwise rest of a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from xdsl.dialects.builtin import VectorType
from xdsl.ir import Attribute, Operation, SSAValue

from brainscript.dialects.kern_tile import TileEndOp, TileType
from brainscript.dialects.kern_windows import TileAcrossOp
from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp
from brainscript.dialects.net.normalise import PlaneStatisticOp
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.pooling import PoolBackOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import Shape, TensorType, type_of
from brainscript.passes.lower.convolution.form import form_of, is_general
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.pooling import epilogue as pooling
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.scalar_bodies import vector_body
from brainscript.passes.lower.vectors import Vectors

SAME, MAP, PLANE, ONE = "same", "map", "plane", "one"
"""How an operand lies beside the result: element by element, one number for each map, one plane
for all maps, one number."""


def access_of(operand: TensorType, result: TensorType, rank: int) -> str | None:
    """How an epilogue reads an operand; None when it cannot. `rank` axes make a plane."""
    whole, part = result.shape or (), operand.shape or ()
    if len(part) > len(whole) or operand.axis not in (None, result.axis):
        return None
    if prod(part) == 1 and operand.axis is None:
        return ONE
    part += (1,) * (len(whole) - len(part))
    plane = _match(part[:rank], whole[:rank])
    maps = _match(part[rank:], whole[rank:])
    if plane is None or maps is None:
        return None
    return {(1, 1): SAME, (0, 1): MAP, (1, 0): PLANE, (0, 0): ONE}[plane, maps]


def _match(part: Shape, whole: Shape) -> int | None:
    """1 when equal, 0 when all are 1, None for a mixture."""
    if part == whole:
        return 1
    return 0 if prod(part) == 1 else None


def epilogue_fits(op: Operation, read: Sequence[TensorType]) -> bool:
    """Whether the kernel of an operation on windows can read these values beside its result."""
    if isinstance(op, PoolBackOp):
        return pooling.fits(op, read)
    if not isinstance(op, CorrelateOp | CorrelateBackOp) or is_general(op):
        return False
    result, rank = type_of(op.result), form_of(op).rank
    return all(access_of(kind, result, rank) is not None for kind in read)


class Epilogue:
    """The operations after a convolution, the values they read and those that are stored."""

    def __init__(self, kernel: KernelOp, rank: int):
        product, *steps = kernel.steps
        self.product = product.results[0]
        self.result = type_of(self.product)
        self.steps = [op for op in steps if not isinstance(op, PlaneStatisticOp)]
        self.outputs = [v for v in kernel.outputs if not isinstance(v.owner, PlaneStatisticOp)]
        self.rank = rank
        made = {r for op in self.steps for r in op.results} | {self.product}
        read = [v for op in self.steps for v in op.operands if v not in made]
        self.read = list(dict.fromkeys(read))

    def memory(self, kernel: KernelOp, frame: Frame) -> list[SSAValue]:
        """The pointers of `read` and `outputs`."""
        made = dict(zip(kernel.outputs, frame.outputs, strict=True))
        return [*(frame.memory[v] for v in self.read), *(made[v] for v in self.outputs)]

    def at_sample(self, code: Code, memory: Sequence[SSAValue], sample: Index) -> list[SSAValue]:
        """The pointers of `read` and `outputs`, moved to a sample."""
        element = self.result.element
        kinds = [type_of(v) for v in (*self.read, *self.outputs)]
        return [
            code.offset(p, code.multiply(sample, k.elements), element) if k.axis else p
            for p, k in zip(memory, kinds, strict=True)
        ]

    def write(
        self,
        code: Code,
        tile: SSAValue,
        columns: int,
        place: tuple[Index, Index, int],
        memory: Sequence[SSAValue],
    ) -> None:
        """Finish a tile: `place` is its first map, its first element in a plane, and the size of
        a plane; `memory` the pointers at the sample."""
        kind = tile.type
        assert isinstance(kind, TileType)
        block = TileAcrossOp.make_block(kind)
        vector, row, column, count = block.args
        first, start, plane = place
        with code.inside(block):
            at = code.add(start, row)
            each = code.add(first, column)
            index = code.add(code.multiply(each, plane), at)
            values: dict[SSAValue, SSAValue] = {self.product: vector}
            places: Mapping[str, Index] = {SAME: index, MAP: each, PLANE: at, ONE: 0}
            for value, pointer in zip(self.read, memory, strict=False):
                values[value] = self._read(code, value, pointer, places, count, kind.vector)
            for op in self.steps:
                values[op.results[0]] = _step(code, op, values, kind.vector)
            for value, pointer in zip(self.outputs, memory[len(self.read) :], strict=True):
                code.store(values[value], pointer, index, count)
            code.builder.insert(TileEndOp())
        code.builder.insert(TileAcrossOp(tile, columns, block))

    def _read(
        self,
        code: Code,
        value: SSAValue,
        pointer: SSAValue,
        places: Mapping[str, Index],
        count: SSAValue,
        kind: VectorType[Attribute],
    ) -> SSAValue:
        access = access_of(type_of(value), self.result, self.rank)
        assert access is not None, f"{value.type} cannot be read beside {self.result}"
        if access in (SAME, PLANE):
            return code.load(pointer, places[access], kind, count)
        return code.broadcast(code.load(pointer, places[access], self.result.element), kind)


def _step(code: Code, op: Operation, values: dict[SSAValue, SSAValue], kind: Attribute) -> SSAValue:
    if isinstance(op, SplatOp):
        return Vectors(code.builder, kind).constant(op.value.value.data)
    return vector_body(op, [values[v] for v in op.operands], code.builder)
