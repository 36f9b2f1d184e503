"""`net-settle-states`: initial states that differ from sequence to sequence."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.axes import made
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import BroadcastToOp, SelectOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.sequence import SequenceSliceOp, SequenceSpreadOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.infer.recurrences import keep_root_names

FIRST, LAST = (0, 1), (-1, 0)
"""The bounds of the slices that are one step."""


@dataclass(frozen=True)
class NetSettleStates(ModulePass):
    """Choose between the delayed value and an initial state that has a dynamic axis.

    A sequence of initial states of length 1 serves at all steps that have none before them; of a
    longer one the last `time_step` go in front, or the first follow behind a future value.

    Before: `%p = net.past_value %h, %s` with `%s` on the axis `"b"`.
    After: `%d = net.past_value %h`, `%f = net.past_value %zero {outside = 1.0}`,
    `%l = net.sequence_slice %s {begin = -1}`, `%i = net.sequence_spread %l` on the axis of `%h`,
    `%p = net.select %f, %i, %d`.
    """

    name = "net-settle-states"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            settle_states(network)


def settle_states(network: NetworkOp) -> None:
    """Rewrite the delays whose initial state has a dynamic axis."""
    for op in list(network.block.ops):
        if not isinstance(op, DelayOp) or op.initial is None:
            continue
        if type_of(op.initial).axis is not None:
            keep_root_names(network)
            _Settling(op, op.initial).run()


class _Settling:
    """Rewrites one delay; new operations stand before or behind it."""

    def __init__(self, op: DelayOp, state: SSAValue):
        self.op = op
        self.state = state
        self.kind = type_of(op.result)
        block = op.parent_block()
        assert block is not None
        self.block = block
        self.near, self.far = (LAST, FIRST) if op.DIRECTION == "past" else (FIRST, LAST)

    def run(self) -> None:
        """Select the state of each step outside, the nearest to the sequence last."""
        op, steps = self.op, self.op.steps
        states = [self._outside(steps - place) for place in range(steps)]
        flags = [self._beyond(type_of(op.x), place + 1) for place in range(steps)]
        options = {"time_step": steps, "outside": 0.0, "local": op.is_local}
        node = None if op.node is None else op.node.data
        value = self._add(type(op)(op.x, result_type=self.kind, node=node, options=options))
        for flag, state in reversed(list(zip(flags, states, strict=True))):
            value = self._add(SelectOp(flag, state, value, result_type=self.kind))
        value.name_hint = op.result.name_hint
        op.result.replace_all_uses_with(value)
        op.detach()
        op.erase()

    def _add(self, op: NetOp) -> SSAValue:
        op.location = self.op.location
        self.block.insert_op_before(op, self.op)
        return op.result

    def _outside(self, distance: int) -> SSAValue:
        """The state so many steps outside of each sequence, at all steps of the loop."""
        state = self.state
        axis = type_of(state).axis
        assert axis is not None
        if made(axis).kind != "first":
            if distance > 1:
                state = self._shifted(state, distance - 1)
            state = self._slice(state, self.near)
        wide = type_of(state).with_axis(self.kind.axis)
        return self._add(SequenceSpreadOp(state, result_type=wide))

    def _slice(self, value: SSAValue, bounds: tuple[int, int]) -> SSAValue:
        options = {"begin": bounds[0], "end": bounds[1]}
        return self._add(SequenceSliceOp(value, options=options))

    def _shifted(self, state: SSAValue, steps: int) -> SSAValue:
        """The states moved along their own axis; a state that is alone stays where it is."""
        kind, cls = type_of(state), type(self.op)
        options = {"time_step": steps, "local": True}
        moved = self._add(cls(state, result_type=kind, options=options))
        only = self._slice(state, self.far)
        only = self._add(SequenceSpreadOp(only, result_type=kind))
        flag = self._beyond(kind, steps)
        return self._add(SelectOp(flag, only, moved, result_type=kind))

    def _beyond(self, kind: TensorType, steps: int) -> SSAValue:
        """1 at the steps that are fewer than `steps` from the border, else 0."""
        flag = kind.with_shape((1,))
        one = TensorType.of((1,), kind.element)
        splat = SplatOp(0.0, one)
        self.block.insert_op_before(splat, self.op)
        inside = self._add(BroadcastToOp(splat.result, result_type=flag))
        options = {"time_step": steps, "outside": 1.0}
        return self._add(type(self.op)(inside, result_type=flag, options=options))
