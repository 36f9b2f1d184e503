"""`net-split-products`: what a product needs of a ring apart from what it needs of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import PlusOp
from brainscript.dialects.net.linear import TimesOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.shape import SliceOp, SpliceOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.infer.loops import loops_of
from brainscript.passes.infer.recurrences import keep_root_names

_Add = Callable[[NetOp], SSAValue]


@dataclass(frozen=True)
class NetSplitProducts(ModulePass):
    """Split a product with `Splice (x : h)` on a ring, so that the part with x leaves the ring.

    Before: `%xp = net.splice %x, %p`, `%s = net.times %w, %xp` with `%p` on the ring.
    After: `%w1 = net.slice %w`, `%a = net.times %w1, %x` and `%w2 = net.slice %w`,
    `%b = net.times %w2, %p`, `%s = net.plus %a, %b`; only `%b` is computed step by step.
    """

    name = "net-split-products"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            split_products(network)


def split_products(network: NetworkOp) -> None:
    """Split the products on the rings of a network."""
    for ring in loops_of(network):
        inside = set(ring)
        for op in ring:
            if isinstance(op, TimesOp) and _may_split(op, inside):
                keep_root_names(network)
                _split(network, op, inside)


def _may_split(op: TimesOp, inside: set[Operation]) -> bool:
    """Whether a splice along the only axis that is summed over has a part outside of the ring."""
    splice = op.b.owner
    if type_of(op.a).axis is not None or not isinstance(splice, SpliceOp):
        return False
    if splice not in inside or splice.axis.value.data != 1:
        return False
    rest = shape_of(splice.result)[1:]
    if len(shape_of(op.a)) != op.output_rank.value.data + 1:
        return False
    whole = all(shape_of(v)[1:] == rest and type_of(v).axis for v in splice.parts)
    return whole and any(v.owner not in inside for v in splice.parts)


def _split(network: NetworkOp, op: TimesOp, inside: set[Operation]) -> None:
    splice = op.b.owner
    assert isinstance(splice, SpliceOp)

    def add(made: NetOp) -> SSAValue:
        made.location = op.location
        network.block.insert_op_before(made, op)
        return made.result

    axis, begin = op.output_rank.value.data + 1, 0
    outer: list[SSAValue] = []
    inner: list[SSAValue] = []
    for ringed, group in groupby(splice.parts, lambda v: v.owner in inside):
        parts = list(group)
        end = begin + sum(shape_of(v)[0] for v in parts)
        bounds = {"begin": begin, "end": end, "axis": axis}
        weights = add(SliceOp(op.a, options=bounds))
        value = parts[0] if len(parts) == 1 else add(SpliceOp(*parts, options={"axis": 1}))
        product = TimesOp(weights, value, options={"output_rank": op.output_rank.value.data})
        (inner if ringed else outer).append(add(product))
        begin = end
    total = _sum(add, _sum(add, outer[0], outer[1:]), inner)
    total.name_hint = op.result.name_hint
    made = total.owner
    if op.node is not None and isinstance(made, PlusOp):
        made.properties["node"] = op.node
    op.result.replace_all_uses_with(total)
    op.detach()
    op.erase()


def _sum(add: _Add, first: SSAValue, others: Sequence[SSAValue]) -> SSAValue:
    for other in others:
        first = add(PlusOp(first, other))
    return first
