"""`net-cse`: what is computed twice is computed once."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.criteria import EpochAccumulatorOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.normalise import BatchNormalizationOp, InvStdDevOp, MeanOp
from brainscript.dialects.net.parameters import InputOp, ReadOp, SinkOp
from brainscript.dialects.net.random import (
    DropoutOp,
    RandomDistributionOp,
    RandomSampleFrequencyOp,
    RandomSampleOp,
)
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.sequence import WhereOp
from brainscript.dialects.net.shape import TraceOp
from brainscript.passes.simplify.site import is_pure, redirect

Key = tuple[object, ...]

OF_THEIR_OWN: tuple[type[Operation], ...] = (
    InputOp,
    DropoutOp,
    RandomDistributionOp,
    RandomSampleOp,
    RandomSampleFrequencyOp,
    BatchNormalizationOp,
    EpochAccumulatorOp,
    MeanOp,
    InvStdDevOp,
    DelayOp,
    WhereOp,
    TraceOp,
)
"""Operations that are not what their operands and options say alone: streams, random numbers, what
is remembered under the name of the node, axes that are named after it, logs."""


@dataclass(frozen=True)
class NetCse(ModulePass):
    """Let one operation stand for all that have its operands and options; `keep` leaves nodes.

    Parameters stay apart, and so does what draws random numbers or remembers something. Of two
    equal nodes that are asked for by name both stay, and one serves everybody else.

    Before: `%a = net.sigmoid %x {node = "a"}`, `%b = net.sigmoid %x {node = "b"}`,
    `%c = net.plus %a, %b`.
    After: `%a = net.sigmoid %x {node = "a"}`, `%c = net.plus %a, %a`.
    """

    name = "net-cse"

    keep: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            join_equal(network, self.keep)


def join_equal(network: NetworkOp, keep: Container[str] = ()) -> None:
    """Rewrite a network, first operations first."""
    known: dict[Key, list[NetOp]] = {}
    written = {op.target for op in network.block.ops if isinstance(op, SinkOp)}
    sources: dict[SSAValue, object] = {
        op.result: (op.target, op.result.type)
        for op in network.block.ops
        if isinstance(op, ReadOp) and op.target not in written
    }
    for op in list(network.block.ops):
        if op.parent is None or not isinstance(op, NetOp) or not may_join(op, keep):
            continue
        alike = known.setdefault(key_of(op, sources), [])
        first = next((other for other in alike if same_options(other, op)), None)
        if first is None:
            alike.append(op)
        else:
            redirect(op, first.result)


def may_join(op: NetOp, keep: Container[str]) -> bool:
    """Whether the operation is what its operands and options say."""
    if op.node is not None and op.node.data in keep:
        return False
    return is_pure(op) and not isinstance(op, OF_THEIR_OWN)


def key_of(op: NetOp, sources: Mapping[SSAValue, object]) -> Key:
    """Kind and operands; two reads of a parameter that stays count as one value."""
    return (type(op), *(sources.get(value, value) for value in op.operands))


def same_options(one: NetOp, other: NetOp) -> bool:
    """Whether operations differ in nothing but operands and the names of their nodes."""
    if one.result.type != other.result.type or one.attributes != other.attributes:
        return False
    names = (one.properties.keys() | other.properties.keys()) - {"node"}
    return all(one.properties.get(name) == other.properties.get(name) for name in names)
