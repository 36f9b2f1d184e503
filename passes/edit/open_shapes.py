"""Shapes left open where an edit has changed what a node is computed from."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import type_of


def reopen(starts: Iterable[Operation]) -> None:
    """Forget the shapes of nodes and of all that use them; `net-infer-shapes` finds them again."""
    todo = [op for op in starts if isinstance(op, NetOp)]
    seen: set[Operation] = set(todo)
    while todo:
        op = todo.pop()
        if type(op).rule is as_written or type_of(op.result).shape is None:
            continue
        Rewriter.replace_value_with_new_type(op.result, type_of(op.result).with_shape(None))
        for use in op.result.uses:
            user = use.operation
            if isinstance(user, NetOp) and user not in seen:
                seen.add(user)
                todo.append(user)


def alike(one: SSAValue, other: SSAValue) -> bool:
    """Whether two values have the same type."""
    return one.type == other.type
