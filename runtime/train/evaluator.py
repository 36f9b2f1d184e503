"""Evaluation over a data set: forward only, sums of minibatches added in double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import InputSpec, Network, NodeSpec, Reader, Step, UpdateRule
from brainscript.runtime.train.feed import (
    Loop,
    Moment,
    Sums,
    clear_accumulated,
    loop_over,
    values_of,
    values_since,
)
from brainscript.runtime.train.log import Log, Value, shown_all, shown_final
from brainscript.runtime.train.parallel.loops import SharedLoop, Work
from brainscript.runtime.train.parallel.world import World


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
    """Evaluates criteria and metrics of a network and logs them as CNTK's test does.

    The processes of a `world` share the minibatches; what is shown is of all of them.
    """

    network: Network
    nodes: Sequence[NodeSpec]
    log: Log
    every: int = 100
    first: int = 0
    show: Show | None = None
    world: World = field(default_factory=World)

    def run(self, reader: Reader, epoch_size: int, minibatch_size: int) -> list[Value]:
        """One pass over the data; prints the lines and gives the values."""
        names = [node.name for node in self.nodes]
        traced = self.show.names if self.show is not None else ()
        rule = UpdateRule(traced=traced) if traced else None
        step = self.network.compile("test", names, rule)
        inputs = self.network.inputs_of("test", [*names, *traced])
        sums = Sums(self.network, self.nodes)
        reader.share = (self.world.rank, self.world.size)
        reader.start_epoch(0, epoch_size, minibatch_size)
        clear_accumulated(self.network)
        now, count = ([0.0] * len(names), [0] * len(names)), 0
        shown, shown_at = now, 0
        loop = self._loop(step, inputs, reader)
        while True:
            sums.reset()
            progress = loop.run(1)
            if not progress.minibatches:
                break
            sums.count(progress.columns)
            now = sums.after(*now)
            count += 1
            if self.show is not None:
                self.show(step, 0, count)
            if self._due(count):
                self._show(shown_at, count, now, shown)
                shown, shown_at = now, count
        if not count:
            raise BrainScriptError(Diagnostic("BS0718", "the reader gave no data to evaluate"))
        if self.every and count > shown_at:
            self._show(shown_at, count, now, shown)
        values = values_of(self.nodes, *now)
        self.log.line("final", last=count, values=shown_final(values))
        return values

    def _loop(self, step: Step, inputs: Sequence[InputSpec], reader: Reader) -> Loop:
        if self.world.size == 1:
            return loop_over(self.network, step, inputs, reader, self.nodes[0])
        return SharedLoop(Work(self.network, inputs, reader, self.nodes, self.world), step)

    def _due(self, count: int) -> bool:
        return count <= self.first or (self.every > 0 and count % self.every == 0)

    def _show(self, after: int, count: int, now: Moment, before: Moment) -> None:
        text = shown_all(values_since(self.nodes, now, before), trailing=False)
        self.log.traced("minibatch", first=after + 1, last=count, values=text)
