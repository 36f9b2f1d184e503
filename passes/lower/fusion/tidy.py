"""Small clean-ups of the network that is being compiled; the stored one is never touched."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.parameters import InputOp, ReadOp, SplatOp
from brainscript.dialects.net.recurrence import RecurrenceOp
from brainscript.dialects.sched import is_view
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.fusion.families import is_late, reads_views

Key = tuple[object, ...]


def tidy(network: NetworkOp | RecurrenceOp) -> None:
    """Drop factors and terms that change nothing, join equal operations, remove unused ones."""
    for op in list(network.block.ops):
        value = neutral(op)
        if value is not None:
            op.results[0].replace_all_uses_with(value)
    join_equal(network)
    remove_unused(network)


def neutral(op: Operation) -> SSAValue | None:
    """The operand that the operation only repeats: `x .* 1`, `x + 0`, `x - 0`, a sum of one."""
    if not op.results:
        return None
    kind = type_of(op.results[0])
    if op.name == "net.sum_to" and type_of(op.operands[0]) == kind:
        return op.operands[0]
    unit = {"net.element_times": 1.0, "net.plus": 0.0, "net.minus": 0.0}.get(op.name)
    if unit is None:
        return None
    pairs = [(op.operands[0], op.operands[1]), (op.operands[1], op.operands[0])]
    for kept, other in pairs[: 1 if op.name == "net.minus" else 2]:
        owner = other.owner
        if isinstance(owner, SplatOp) and owner.value.value.data == unit:
            if type_of(kept) == kind:
                return kept
    return None


def join_equal(network: NetworkOp | RecurrenceOp) -> None:
    """Let one operation stand for all that compute the same."""
    known: dict[Key, Operation] = {}
    for op in list(network.block.ops):
        if not isinstance(op, NetOp | ReadOp) or isinstance(op, InputOp):
            continue
        first = known.setdefault(key_of(op, tuple(op.operands)), op)
        if first is not op:
            op.results[0].replace_all_uses_with(first.results[0])
            Rewriter.erase_op(op)


def key_of(op: Operation, operands: Sequence[object]) -> Key:
    """What an operation computes from these operands, its node name left out."""
    options: dict[str, Attribute] = {k: v for k, v in op.properties.items() if k != "node"}
    kinds = tuple(r.type for r in op.results)
    return (op.name, *operands, frozenset(options.items()), kinds)


def remove_unused(network: NetworkOp | RecurrenceOp) -> None:
    """Remove operations without effect whose value nobody needs."""
    for op in reversed(list(network.block.ops)):
        if isinstance(op, NetOp | ReadOp) and not isinstance(op, InputOp):
            if not any(True for _ in op.results[0].uses):
                Rewriter.erase_op(op)


def recompute(network: NetworkOp | RecurrenceOp) -> None:
    """Give every user of a value that is cheaper to compute than to store its own copy.

    The copy joins the kernel of its user; equal copies in one kernel become one again. A view of
    memory costs nothing, wherever its user can read through it.
    """
    for op in reversed(list(network.block.ops)):
        if op.results and is_late(op):
            users = list(dict.fromkeys(use.operation for use in op.results[0].uses))
            give_copies(network, op, users[1:])
    for op in reversed(list(network.block.ops)):
        if is_view(op):
            hand_out(network, op)


def hand_out(network: NetworkOp | RecurrenceOp, op: Operation) -> None:
    """A copy of a view for each user that reads through it; the others share one."""
    users = list(dict.fromkeys(use.operation for use in op.results[0].uses))
    through = [user for user in users if reads_views(user)]
    give_copies(network, op, through if len(through) < len(users) else through[1:])


def give_copies(
    network: NetworkOp | RecurrenceOp, op: Operation, users: Sequence[Operation]
) -> None:
    """A copy of an operation for each of these users."""
    for user in users:
        copy = op.clone()
        network.block.insert_op_before(copy, user)
        for number, value in enumerate(user.operands):
            if value is op.results[0]:
                user.operands[number] = copy.results[0]
