"""What a loop needs in memory before its steps can run: initial states, values of its own."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.builder import Builder
from xdsl.dialects.builtin import BoolAttr
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from brainscript.axes import first_of
from brainscript.dialects.net.elementwise import BroadcastToOp, PassOp
from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.recurrence import DelayOp, RecurrenceOp
from brainscript.dialects.sched import PRODUCTS, WINDOWS
from brainscript.dialects.tensors import TensorType, shape_of, type_of
from brainscript.passes.lower.fusion.families import is_constant


def recurrences_of(network: NetworkOp) -> Iterator[RecurrenceOp]:
    """The loops of a network."""
    for op in list(network.block.ops):
        if isinstance(op, RecurrenceOp):
            yield op


def settle_loops(network: NetworkOp) -> None:
    """Give every delay its initial state as a value with a column for each sequence.

    Before: `%p = net.past_value %h {outside = 0.1}` in a loop.
    After: `%i = net.broadcast_to %tenth : T` before the loop, on the axis with one column for each
    sequence, and `%p = net.past_value %h, %i`.
    """
    for loop in recurrences_of(network):
        for op in list(loop.block.ops):
            if isinstance(op, DelayOp):
                _widen(op)
                _settle_state(loop, op)
        materialise_steps(loop)


def _widen(op: DelayOp) -> None:
    """The delayed value is of the type of the result: the initial state may be larger."""
    kind = type_of(op.result)
    if op.x.type == kind:
        return
    owner = op.x.owner
    wide = BroadcastToOp(op.x, result_type=kind)
    if isinstance(owner, Operation):
        Builder(InsertPoint.after(owner)).insert(wide)
    else:
        Builder(InsertPoint.at_start(owner)).insert(wide)
    op.operands[0] = wide.result


def _settle_state(loop: RecurrenceOp, op: DelayOp) -> None:
    if op.is_settled:
        return
    kind = type_of(op.result).with_axis(first_of(loop.axis))
    if op.DIRECTION == "past" and op.steps > 1:
        kind = kind.with_shape((*shape_of(op.result), op.steps))
    before = Builder(InsertPoint.before(loop))
    if op.initial is None:
        number = TensorType.of((1,), kind.element)
        value: SSAValue = before.insert(SplatOp(op.outside.value.data, number)).result
    else:
        value = loop.outer(op.initial)
    state = before.insert(BroadcastToOp(value, result_type=kind)).result
    argument = loop.block.insert_arg(kind, len(loop.block.args))
    loop.operands = [*loop.operands, state]
    op.operands = [op.x, argument]
    op.properties["settled"] = BoolAttr.from_bool(True)


def materialise_steps(loop: RecurrenceOp) -> None:
    """Put `net.pass` where the value of a step must lie in memory of its own.

    That is a delay or an argument that the loop yields, a delay of a delay, and a constant that is
    multiplied or yielded.
    """
    end = loop.terminator
    for op in list(loop.block.ops):
        for number, value in enumerate(op.operands):
            owner = value.owner
            constant = isinstance(owner, Operation) and is_constant(owner)
            moved = isinstance(owner, DelayOp)
            read = moved or not isinstance(owner, Operation) if op is end else moved
            fixed = constant and (op is end or op.name in (*PRODUCTS, *WINDOWS))
            if fixed or (read and (op is end or _reads_late(op, number))):
                op.operands[number] = _copied(loop, op, value)


def _reads_late(op: Operation, number: int) -> bool:
    return isinstance(op, DelayOp) and number == 0


def _copied(loop: RecurrenceOp, op: Operation, value: SSAValue) -> SSAValue:
    copy = PassOp(value)
    place = InsertPoint.before(loop.terminator if isinstance(op, DelayOp) else op)
    Builder(place).insert(copy)
    copy.result.name_hint = value.name_hint
    return copy.result
