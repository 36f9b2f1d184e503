"""What the runtime has to know of a planned program, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import Float64Type
from xdsl.ir import SSAValue

from brainscript.dialects.sched import BarrierOp, BufferOp, LoopOp, ProgramOp, coefficients
from brainscript.dialects.tensors import type_of
from brainscript.linear import Form, add
from brainscript.passes.lower.work import work_of
from brainscript.program_image import Element, ProgramImage, Slot, StateSlot


def image_of(program: ProgramOp, step: str, workspace: int, objects: Iterable[str]) -> ProgramImage:
    """The image of a planned program whose native entry is `step`."""
    axes = [a.data for a in program.axes]
    assert program.arena is not None, "memory is planned before an image is made"
    states = [b for b in program.buffers if b.kind.data == "state"]
    inputs = [b for b in program.buffers if b.kind.data == "input"]
    numbers: dict[SSAValue, int] = {b.memory: i for i, b in enumerate(states)}
    flops: Form = (0,) * (len(axes) + 1)
    work: dict[str, Form] = {}
    for call in program.calls:
        name = call.kernel.root_reference.data
        if name not in work:
            work[name] = work_of(call.callee(), axes)
        flops = add(flops, work[name])
    return ProgramImage(
        axes=tuple(axes),
        inputs=tuple(_slot(b.label.data, b.memory, axes) for b in inputs),
        outputs=tuple(
            _slot(op.label.data, op.memory, axes, numbers.get(op.memory, -1))
            for op in program.outputs
        ),
        states=tuple(_state(b) for b in states),
        arena=coefficients(program.arena),
        workspace=workspace,
        flops=flops,
        barriers=sum(isinstance(op, BarrierOp) for op in program.walk()),
        step=step,
        objects=tuple(objects),
        meetings=tuple(_meetings(program, axis) for axis in axes),
    )


def _meetings(program: ProgramOp, axis: str) -> int:
    """The barriers in one turn of all loops over an axis."""
    loops = (op for op in program.items if isinstance(op, LoopOp) and op.axis.data == axis)
    return sum(isinstance(op, BarrierOp) for loop in loops for op in loop.body.block.ops)


def _slot(name: str, memory: SSAValue, axes: Sequence[str], state: int = -1) -> Slot:
    kind, buffer = type_of(memory), memory.owner
    assert isinstance(buffer, BufferOp)
    assert kind.shape is not None
    axis = -1 if kind.axis is None else axes.index(kind.axis)
    place = () if buffer.place is None else coefficients(buffer.place)
    return Slot(name, kind.shape, _element(memory), axis, place, state, kind.sparse)


def _state(buffer: BufferOp) -> StateSlot:
    kind = type_of(buffer.memory)
    assert kind.shape is not None
    assert buffer.role is not None
    return StateSlot(buffer.label.data, kind.shape, _element(buffer.memory), buffer.role.data)


def _element(memory: SSAValue) -> Element:
    return "f64" if isinstance(type_of(memory).element, Float64Type) else "f32"
