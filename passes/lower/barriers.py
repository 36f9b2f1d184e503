"""`sched-place-barriers`: where threads must wait for each other, and what one does alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr, UnitAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.utils.exceptions import PassFailedException

from brainscript.axes import made
from brainscript.dialects.net.sequence import WhereOp
from brainscript.dialects.net.sparse import TouchedOp
from brainscript.dialects.sched import (
    BarrierOp,
    BufferOp,
    CallOp,
    DelayedOp,
    KernelOp,
    LoopOp,
    ProgramOp,
    coefficients,
)
from brainscript.dialects.sched.memory import SAMPLES, size_of
from brainscript.dialects.tensors import type_of
from brainscript.linear import add, evaluate
from brainscript.passes.lower.work import work_of

SERIAL_WORK = 20_000
"""A call with less arithmetic than this, whatever the number of columns, is left to one thread."""


Extents = list[tuple[int, int]] | str
Kernels = Mapping[SymbolRefAttr, KernelOp | None]


@dataclass(frozen=True)
class SchedPlaceBarriers(ModulePass):
    """Mark tiny calls serial, and put a barrier before each call that needs one.

    A call needs a barrier when it touches memory that a call since the last barrier wrote, or
    writes memory that one read. Two serial calls run on the same thread and need none. Memory
    counts, not names: two buffers that share bytes of the arena depend on each other. The end of a
    step of a loop comes before the start of the next one. So this
    runs after `sched-plan-memory`, and before `sched-to-kern`: the work of a kernel that is
    lowered cannot be counted, and its program keeps the barriers that it has.

    Before: `sched.call @k0(%x) -> (%h)`, `sched.call @k1(%h) -> (%y)`
    After: the same with `sched.barrier` between them.
    """

    name = "sched-place-barriers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Place the barriers of every program of the module."""
        for program in op.body.block.ops:
            if not isinstance(program, ProgramOp):
                continue
            if program.arena is None:
                raise PassFailedException(f"{self.name} runs after sched-plan-memory")
            kernels = _kernels_of(program)
            if all(kernel is not None for kernel in kernels.values()):
                place_barriers(program, kernels)


def _kernels_of(program: ProgramOp) -> Kernels:
    """The kernel behind each name that is called, looked up once."""
    called = {call.kernel: call for call in program.calls}
    return {name: call.callee() for name, call in called.items()}


def place_barriers(program: ProgramOp, kernels: Kernels) -> None:
    """Mark serial calls and insert barriers; earlier barriers are removed."""
    axes = [a.data for a in program.axes]
    blocks = [program.body.block]
    blocks += [op.body.block for op in program.items if isinstance(op, LoopOp)]
    for op in [op for block in blocks for op in block.ops]:
        if isinstance(op, BarrierOp):
            Rewriter.erase_op(op)
    tiny = {name for name, kernel in kernels.items() if _is_tiny(kernel, axes)}
    finders = {name for name, kernel in kernels.items() if _finds(kernel)}
    for call in program.calls:
        call.serial = UnitAttr() if call.kernel in tiny else None
    extents: dict[SSAValue, Extents] = {b.memory: _extents(b, axes) for b in program.buffers}
    pending: list[_Touched] = []
    for item in program.items:
        if isinstance(item, LoopOp):
            _within_loop(item, extents, finders)
            touched = _Touched.by_all([_Touched.by(c, extents, finders) for c in item.calls])
        else:
            touched = _Touched.by(item, extents, finders)
        _meet(item, touched, pending)


def _within_loop(
    loop: LoopOp, extents: Mapping[SSAValue, Extents], finders: Set[SymbolRefAttr]
) -> None:
    """Barriers of the steps: what the end of a step leaves is met by the start of the next.

    Steps work on different columns, so only who reads another step waits for it.
    """
    pending: list[_Touched] = []
    for call in loop.calls:
        _meet(call, _Touched.by(call, extents, finders), pending)
    for op in list(loop.body.block.ops):
        if isinstance(op, BarrierOp):
            return
        if isinstance(op, CallOp):
            others = [v.owner.memory for v in op.inputs if isinstance(v.owner, DelayedOp)]
            touched = _Touched(op.serial is not None, [extents[v] for v in others], [])
            if _meet(op, touched, pending):
                return


def _meet(op: Operation, touched: _Touched, pending: list[_Touched]) -> bool:
    """Put a barrier before an operation that waits for one since the last barrier."""
    waits = any(touched.waits_for(earlier) for earlier in pending)
    if waits:
        Rewriter.insert_op(BarrierOp(), InsertPoint.before(op))
        pending.clear()
    pending.append(touched)
    return waits


def _is_tiny(kernel: KernelOp | None, axes: Sequence[str]) -> bool:
    fixed, *growing = work_of(kernel, axes)
    return fixed < SERIAL_WORK and not any(growing)


def _finds(kernel: KernelOp | None) -> bool:
    """Whether the kernel makes a dynamic axis: it writes a layout."""
    return kernel is not None and isinstance(kernel.steps[0], WhereOp | TouchedOp)


def _extents(buffer: BufferOp, axes: Sequence[str]) -> Extents:
    """Start and end in the arena for each of `SAMPLES`; a state, outside of it, by name."""
    if buffer.place is None:
        return buffer.label.data
    start = coefficients(buffer.place)
    end = add(start, size_of(buffer.memory, axes))
    sizes = [(columns,) * len(axes) for columns in SAMPLES]
    return [(evaluate(start, n), evaluate(end, n)) for n in sizes]


@dataclass(frozen=True)
class _Touched:
    """The memory that a call reads and writes."""

    serial: bool
    reads: list[Extents]
    writes: list[Extents]

    @staticmethod
    def by(
        call: CallOp, extents: Mapping[SSAValue, Extents], finders: Set[SymbolRefAttr]
    ) -> _Touched:
        """The memory of a call; another step of a buffer counts as the whole of it."""
        reads: list[Extents] = []
        for value in call.inputs:
            owner = value.owner
            memories = owner.operands if isinstance(owner, DelayedOp) else (value,)
            reads += [extents[memory] for memory in memories]
        writes = [extents[value] for value in call.outputs]
        found = [a for v in call.operands if (a := type_of(v).axis) and made(a).kind == "found"]
        reads += [f"layout {axis}" for axis in found]
        if call.kernel in finders:
            writes += [f"layout {axis}" for axis in found]
        return _Touched(call.serial is not None, reads, writes)

    @staticmethod
    def by_all(parts: Sequence[_Touched]) -> _Touched:
        """The memory of several calls."""
        reads = [e for part in parts for e in part.reads]
        writes = [e for part in parts for e in part.writes]
        return _Touched(all(part.serial for part in parts), reads, writes)

    def waits_for(self, earlier: _Touched) -> bool:
        """Whether the call may run only when the earlier one is done on all threads."""
        if self.serial and earlier.serial:
            return False
        pairs = (
            (self.reads, earlier.writes),
            (self.writes, earlier.reads),
            (self.writes, earlier.writes),
        )
        return any(_overlap(a, b) for left, right in pairs for a in left for b in right)


def _overlap(left: Extents, right: Extents) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return left == right
    return any(a[0] < b[1] and b[0] < a[1] for a, b in zip(left, right, strict=True))
