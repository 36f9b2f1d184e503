"""Groups of nodes of a graph without rings, merged so that no ring between groups arises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import numpy as np


class Clusters:
    """The nodes `0 .. count - 1`, each in a group of its own at first.

    Edges lead from a smaller node to a larger one. Sets of nodes are the bits of one integer:
    `mask` holds the members of a group, `before` all nodes of other groups that must come before
    it, `after` those that must follow; only for the groups there are now, which `names` lists.
    """

    def __init__(self, count: int, edges: Iterable[tuple[int, int]]):
        self.group = list(range(count))
        self.mask = {i: 1 << i for i in range(count)}
        self.before = dict.fromkeys(range(count), 0)
        self.after = dict.fromkeys(range(count), 0)
        self.names = (1 << count) - 1
        known = set(edges)
        for first, second in sorted(known, key=lambda edge: edge[1]):
            assert first < second, "edges lead forward"
            self.before[second] |= self.before[first] | 1 << first
        for first, second in sorted(known, reverse=True):
            self.after[first] |= self.after[second] | 1 << second

    def may_merge(self, first: int, second: int) -> bool:
        """Whether these two groups can become one without waiting for a third between them."""
        both = self.mask[first] | self.mask[second]
        between = self.after[first] & self.before[second] | self.after[second] & self.before[first]
        return not between & ~both

    def merge(self, first: int, second: int) -> int:
        """Make one group of two; the name of the group is that of the first.

        Who follows both has all that comes before them already: only others learn of it.
        """
        both = self.mask[first] | self.mask[second]
        early, sooner = self.before[first], self.before.pop(second)
        late, later = self.after[first], self.after.pop(second)
        before, after = (early | sooner) & ~both, (late | later) & ~both
        for node in members(self.mask.pop(second)):
            self.group[node] = first
        self.mask[first], self.before[first], self.after[first] = both, before, after
        self.names &= ~(1 << second)
        for name in members((late ^ later) & after & self.names):
            self.before[name] |= before | both
        for name in members((early ^ sooner) & before & self.names):
            self.after[name] |= after | both
        return first

    def order(self) -> list[list[int]]:
        """The groups in an order in which they may run, each with its members in order.

        Of those that are ready, the one whose first member is smallest goes first.
        """
        done, result = 0, list[list[int]]()
        waiting = sorted(self.mask, key=lambda name: self.mask[name] & -self.mask[name])
        while waiting:
            ready = next(name for name in waiting if not self.before[name] & ~done)
            waiting.remove(ready)
            done |= self.mask[ready]
            result.append(members(self.mask[ready]))
        return result


def members(bits: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    if bits & (bits - 1) == 0:
        return [bits.bit_length() - 1] if bits else []
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    places = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return places.nonzero()[0].tolist()


def forward_order(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The nodes so that every edge leads forward, otherwise as they are; no ring may exist."""
    missing, following = [0] * count, [set[int]() for _ in range(count)]
    for first, second in set(edges):
        following[first].add(second)
        missing[second] += 1
    result: list[int] = []
    ready = [i for i in range(count) if not missing[i]]
    while ready:
        node = heappop(ready)
        result.append(node)
        for later in following[node]:
            missing[later] -= 1
            if not missing[later]:
                heappush(ready, later)
    assert len(result) == count, "the graph has a ring"
    return result
