"""The parameters of a kernel of the family, and loops that share work between threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType, VectorType
from xdsl.ir import Attribute, Block, SSAValue

from brainscript.dialects.kern import ABI_TAIL
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import Element, type_of
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.target import Target


@dataclass(frozen=True)
class Frame:
    """The function that is written: code, pointers by value, outputs, and the usual tail."""

    code: Code
    memory: Mapping[SSAValue, SSAValue]
    outputs: Sequence[SSAValue]
    columns: SSAValue
    scratch: SSAValue
    thread: SSAValue
    threads: SSAValue
    element: Element
    lanes: int

    @staticmethod
    def of(kernel: KernelOp, target: Target) -> Frame:
        """The frame of a kernel: its inputs, its outputs, then what every kernel takes."""
        count, results = len(kernel.inputs), len(kernel.outputs)
        names = [f"x{i}" for i in range(count)] + [f"y{i}" for i in range(results)]
        parameters: list[tuple[str, Attribute]] = [(name, PtrType()) for name in names]
        parameters += zip(("n", "ws", "tid", "nt"), ABI_TAIL, strict=True)
        code = Code(kernel.sym_name.data, parameters)
        arguments = list(code.entry.args)
        memory = dict(zip(kernel.inputs, arguments, strict=False))
        element = type_of(kernel.outputs[0]).element
        lanes = target.lanes(element.bitwidth // 8)
        outputs = arguments[count : len(names)]
        n, scratch, tid, nt = arguments[len(names) :]
        return Frame(code, memory, outputs, n, scratch, tid, nt, element, lanes)

    @property
    def vector(self) -> VectorType[Attribute]:
        """A vector of elements."""
        return VectorType(self.element, [self.lanes])

    def samples(self, value: SSAValue) -> Index:
        """How many samples a value has."""
        return self.columns if type_of(value).axis is not None else 1

    def at_sample(self, pointer: SSAValue, value: SSAValue, sample: Index) -> SSAValue:
        """The pointer to a sample of a value."""
        kind = type_of(value)
        if kind.axis is None:
            return pointer
        code = self.code
        return code.offset(pointer, code.multiply(sample, kind.elements), self.element)

    def share(self, count: Index) -> tuple[Index, Index]:
        """The part of [0, count) that this thread works on."""
        code = self.code
        ends = (self.thread, code.add(self.thread, 1))
        first, last = (code.divide(code.multiply(count, e), self.threads) for e in ends)
        return first, last


def carried(
    code: Code,
    bounds: tuple[Index, Index, Index],
    value: SSAValue,
    body: Callable[[SSAValue, SSAValue], SSAValue],
) -> SSAValue:
    """A loop that hands a value on: `body(index, value)` gives the next one."""
    block = Block(arg_types=[IndexType(), value.type])
    low, high, step = (code.value(b) for b in bounds)
    with code.inside(block):
        following = body(block.args[0], block.args[1])
        code.builder.insert(scf.YieldOp(following))
    return code.insert(scf.ForOp(low, high, step, [value], block))


def kept_unless(
    code: Code, condition: SSAValue, value: SSAValue, body: Callable[[], SSAValue]
) -> SSAValue:
    """The value of `body` where the condition holds, else the value as it is."""
    yes, no = Block(), Block()
    with code.inside(yes):
        code.builder.insert(scf.YieldOp(body()))
    with code.inside(no):
        code.builder.insert(scf.YieldOp(value))
    return code.insert(scf.IfOp(condition, [value.type], [yes], [no]))


def positions(code: Code, number: Index, sizes: Sequence[int]) -> list[Index]:
    """A flat number taken apart, the first axis fastest."""
    found: list[Index] = []
    for size in sizes:
        found.append(code.remainder(number, size))
        number = code.divide(number, size)
    return found
