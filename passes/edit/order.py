"""Operations put after their operands again when an edit has changed links."""

from __future__ import annotations

from xdsl.ir import Operation

from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.recurrence import early_operands


def sort_operations(network: NetworkOp) -> None:
    """Move operations that stand before an operand; the others keep their places."""
    block = network.block
    done: set[Operation] = set()
    for first in list(block.ops):
        stack = [first]
        while stack:
            op = stack[-1]
            missing = _missing(op, done)
            if op in done or not missing:
                stack.pop()
                if op not in done:
                    _move(network, op, first)
                    done.add(op)
                continue
            stack.extend(missing)


def _missing(op: Operation, done: set[Operation]) -> list[Operation]:
    owners = (value.owner for value in early_operands(op))
    return [o for o in owners if isinstance(o, Operation) and o not in done]


def _move(network: NetworkOp, op: Operation, place: Operation) -> None:
    if op is not place:
        op.detach()
        network.block.insert_op_before(op, place)
