"""What happens to a gradient of pooling before it is stored: the elementwise rest of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.pooling import PoolBackOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.gemm.code import Index
from brainscript.passes.lower.scalar_bodies import vector_body
from brainscript.passes.lower.vectors import Vectors

Reader = Callable[[SSAValue, SSAValue], SSAValue]
"""The vector of a value that lies like the result, by the value and its pointer."""


def fits(op: Operation, read: Sequence[TensorType]) -> bool:
    """Whether the kernel of an operation can read these values: like its result, or one number."""
    result = type_of(op.results[0])
    return isinstance(op, PoolBackOp) and all(
        kind == result or (kind.elements == 1 and kind.axis is None) for kind in read
    )


class Epilogue:
    """The operations after the first one of a kernel, what they read and what is stored."""

    def __init__(self, frame: Frame, op: Operation):
        kernel = op.parent_op()
        assert isinstance(kernel, KernelOp)
        self.frame = frame
        self.product: SSAValue = op.results[0]
        self.steps = [step for step in kernel.steps if step is not op]
        self.outputs = list(kernel.outputs)
        made = {r for step in self.steps for r in step.results} | {self.product}
        read = [v for step in self.steps for v in step.operands if v not in made]
        self.read = list(dict.fromkeys(read))

    @property
    def plain(self) -> bool:
        """Whether the result is stored as it is."""
        return not self.steps

    def results(self, value: SSAValue, reader: Reader) -> list[SSAValue]:
        """What is stored, from one vector of the gradient."""
        code, kind = self.frame.code, self.frame.vector
        values = {self.product: value}
        for other in self.read:
            pointer = self.frame.memory[other]
            if type_of(other) == type_of(self.product):
                values[other] = reader(other, pointer)
            else:
                values[other] = code.broadcast(code.load(pointer, 0, self.frame.element), kind)
        for op in self.steps:
            if isinstance(op, SplatOp):
                number = op.value.value.data
                values[op.result] = Vectors(code.builder, kind).constant(number)
            else:
                operands = [values[v] for v in op.operands]
                values[op.results[0]] = vector_body(op, operands, code.builder)
        return [values[v] for v in self.outputs]

    def write(self, value: SSAValue, at: Index, count: Index | None) -> None:
        """Finish a vector of elements beside each other, the first one at `at`."""
        code, kind = self.frame.code, self.frame.vector
        results = self.results(value, lambda _, pointer: code.load(pointer, at, kind, count))
        for pointer, result in zip(self.frame.outputs, results, strict=True):
            code.store(result, pointer, at, count)
