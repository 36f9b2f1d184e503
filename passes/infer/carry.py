"""`net-carry`: delays go on where the minibatch before has stopped."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import BoolAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.axes import first_of, made
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.carry import CarryInOp, CarryOutOp
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.parameters import ReadOp, SplatOp, StateOp, WriteOp
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.tensors import TensorType, shape_of, type_of

MOST_ROWS = 1024
LEAST_ROWS = 64
MOST_ELEMENTS = 1 << 22
"""How many sequences can go on at a time: rows of a state, fewer of large ones."""


@dataclass(frozen=True)
class NetCarry(ModulePass):
    """Give delays the last values of the piece before, in training on pieces of sequences.

    Before: `%p = net.past_value %h`
    After: `%k = net.read @carried.p`, `%i = net.carry_in %s, %k`, `%p = net.past_value %h, %i
    {settled = true}` and at the end `%n = net.carry_out %k, %h, %i`, `net.write @carried.p, %n`.

    Which sequences go on is said by the layout of the minibatch; with whole sequences nothing is
    kept. Values behind a piece count as 0, and no gradient leaves it.
    """

    name = "net-carry"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is None:
            return
        for number, delay in enumerate([o for o in network.block.ops if isinstance(o, DelayOp)]):
            axis = type_of(delay.result).axis
            stays = axis is None or made(axis).kind != "stream"
            if axis is not None and not (stays or delay.is_local or delay.is_settled):
                _Carrying(op, network, delay, axis).run(number)


class _Carrying:
    """The rewriting of one delay."""

    def __init__(self, module: ModuleOp, network: NetworkOp, delay: DelayOp, axis: str):
        self.module = module
        self.network = network
        self.delay = delay
        self.axis = axis
        self.kind = type_of(delay.result)
        self.past = delay.DIRECTION == "past"

    def run(self, number: int) -> None:
        """Read what was kept, settle the delay, keep the new values."""
        delay = self.delay
        name = f"carried.{self._name(number)}"
        remembers = self.past and not _is_zero(delay.x)
        kept = self._read(name) if remembers else None
        steps = delay.steps if self.past else 1
        shape = shape_of(delay.result)
        kind = self.kind.with_axis(first_of(self.axis))
        options = {"axis": self.axis, "direction": delay.DIRECTION, "steps": delay.steps}
        result = kind.with_shape((*shape, steps)) if steps > 1 else kind
        inputs = [self._state(), *([] if kept is None else [kept])]
        states = self._before(delay, CarryInOp(*inputs, result_type=result, options=options))
        delay.operands = [delay.x, states]
        delay.properties["settled"] = BoolAttr.from_bool(True)
        if kept is not None:
            self._write(name, kept, states)

    def _name(self, number: int) -> str:
        """The node, or of what the compiler made number and size: programs share states."""
        if self.delay.node is not None:
            return self.delay.node.data
        return "x".join(map(str, (number, *shape_of(self.delay.result), self.delay.steps)))

    def _state(self) -> SSAValue:
        """The initial state, one for all sequences."""
        delay, kind = self.delay, self.kind.with_axis(None)
        value = delay.initial
        if value is None:
            splat = SplatOp(delay.outside.value.data, TensorType.of((1,), kind.element))
            self.network.block.insert_op_before(splat, delay)
            value = splat.result
        return self._before(delay, BroadcastToOp(value, result_type=kind))

    def _read(self, name: str) -> SSAValue:
        shape = shape_of(self.delay.result)
        size = prod(shape) * self.delay.steps
        rows = max(LEAST_ROWS, min(MOST_ROWS, MOST_ELEMENTS // size))
        kind = TensorType.of((*shape, self.delay.steps, rows), self.kind.element)
        symbol = StateOp(name, kind, {"role": "carried", "of": self.delay.node_name})
        self.module.body.block.insert_op_before(symbol, self.network)
        read = ReadOp(name, kind, self.delay.location)
        self.network.block.insert_op_before(read, self.delay)
        return read.result

    def _write(self, name: str, kept: SSAValue, states: SSAValue) -> None:
        roots, x = self.network.roots, self.delay.x
        if x.type != self.kind:
            x = self._before(roots, BroadcastToOp(x, result_type=self.kind))
        options = {"steps": self.delay.steps}
        new = CarryOutOp(kept, x, states, result_type=type_of(kept), options=options)
        value = self._before(roots, new)
        self.network.block.insert_op_before(WriteOp(name, value, self.delay.location), roots)

    def _before(self, place: Operation, op: NetOp) -> SSAValue:
        op.location = self.delay.location
        self.network.block.insert_op_before(op, place)
        return op.result


def _is_zero(value: SSAValue) -> bool:
    """Whether the value is 0 in every step, as that of a flag is."""
    owner = value.owner
    if not isinstance(owner, BroadcastToOp):
        return False
    number = owner.operands[0].owner
    return isinstance(number, SplatOp) and number.value.value.data == 0.0
