"""Groups of nodes of a graph without rings, merged so that no ring between groups arises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import numpy as np


class Clusters:
    """The nodes `0 .. count - 1`, each in a group of its own at first.

    Edges lead from a smaller node to a larger one. Sets are the bits of one integer: `mask` holds
    the members of a group; `before` the names of all groups that must come before it and `after`
    of those that must follow, beside names of groups that are no more. `names` lists those there
    are now; the name of a group is one of its members.
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
        between = self.after[first] & self.before[second] | self.after[second] & self.before[first]
        return not between & self.names & ~(1 << first | 1 << second)

    def merge(self, first: int, second: int) -> int:
        """Make one group of two, which has the name of one of them: that is returned.

        Where one of them needs nothing but the other and what that needs, nobody has to learn of
        the merge: whoever follows the one follows both, and so with what the other is needed for.
        """
        if self.before[first] >> second & 1:
            first, second = second, first
        if self.before[second] >> first & 1:
            own = self.names & ~(1 << first | 1 << second)
            if not self.before[second] & own & ~self.before[first]:
                return self._join(first, second)
            if not self.after[first] & own & ~self.after[second]:
                return self._join(second, first)
        self._tell(first, second)
        return self._join(first, second)

    def _join(self, kept: int, gone: int) -> int:
        """Give the members of one group to the other."""
        taken = self.mask.pop(gone)
        for node in members(taken):
            self.group[node] = kept
        self.mask[kept] |= taken
        self.names &= ~(1 << gone)
        del self.before[gone], self.after[gone]
        return kept

    def _tell(self, kept: int, gone: int) -> None:
        """Let all who follow one of the two follow both, and so with those that come before."""
        both = 1 << kept | 1 << gone
        early, sooner = self.before[kept], self.before[gone]
        late, later = self.after[kept], self.after[gone]
        before, after = (early | sooner) & ~both, (late | later) & ~both
        self.before[kept], self.after[kept] = before, after
        sooner_all, later_all = before | 1 << kept, after | 1 << kept
        for name in members((late ^ later) & after & self.names):
            self.before[name] |= sooner_all
        for name in members((early ^ sooner) & before & self.names):
            self.after[name] |= later_all

    def order(self) -> list[list[int]]:
        """The groups in an order in which they may run, each with its members in order.

        Of those that are ready, the one whose first member is smallest goes first.
        """
        left, result = self.names, list[list[int]]()
        waiting = sorted(self.mask, key=lambda name: self.mask[name] & -self.mask[name])
        while waiting:
            ready = next(name for name in waiting if not self.before[name] & left)
            waiting.remove(ready)
            left &= ~(1 << ready)
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
