"""Running sums of criteria and metrics, in the element type, and what is printed of them."""

from __future__ import annotations

from collections.abc import Sequence

from brainscript.runtime.network import DEFAULT_AXIS, Minibatch, Network, NodeSpec
from brainscript.runtime.train.log import Value


class Sums:
    """The sums that a step adds to, and the samples they cover.

    Training keeps one sum per node over the whole epoch in the element type; what is printed of
    an interval is the difference of that sum, rounding and all.
    """

    def __init__(self, network: Network, nodes: Sequence[NodeSpec]):
        self.network = network
        self.nodes = tuple(nodes)
        self.counts = [0] * len(self.nodes)
        self._marked = [0.0] * len(self.nodes)
        self._marked_counts = [0] * len(self.nodes)

    def reset(self) -> None:
        """Set sums and counts to 0: a new epoch."""
        for node in self.nodes:
            self.network.state.view(f"criterion.{node.name}").fill(0)
        self.counts = [0] * len(self.nodes)
        self.mark()

    def totals(self) -> list[float]:
        """The sums now."""
        state = self.network.state
        return [float(state.view(f"criterion.{n.name}").reshape(-1)[0]) for n in self.nodes]

    def count(self, minibatch: Minibatch) -> None:
        """Add the samples of a minibatch: a node without axis counts the default axis."""
        for i, node in enumerate(self.nodes):
            self.counts[i] += minibatch.columns.get(node.axis or DEFAULT_AXIS, 0)

    def mark(self) -> None:
        """Begin the next interval here."""
        self._marked = self.totals()
        self._marked_counts = list(self.counts)

    def marks(self) -> tuple[list[float], list[int]]:
        """Sums and counts at the last mark."""
        return list(self._marked), list(self._marked_counts)

    def set_marks(self, totals: Sequence[float], counts: Sequence[int]) -> None:
        """Put back marks taken by `marks`."""
        self._marked, self._marked_counts = list(totals), list(counts)

    def interval(self) -> list[Value]:
        """The values since the last mark."""
        pairs = zip(self.totals(), self._marked, strict=True)
        since = zip(self.counts, self._marked_counts, strict=True)
        return [
            Value(node.name, total - before, count - earlier, node.operation)
            for node, (total, before), (count, earlier) in zip(
                self.nodes, pairs, since, strict=True
            )
        ]

    def values(self) -> list[Value]:
        """The values of the epoch so far."""
        return [
            Value(node.name, total, count, node.operation)
            for node, total, count in zip(self.nodes, self.totals(), self.counts, strict=True)
        ]
