"""The rings of a network: which operations are on one, and which may be."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation

from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.places import failure, name_of
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.sequence import KERNELS as SEQUENCE
from brainscript.dialects.tensors import type_of

MOST_NAMES = 6
"""Nodes of a ring that a message lists."""

WHOLE = SEQUENCE | {
    "net.batch_normalization",
    "net.cos_distance_with_negative_samples",
    "net.query_fold",
    "net.roll",
}
"""Operations that look at other steps or samples, though they give a value for each."""


def loops_of(network: NetworkOp) -> list[list[Operation]]:
    """The operations of each ring, in the order in which they stand; rings that meet are one."""
    operations = list(network.block.ops)
    if not any(isinstance(op, DelayOp) for op in operations):
        return []
    order = {op: i for i, op in enumerate(operations)}
    makers = [
        [order[v.owner] for v in op.operands if isinstance(v.owner, Operation)] for op in operations
    ]
    found = [sorted(part) for part in strongly_connected(makers)]
    rings = [part for part in found if len(part) > 1 or part[0] in makers[part[0]]]
    return [[operations[i] for i in ring] for ring in sorted(rings)]


def strongly_connected(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """Tarjan's components of the graph that has these edges from each node."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    waiting: list[int] = []
    inside: set[int] = set()
    found: list[list[int]] = []
    for start in range(len(edges)):
        if start in index:
            continue
        path = [(start, 0)]
        while path:
            node, place = path.pop()
            if place == 0:
                index[node] = low[node] = len(index)
                waiting.append(node)
                inside.add(node)
            else:
                low[node] = min(low[node], low[edges[node][place - 1]])
            place = _skip(edges[node], place, node, index, low, inside)
            if place < len(edges[node]):
                path += [(node, place + 1), (edges[node][place], 0)]
            elif low[node] == index[node]:
                cut = len(waiting) - 1
                while waiting[cut] != node:
                    cut -= 1
                found.append(waiting[cut:])
                inside.difference_update(waiting[cut:])
                del waiting[cut:]
    return found


def _skip(
    targets: Sequence[int],
    place: int,
    node: int,
    index: dict[int, int],
    low: dict[int, int],
    inside: set[int],
) -> int:
    """The place of the next target that was never seen; those seen are taken into account."""
    while place < len(targets) and targets[place] in index:
        if targets[place] in inside:
            low[node] = min(low[node], index[targets[place]])
        place += 1
    return place


def check_loops(network: NetworkOp) -> None:
    """Raise for a loop that cannot be run step by step."""
    for loop in loops_of(network):
        delays = [op for op in loop if isinstance(op, DelayOp)]
        if len({op.DIRECTION for op in delays}) > 1:
            one = next(op for op in delays if op.DIRECTION == "past")
            other = next(op for op in delays if op.DIRECTION == "future")
            title = f"the loop of '{name_of(one)}' goes both ways"
            label = f"'{name_of(one)}' looks back and '{name_of(other)}' ahead"
            help = "make two loops, and join their results outside of them"
            raise failure(one, "BS0430", title, label + f" (loop: {ring_text(loop)})", help)
        axis = type_of(delays[0].result).axis
        for op in loop:
            if type_of(op.results[0]).axis != axis or op.name in WHOLE:
                title = f"'{name_of(op)}' cannot stand in a loop over time"
                label = f"it needs all samples at once (loop: {ring_text(loop)})"
                raise failure(op, "BS0431", title, label, "a loop is run step by step")


def ring_text(loop: Sequence[Operation]) -> str:
    """The nodes of a loop for a message."""
    names = [name_of(op) for op in loop]
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join([*names[:MOST_NAMES], *more])
