"""`net-settle-axes`: operands on the dynamic axis where they are used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from brainscript.dialects.net import sequence as seq
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import BroadcastToOp, PassOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shapes import OVER_SEQUENCE, as_written
from brainscript.dialects.tensors import type_of
from brainscript.passes.infer.recurrences import keep_root_names

FREE = (
    seq.ReconcileOp,
    seq.PackedIndexOp,
    seq.GatherPackedOp,
    seq.ScatterPackedOp,
    DelayOp,
)
"""Operations whose operands may lie on different axes."""


@dataclass(frozen=True)
class NetSettleAxes(ModulePass):
    """Bring the operands of every operation onto one dynamic axis.

    Before: `%c = net.minus %x, %l` with `%x` on `"*"` and `%l` on `"t/first"`.
    After: `%m = net.sequence_spread %l {alike = true} : T` on `"*"`, and `%c = net.minus %x, %m`.

    Operands of which only the axis counts go, so that their values need not be kept:
    `net.packed_index %x, %i` becomes `net.columns %i {axis = "*"}`, `net.scatter_packed %f, %i, %y`
    becomes `net.scatter_columns %i, %y`, `net.reconcile_dynamic_axis %x, %y` becomes
    `net.sequence_spread %x`, and a sum over axis -2 `net.sequence_fold`.
    """

    name = "net-settle-axes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            settle_axes(network)


def settle_axes(network: NetworkOp) -> None:
    """Rewrite a network; one on a single axis without such operations stays as it is."""
    changes = [
        (op, made) for op in network.block.ops if isinstance(op, NetOp) for made in _plain_form(op)
    ]
    if changes:
        keep_root_names(network)
    for op, made in changes:
        made.location = op.location
        if op.node is not None:
            made.properties["node"] = op.node
        made.result.name_hint = op.result.name_hint
        Rewriter.replace_op(op, made)
    for op in list(network.block.ops):
        if isinstance(op, NetOp) and not isinstance(op, FREE):
            _align(op)


def _plain_form(op: NetOp) -> Iterator[NetOp]:
    """What an operation becomes, if another one."""
    kind = type_of(op.result)
    if isinstance(op, seq.ReconcileOp):
        data = type_of(op.data)
        cls = BroadcastToOp if data.axis is None else seq.SequenceSpreadOp
        yield PassOp(op.data) if data.axis == kind.axis else cls(op.data, result_type=kind)
    elif isinstance(op, seq.PackedIndexOp):
        options = {"axis": type_of(op.like).axis}
        yield seq.ColumnsOp(op.index, result_type=kind, options=options)
    elif isinstance(op, seq.ScatterPackedOp):
        yield seq.ScatterColumnsOp(op.index, op.source, result_type=kind)
    elif isinstance(op, ReduceOp) and op.axis.value.data == OVER_SEQUENCE:
        yield seq.SequenceFoldOp(op.x, result_type=kind)


def _align(op: NetOp) -> None:
    """Spread operands that lie on another axis than the result; or else than the first of them."""
    if type(op).rule is as_written:
        return
    axes = [a for v in op.operands if (a := type_of(v).axis) is not None]
    whole = type_of(op.result).axis
    goal = whole if whole in axes else next(iter(axes), None)
    for number, value in enumerate(op.operands):
        if goal is not None and type_of(value).axis not in (None, goal):
            op.operands[number] = _spread(op, value, goal)


def _spread(op: Operation, value: SSAValue, axis: str) -> SSAValue:
    kind, options = type_of(value).with_axis(axis), {"alike": True}
    made = seq.SequenceSpreadOp(value, result_type=kind, options=options)
    made.location = op.location
    Rewriter.insert_op(made, InsertPoint.before(op))
    return made.result
