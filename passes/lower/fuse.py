"""`net-fuse`: which operations of the network become one kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import attribute
from brainscript.dialects.net.carry import CarryOutOp
from brainscript.dialects.net.network import NetworkOp, networks_of
from brainscript.dialects.net.parameters import ReadOp, WriteOp
from brainscript.dialects.net.sequence import WhereOp
from brainscript.dialects.net.sparse import TouchedOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.infer.recurrences import find_recurrences, keep_root_names
from brainscript.passes.lower.fusion.clusters import Clusters, forward_order, members
from brainscript.passes.lower.fusion.decompose import decompose, materialise, settle_writes
from brainscript.passes.lower.fusion.facts import IN_PLACE, LOOP, Fact, fact_of
from brainscript.passes.lower.fusion.families import (
    check_supported,
    is_constant,
    is_outside,
    memory_of,
)
from brainscript.passes.lower.fusion.groups import MERGES, Group, Merge, Traits
from brainscript.passes.lower.fusion.statistics import share_statistics
from brainscript.passes.lower.fusion.tidy import recompute, tidy
from brainscript.passes.lower.recurrence.packing import pack_weights
from brainscript.passes.lower.recurrence.settle import recurrences_of, settle_loops
from brainscript.passes.lower.recurrence.sinking import sink_cheap


@dataclass(frozen=True)
class NetFuse(ModulePass):
    """Number the kernel of every operation, in the order in which the kernels run.

    Before: `%t = net.times %w, %x`, `%p = net.plus %t, %b`, `%h = net.sigmoid %p`
    After: the same with `{kernel = 0, family = "gemm"}` on all three.

    Criteria are taken apart first, equal operations joined, cheap ones copied to their users.
    Then groups of one operation each are merged as long as `groups.py` knows a kernel for the
    result and nothing has to run between its parts. `net.write` waits for all who need the old
    value; where it can, it joins the kernel that makes the new one, which then works in place.
    """

    name = "net-fuse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Fuse the networks of the module."""
        for network in networks_of(op):
            fuse(network)


def fuse(network: NetworkOp) -> None:
    """Decompose, tidy and group a network; the result stands in attributes of its operations.

    The operations of a loop are grouped among themselves.
    """
    keep_root_names(network)
    decompose(network)
    find_recurrences(network)
    sink_cheap(network)
    settle_loops(network)
    pack_weights(network)
    settle_writes(network)
    tidy(network)
    share_statistics(network)
    materialise(network)
    recompute(network)
    number_kernels(network.block)
    for loop in recurrences_of(network):
        tidy(loop)
        recompute(loop)
        number_kernels(loop.block)


def number_kernels(block: Block) -> None:
    """Group the operations of a block and give each the number and family of its kernel."""
    for op in block.ops:
        check_supported(op)
    nodes = [op for op in block.ops if not (is_outside(op) or is_constant(op))]
    edges = list(edges_of(nodes))
    order = forward_order(len(nodes), edges)
    place = {old: new for new, old in enumerate(order)}
    nodes = [nodes[old] for old in order]
    clusters = Clusters(len(nodes), [(place[a], place[b]) for a, b in edges])
    facts = [fact_of(op) for op in nodes]
    Merger(facts, clusters).run()
    for number, group in enumerate(clusters.order()):
        family = family_of([facts[i] for i in group])
        assert family is not None
        for i in group:
            nodes[i].attributes["kernel"] = attribute(number)
            nodes[i].attributes["family"] = StringAttr(family)


def family_of(facts: Sequence[Fact]) -> str | None:
    """The family of the kernel that does all of this; a loop stays alone."""
    if any(fact.alone == LOOP for fact in facts):
        return LOOP if len(facts) == 1 else None
    if facts[0].op.name in IN_PLACE:
        return "sequence" if isinstance(facts[0].op, CarryOutOp) else "sparse"
    return Group(facts).family()


def edges_of(nodes: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """Who must come before whom: maker before user, user of an old state before its write."""
    place = {id(op): i for i, op in enumerate(nodes)}
    readers: dict[str, set[int]] = {}
    for i, op in enumerate(nodes):
        for value in op.operands:
            owner = memory_of(value).owner
            if type(owner) is ReadOp:
                readers.setdefault(owner.target, set()).add(i)
            elif id(owner) in place:
                yield place[id(owner)], i
    yield from _finders_first(nodes)
    for i, op in enumerate(nodes):
        if isinstance(op, WriteOp):
            yield from ((reader, i) for reader in readers.get(op.target, ()) if reader != i)


def _finders_first(nodes: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """What makes an axis while the step runs comes before all that lies on it."""
    finders = (WhereOp, TouchedOp)
    makers = {type_of(op.result).axis: i for i, op in enumerate(nodes) if isinstance(op, finders)}
    for i, op in enumerate(nodes if makers else ()):
        axes = {type_of(v).axis for v in (*op.operands, *op.results)}
        yield from ((makers[axis], i) for axis in axes if axis in makers and makers[axis] != i)


class Merger:
    """Merges groups of operations, one kind of kernel after the other."""

    def __init__(self, facts: Sequence[Fact], clusters: Clusters):
        self.facts = facts
        self.clusters = clusters
        self.place = {fact.name: i for i, fact in enumerate(facts)}
        self.traits = {i: Traits.of(fact) for i, fact in enumerate(facts)}
        self.refused: set[tuple[int, int, tuple[str, ...]]] = set()

    def run(self) -> None:
        """One round after the other, each until it changes nothing.

        What is kept for the next minibatch, or has some new columns, is written where it lies;
        statistics of samples belong to the kernel of their convolution.
        """
        for node, fact in enumerate(self.facts):
            if isinstance(fact.op, WriteOp):
                maker = fact.op.value.owner
                if isinstance(maker, Operation) and maker.name in IN_PLACE:
                    self._join(node)
            if fact.moment:
                self._join(node)
        for rule in MERGES:
            pairs = list(self._pairs(rule))
            while any([self._try(*pair, rule.families) for pair in pairs]):
                pass

    def _join(self, node: int) -> None:
        """Let an operation and the one whose result it reads be one group."""
        maker = self.facts[node].owners[0]
        one, two = self.clusters.group[self.place[maker]], self.clusters.group[node]
        traits = self.traits[one] | self.traits[two]
        self.traits[self.clusters.merge(one, two)] = traits

    def _pairs(self, rule: Merge) -> Iterator[tuple[int, int]]:
        """Whom to try to join with each operation."""
        for node, fact in enumerate(self.facts):
            found = (self.place.get(other) for other in rule.partners(fact, self.facts))
            yield from ((other, node) for other in dict.fromkeys(found) if other is not None)

    def _try(self, first: int, second: int, families: tuple[str, ...]) -> bool:
        clusters = self.clusters
        one, two = clusters.group[first], clusters.group[second]
        if one == two:
            return False
        wish = (clusters.mask[one], clusters.mask[two], families)
        if wish in self.refused:
            return False
        traits = self.traits[one] | self.traits[two]
        hopeful = traits.may_be(families) and clusters.may_merge(one, two)
        if not hopeful or not self._fits(wish):
            self.refused.add(wish)
            return False
        self.traits[clusters.merge(one, two)] = traits
        return True

    def _fits(self, wish: tuple[int, int, tuple[str, ...]]) -> bool:
        one, two, families = wish
        return family_of([self.facts[i] for i in members(one | two)]) in families
