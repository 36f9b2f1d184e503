"""Evaluation over a data set: forward only, sums of minibatches added in double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import Network, NodeSpec, Reader, Step, UpdateRule
from brainscript.runtime.train.feed import Sums, loop_over
from brainscript.runtime.train.log import Log, Value, shown_all, shown_final


class Show(Protocol):
    """Shows values of a step after some minibatches."""

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that the step must keep."""
        ...

    def until(self, minibatch: int) -> int:
        """How many minibatches follow this one up to the next that is shown."""
        ...

    def __call__(self, step: Step, epoch: int, minibatch: int) -> None:
        """Called after each minibatch or run of them; epoch 0 stands for an evaluation."""
        ...


@dataclass
class Evaluator:
    """Evaluates criteria and metrics of a network and logs them as CNTK's test does."""

    network: Network
    nodes: Sequence[NodeSpec]
    log: Log
    every: int = 100
    first: int = 0
    show: Show | None = None

    def run(self, reader: Reader, epoch_size: int, minibatch_size: int) -> list[Value]:
        """One pass over the data; prints the lines and gives the values."""
        names = [node.name for node in self.nodes]
        traced = self.show.names if self.show is not None else ()
        rule = UpdateRule(traced=traced) if traced else None
        step = self.network.compile("test", names, rule)
        inputs = self.network.inputs_of("test", [*names, *traced])
        sums = Sums(self.network, self.nodes)
        reader.start_epoch(0, epoch_size, minibatch_size)
        totals, counts, count = [0.0] * len(names), [0] * len(names), 0
        shown_totals, shown_counts, shown_at = list(totals), list(counts), 0
        loop = loop_over(self.network, step, inputs, reader, self.nodes[0])
        while True:
            sums.reset()
            progress = loop.run(1)
            if not progress.minibatches:
                break
            sums.count(progress.columns)
            totals = [t + s for t, s in zip(totals, sums.totals(), strict=True)]
            counts = [c + s for c, s in zip(counts, sums.counts, strict=True)]
            count += 1
            if self.show is not None:
                self.show(step, 0, count)
            if self._due(count):
                self._show(shown_at, count, totals, shown_totals, counts, shown_counts)
                shown_totals, shown_counts, shown_at = list(totals), list(counts), count
        if not count:
            raise BrainScriptError(Diagnostic("BS0718", "the reader gave no data to evaluate"))
        if self.every and count > shown_at:
            self._show(shown_at, count, totals, shown_totals, counts, shown_counts)
        values = self._values(totals, counts)
        self.log.line("final", last=count, values=shown_final(values))
        return values

    def _due(self, count: int) -> bool:
        return count <= self.first or (self.every > 0 and count % self.every == 0)

    def _values(self, totals: Sequence[float], counts: Sequence[int]) -> list[Value]:
        return [
            Value(node.name, total, count, node.operation)
            for node, total, count in zip(self.nodes, totals, counts, strict=True)
        ]

    def _show(
        self,
        after: int,
        count: int,
        totals: Sequence[float],
        shown_totals: Sequence[float],
        counts: Sequence[int],
        shown_counts: Sequence[int],
    ) -> None:
        since = [t - s for t, s in zip(totals, shown_totals, strict=True)]
        samples = [c - s for c, s in zip(counts, shown_counts, strict=True)]
        text = shown_all(self._values(since, samples), trailing=False)
        self.log.traced("minibatch", first=after + 1, last=count, values=text)
