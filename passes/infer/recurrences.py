"""`net-find-recurrences`: every ring of the network becomes one loop over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of
from brainscript.dialects.net.parameters import IndexOp, ReadOp, SinkOp, SplatOp
from brainscript.dialects.net.recurrence import DelayOp, RecurrenceOp, StepYieldOp
from brainscript.passes.infer.loops import check_loops, loops_of
from brainscript.passes.infer.select import remove_dead


@dataclass(frozen=True)
class NetFindRecurrences(ModulePass):
    """Turn each ring into a `net.recurrence`, with as little in it as possible.

    Only what lies on a ring has to be computed step by step. What a ring reads is computed before
    for all steps at once (the products of a layer with its input are one product), and what reads
    its values afterwards (the gradient of a weight is one product). A delay on no ring, or read
    from outside of its ring, is a loop of its own that moves columns.

    Before: `%p = net.past_value %h`, `%rp = net.times %r, %p`, `%s = net.plus %wx, %rp`,
    `%h = net.tanh %s`
    After: `%h = net.recurrence past(%r1 = %r, %wx1 = %wx) { .. net.yield %h1 }`
    """

    name = "net-find-recurrences"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            find_recurrences(network)


def find_recurrences(network: NetworkOp) -> None:
    """Rewrite a network; one without delays stays as it is."""
    if not any(isinstance(op, DelayOp) for op in network.block.ops):
        return
    keep_root_names(network)
    remove_dead(network)
    check_loops(network)
    rings = loops_of(network)
    for ring in rings:
        for op in ring:
            if isinstance(op, DelayOp):
                _copy_for_others(op, set(ring))
    inside = {op for ring in rings for op in ring}
    moves = [[op] for op in network.block.ops if isinstance(op, DelayOp) and op not in inside]
    for loop in [*rings, *moves]:
        _outline(loop)
    sort_block(network.block)


def keep_root_names(network: NetworkOp) -> None:
    """Write down the node names of the roots, since the operations that bear them may go."""
    roots = network.roots
    if "names" not in roots.attributes:
        names = [StringAttr(node_name_of(value)) for value in roots.values]
        roots.attributes["names"] = ArrayAttr(names)


def _copy_for_others(delay: DelayOp, ring: set[Operation]) -> None:
    """Users of a delay that are not on its ring get a delay of their own."""
    uses = [use for use in delay.result.uses if use.operation not in ring]
    block = delay.parent_block()
    assert block is not None
    if not uses:
        return
    copy = delay.clone()
    copy.result.name_hint = delay.result.name_hint
    block.insert_op_after(copy, delay)
    for use in uses:
        use.operation.operands[use.index] = copy.result


def _outline(loop: Sequence[Operation]) -> None:
    """Put the operations of a loop into a `net.recurrence`, where the last of them stood."""
    inside = set(loop)
    first = next(op for op in loop if isinstance(op, DelayOp))
    outer = loop[-1].parent_block()
    assert outer is not None
    made = [value for op in loop for value in op.results]
    needed = [v for v in made if any(use.operation not in inside for use in v.uses)]
    read = [v for op in loop for v in op.operands if v.owner not in inside]
    read = list(dict.fromkeys(read))
    inputs = [v for v in read if not isinstance(v.owner, SplatOp | IndexOp)]
    body = Block(arg_types=[v.type for v in inputs])
    inner: dict[SSAValue, SSAValue] = dict(zip(inputs, body.args, strict=True))
    for value, argument in inner.items():
        argument.name_hint = value.name_hint
    for value in read:
        if isinstance(value.owner, SplatOp | IndexOp):
            copy = value.owner.clone()
            body.add_op(copy)
            inner[value] = copy.results[0]
    place = loop[-1].next_op
    for op in loop:
        op.detach()
        body.add_op(op)
        op.operands = [inner.get(v, v) for v in op.operands]
    body.add_op(StepYieldOp(needed))
    made_op = RecurrenceOp(first.DIRECTION, inputs, Region(body), first.location)
    assert place is not None
    outer.insert_op_before(made_op, place)
    for value, result in zip(needed, made_op.outputs, strict=True):
        result.name_hint = value.name_hint
        value.replace_uses_with_if(result, lambda use: use.operation.parent_block() is not body)


def sort_block(block: Block) -> None:
    """Let every operation follow those that it needs, else keep the order.

    Reads and writes of one symbol stay in their order.
    """
    operations = list(block.ops)
    place = {op: i for i, op in enumerate(operations)}
    waits: list[set[int]] = [set() for _ in operations]
    for i, op in enumerate(operations):
        owners = [v.owner for v in op.operands]
        waits[i].update(place[o] for o in owners if isinstance(o, Operation) and o in place)
    _keep_order_of_symbols(operations, waits)
    followers: list[list[int]] = [[] for _ in operations]
    for i, before in enumerate(waits):
        for j in before:
            followers[j].append(i)
    ready = [i for i, before in enumerate(waits) if not before]
    heapify(ready)
    for op in operations:
        op.detach()
    while ready:
        number = heappop(ready)
        block.add_op(operations[number])
        for later in followers[number]:
            waits[later].discard(number)
            if not waits[later]:
                heappush(ready, later)


def _keep_order_of_symbols(operations: Iterable[Operation], waits: Sequence[set[int]]) -> None:
    readers: dict[str, list[int]] = {}
    writer: dict[str, int] = {}
    for i, op in enumerate(operations):
        if isinstance(op, ReadOp | SinkOp):
            if op.target in writer:
                waits[i].add(writer[op.target])
            if isinstance(op, SinkOp):
                waits[i].update(readers.pop(op.target, ()))
                writer[op.target] = i
            else:
                readers.setdefault(op.target, []).append(i)
