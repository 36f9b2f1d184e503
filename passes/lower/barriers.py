"""`sched-place-barriers`: where threads must wait for each other, and what one does alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from brainscript.dialects.sched import BarrierOp, BufferOp, CallOp, ProgramOp, coefficients
from brainscript.dialects.sched.memory import SAMPLES, size_of
from brainscript.linear import add, evaluate
from brainscript.passes.lower.work import work_of

SERIAL_WORK = 20_000
"""A call with less arithmetic than this, whatever the number of columns, is left to one thread."""


@dataclass(frozen=True)
class SchedPlaceBarriers(ModulePass):
    """Mark tiny calls serial, and put a barrier before each call that needs one.

    A call needs a barrier when it touches memory that a call since the last barrier wrote, or
    writes memory that one read. Two serial calls run on the same thread and need none. Memory
    counts, not names: two buffers that share bytes of the arena depend on each other. So this
    runs after `sched-plan-memory`.

    Before: `sched.call @k0(%x) -> (%h)`, `sched.call @k1(%h) -> (%y)`
    After: the same with `sched.barrier` between them.
    """

    name = "sched-place-barriers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Place the barriers of every program of the module."""
        for program in op.body.block.ops:
            if isinstance(program, ProgramOp):
                place_barriers(program)


def place_barriers(program: ProgramOp) -> None:
    """Mark serial calls and insert barriers; earlier barriers are removed."""
    axes = [a.data for a in program.axes]
    for op in list(program.body.block.ops):
        if isinstance(op, BarrierOp):
            Rewriter.erase_op(op)
    pending: list[CallOp] = []
    for call in program.calls:
        call.serial = UnitAttr() if _is_tiny(call, axes) else None
        if any(_depends(call, earlier, axes) for earlier in pending):
            Rewriter.insert_op(BarrierOp(), InsertPoint.before(call))
            pending = []
        pending.append(call)


def _is_tiny(call: CallOp, axes: Sequence[str]) -> bool:
    fixed, *growing = work_of(call.callee(), axes)
    return fixed < SERIAL_WORK and not any(growing)


def _depends(call: CallOp, earlier: CallOp, axes: Sequence[str]) -> bool:
    if call.serial is not None and earlier.serial is not None:
        return False
    pairs = (
        (call.inputs, earlier.outputs),
        (call.outputs, earlier.inputs),
        (call.outputs, earlier.outputs),
    )
    return any(_overlap(a, b, axes) for left, right in pairs for a in left for b in right)


def _overlap(left: SSAValue, right: SSAValue, axes: Sequence[str]) -> bool:
    """Whether two buffers share bytes for some number of columns."""
    if left is right:
        return True
    owners = (left.owner, right.owner)
    first, second = (o for o in owners if isinstance(o, BufferOp))
    if first.place is None or second.place is None:
        return False
    starts = [coefficients(o.place) for o in (first, second) if o.place is not None]
    ends = [add(s, size_of(v, axes)) for s, v in zip(starts, (left, right), strict=True)]
    for columns in SAMPLES:
        n = (columns,) * len(axes)
        low = max(evaluate(s, n) for s in starts)
        if low < min(evaluate(e, n) for e in ends):
            return True
    return False
