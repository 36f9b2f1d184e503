"""Gradients of delays: what goes back through a delay comes from another step.

    o[t] = x[t - k], or the initial state s     dx[t] = do[t + k], or 0     ds = sum of do[t], t < k

So the gradient of a delay is a delay the other way, and that of a ring is a ring the other way:
back-propagation through time. Weights of a ring get the product over all samples, outside of it.
Nothing flows out of the minibatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.recurrence import DelayOp, opposite, unlinked
from brainscript.dialects.tensors import type_of
from brainscript.passes.gradient.terms import Writer


def learning_values(operations: Iterable[Operation], sources: set[SSAValue]) -> set[SSAValue]:
    """`sources` and the values that depend on them, also around rings."""
    found, listed, before = set(sources), list(operations), -1
    while before != len(found):
        before = len(found)
        for op in listed:
            if isinstance(op, NetOp) and any(v in found for v in op.operands):
                found.add(op.result)
        if not any(isinstance(op, DelayOp) for op in listed):
            break
    return found


def reaching_values(goal: SSAValue) -> set[SSAValue]:
    """The values that `goal` depends on, itself among them."""
    found, todo = {goal}, [goal]
    while todo:
        owner = todo.pop().owner
        for value in owner.operands if isinstance(owner, Operation) else ():
            if value not in found:
                found.add(value)
                todo.append(value)
    return found


class DelayGradients:
    """The delays that bring gradients back, each made before what it delays is known."""

    def __init__(self, writer: Writer):
        self.writer = writer
        self.made: dict[DelayOp, DelayOp] = {}

    def open(
        self, operations: Iterable[Operation], learning: set[SSAValue], goal: SSAValue
    ) -> Iterator[tuple[SSAValue, SSAValue]]:
        """The delayed values that learn, each with the contribution to its gradient."""
        reaching = reaching_values(goal)
        for op in operations:
            if isinstance(op, DelayOp) and op.x in learning and op.result in reaching:
                kind = type_of(op.result)
                options = {"time_step": op.steps, "outside": 0.0, "local": True}
                self.writer.location = op.location
                back = opposite(op)(
                    unlinked(kind), result_type=kind, location=op.location, options=options
                )
                self.writer.insert(back)
                self.made[op] = back
                yield op.x, self.writer.fit(back.result, type_of(op.x))

    def close(self, op: DelayOp, gradient: SSAValue) -> None:
        """Say what the gradient of the result of a delay is."""
        if op in self.made:
            self.made[op].operands[0] = gradient

    def close_others(self) -> None:
        """Delays whose result turned out to have no gradient send back zeros."""
        for op, back in self.made.items():
            if not isinstance(back.x.owner, Operation):
                zero = self.writer.number(0.0)
                kind = type_of(op.result)
                back.operands[0] = self.writer.make(ew.BroadcastToOp, zero, result=kind)

    def of_state(self, op: DelayOp, gradient: SSAValue) -> SSAValue:
        """The gradient of the initial state: of the steps that took it, the others 0."""
        assert op.initial is not None
        writer, flag = self.writer, type_of(op.result).with_shape((1,))
        inside = writer.make(ew.BroadcastToOp, writer.number(0.0), result=flag)
        options = {"time_step": op.steps, "outside": 1.0}
        first = writer.make(type(op), inside, result=flag, options=options)
        taken = writer.term(first).choose(writer.term(gradient), 0.0)
        return writer.fit(taken.value, type_of(op.initial))
