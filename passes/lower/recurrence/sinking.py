"""Cheap values that only one loop reads are computed in its steps."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.recurrence import RecurrenceOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.fusion.families import CHEAP, is_constant


def sink_cheap(network: NetworkOp) -> None:
    """Move cheap elementwise operations into the loop that alone needs them.

    They go where all that they read is read in any case: then the steps read no more than before,
    and the value need not be stored. Derivatives from values of the forward loop are of this kind.

    Before: `%s = net.element_times %t, %t`, `%d = net.minus %one, %s`,
    `net.recurrence future(%t1 = %t, %d1 = %d) { .. }`
    After: `net.recurrence future(%t1 = %t) { %s = .., %d = .. }`
    """
    for loop in list(network.block.ops):
        if isinstance(loop, RecurrenceOp):
            for argument in list(loop.block.args):
                _sink(loop, argument)


def _sink(loop: RecurrenceOp, argument: BlockArgument) -> None:
    value = loop.outer(argument)
    operations = list(_tree(loop, value, loop)) if _may_sink(loop, value, loop) else []
    if not operations:
        return
    inner: dict[SSAValue, SSAValue] = dict(zip(loop.inputs, loop.block.args, strict=True))
    first = loop.block.first_op
    assert first is not None
    for op in operations:
        for operand in op.operands:
            if operand not in inner:
                inner[operand] = _bring(loop, operand)
        copy = op.clone(inner)
        copy.results[0].name_hint = op.results[0].name_hint
        loop.block.insert_op_before(copy, first)
        inner[op.results[0]] = copy.results[0]
    argument.replace_all_uses_with(inner[value])
    _drop(loop, argument)
    for op in reversed(operations):
        Rewriter.erase_op(op)


def _may_sink(loop: RecurrenceOp, value: SSAValue, user: Operation) -> bool:
    """Whether the value is cheap, read by `user` alone, and made of what the loop reads."""
    op = value.owner
    if not isinstance(op, Operation) or op.name not in CHEAP:
        return False
    if type_of(value).axis != loop.axis or any(use.operation is not user for use in value.uses):
        return False
    return all(_is_at_hand(loop, operand, op) for operand in op.operands)


def _is_at_hand(loop: RecurrenceOp, value: SSAValue, user: Operation) -> bool:
    owner = value.owner
    constant = isinstance(owner, Operation) and is_constant(owner)
    return constant or value in loop.inputs or _may_sink(loop, value, user)


def _tree(loop: RecurrenceOp, value: SSAValue, user: Operation) -> Iterator[Operation]:
    """The operations that make a value from what is at hand, in order."""
    op = value.owner
    assert isinstance(op, Operation)
    for operand in dict.fromkeys(op.operands):
        owner = operand.owner
        constant = isinstance(owner, Operation) and is_constant(owner)
        if not (constant or operand in loop.inputs):
            yield from _tree(loop, operand, op)
    yield op


def _bring(loop: RecurrenceOp, value: SSAValue) -> SSAValue:
    """A copy of a constant in the loop."""
    owner, first = value.owner, loop.block.first_op
    assert isinstance(owner, Operation)
    assert first is not None
    copy = owner.clone()
    loop.block.insert_op_before(copy, first)
    return copy.results[0]


def _drop(loop: RecurrenceOp, argument: BlockArgument) -> None:
    """Remove an argument that nobody reads any more."""
    kept = [value for i, value in enumerate(loop.operands) if i != argument.index]
    loop.block.erase_arg(argument)
    loop.operands = kept
