"""Minibatches into a step: columns, inputs, hyper scalars; and the sums that come out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from brainscript.runtime.data.minibatch import Reader as NativeReader
from brainscript.runtime.data.minibatch_loop import MinibatchLoop, Progress
from brainscript.runtime.layouts import check_countable
from brainscript.runtime.network import (
    DEFAULT_AXIS,
    InputSpec,
    Minibatch,
    Network,
    NodeSpec,
    Reader,
    Step,
    numpy_type,
)
from brainscript.runtime.program import Program
from brainscript.runtime.state_arena import Array
from brainscript.runtime.train.log import Value
from brainscript.runtime.train.rates import momentum_for

Moment = tuple[list[float], list[int]]
"""Sums and counts as they were at some time."""


def feed(step: Step, inputs: Sequence[InputSpec], minibatch: Minibatch) -> None:
    """Set the sizes of a step and fill its inputs."""
    sparse = step.sparse_inputs
    if sparse:
        step.expect_elements(minibatch.elements(sparse))
    if minibatch.frames:
        step.set_columns(minibatch.columns)
    else:
        step.set_layouts(minibatch.layouts)
    for spec in inputs:
        width = numpy_type(spec.element).itemsize
        if spec.name in sparse and minibatch.refer(spec.name, width, step.records(spec.name)):
            continue
        minibatch.fill(spec.name, step.input(spec.name))


def update_samples(network: Network, criterion: NodeSpec, minibatch: Minibatch, step: Step) -> int:
    """The count N of momentum, clipping and regularisation.

    A criterion with an axis counts its own samples; otherwise it is the columns of the widest
    feature input in CNTK's packed layout, gaps included.
    """
    if criterion.axis:
        return step.columns.get(criterion.axis, 0)
    axes = {spec.name: spec.axis for spec in network.facts.inputs}
    features = [axes[name] for name in network.facts.features if name in axes]
    return max((minibatch.padded.get(axis, 0) for axis in features), default=minibatch.samples)


def set_constants(network: Network, constants: Mapping[str, float]) -> None:
    """Write the numbers of the update rule that stay the same over a run."""
    state = network.state
    present = set(state.names())
    for name, number in constants.items():
        if f"hyper.{name}" in present:
            state.view(f"hyper.{name}").fill(number)


def set_hyper(network: Network, rate: float, momentum: float, samples: int) -> None:
    """Write the numbers that the update of this minibatch uses; `momentum` is per sample."""
    state = network.state
    numbers = {
        "hyper.learning_rate": rate,
        "hyper.momentum": momentum_for(momentum, samples),
        "hyper.samples": float(samples),
    }
    present = set(state.names())
    for name, number in numbers.items():
        if name in present:
            state.view(name).fill(number)


class Loop(Protocol):
    """Runs a step on the minibatches of a reader (`MinibatchLoop` is one)."""

    def set_rates(self, learning_rate: float, momentum_per_sample: float) -> None:
        """The numbers that the update of the minibatches to come uses."""
        ...

    def run(self, count: int, seconds: float = 0.0) -> Progress:
        """Up to `count` minibatches, fewer when `seconds` (0: no limit) are over."""
        ...


class SingleLoop:
    """One minibatch a call: for readers and steps that native code cannot bring together."""

    def __init__(self, network: Network, step: Step, reader: Reader, criterion: NodeSpec):
        self.network, self.step, self.reader, self.criterion = network, step, reader, criterion
        self.inputs: Sequence[InputSpec] = ()
        self.rates = (0.0, 0.0)

    def set_rates(self, learning_rate: float, momentum_per_sample: float) -> None:
        """The numbers that the update of the minibatches to come uses."""
        check_countable(self.criterion.axis)
        self.rates = (learning_rate, momentum_per_sample)

    def run(self, count: int, seconds: float = 0.0) -> Progress:
        """One minibatch."""
        minibatch = self.reader.next()
        return Progress(0, 0, 0, {}, True) if minibatch is None else self.train_on(minibatch)

    def fill(self, minibatch: Minibatch) -> None:
        """Set the sizes of the step and fill its inputs."""
        feed(self.step, self.inputs, minibatch)

    def train_on(self, minibatch: Minibatch) -> Progress:
        """One minibatch that the reader gave."""
        self.fill(minibatch)
        counted = update_samples(self.network, self.criterion, minibatch, self.step)
        set_hyper(self.network, *self.rates, counted)
        self.step.run()
        columns = {**minibatch.columns, **self.step.columns}
        return Progress(1, minibatch.samples, counted, columns, False)


def loop_over(
    network: Network,
    step: Step,
    inputs: Sequence[InputSpec],
    reader: Reader,
    criterion: NodeSpec,
    *,
    watch: bool = False,
) -> Loop:
    """The loop that runs a step on the epoch that the reader has started.

    With `watch` a call ends where the sum of the criterion is no longer finite.
    """
    if isinstance(reader, NativeReader) and reader.in_memory and isinstance(step, Program):
        counted = [spec.name for spec in inputs if spec.name in network.facts.features]
        if MinibatchLoop.suits(reader, step):
            watched = f"criterion.{criterion.name}" if watch else ""
            return MinibatchLoop(reader, step, counted, criterion.axis, watched)
    loop = SingleLoop(network, step, reader, criterion)
    loop.inputs = inputs
    return loop


def is_mean(node: NodeSpec) -> bool:
    """Whether the step gives the mean over the epoch so far in place of a sum."""
    return node.operation == "EpochAccumulator"


def accumulated(network: Network, node: NodeSpec) -> tuple[Array, Array]:
    """The mean over the epoch that a node gives, and the number of samples it is of."""
    state = network.state
    return state.view(f"accumulated.{node.name}"), state.view(f"accumulated.count.{node.name}")


def clear_accumulated(network: Network) -> None:
    """Forget the means over an epoch: another begins."""
    state = network.state
    for name in state.names():
        if state.role(name) == "accumulated":
            state.view(name).fill(0)


class Sums:
    """The sums that a step adds to, and the samples they cover.

    Training keeps one sum per node over the whole epoch in the element type; what is printed of
    an interval is the difference of that sum, rounding and all. Of a mean over the epoch the last
    value counts, once.
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

    def count(self, columns: Mapping[str, int]) -> None:
        """Add the columns of minibatches: a node without axis counts the default axis."""
        for i, node in enumerate(self.nodes):
            new = columns.get(node.axis or DEFAULT_AXIS, 0)
            self.counts[i] = 1 if is_mean(node) else self.counts[i] + new

    def after(self, totals: Sequence[float], counts: Sequence[int]) -> Moment:
        """Sums and counts of an earlier moment, with those since the last reset added."""
        earlier = zip(self.nodes, totals, counts, strict=True)
        kept = [(0.0, 0) if is_mean(node) else (total, count) for node, total, count in earlier]
        sums = [t + s for (t, _), s in zip(kept, self.totals(), strict=True)]
        return sums, [c + s for (_, c), s in zip(kept, self.counts, strict=True)]

    def mark(self) -> None:
        """Begin the next interval here."""
        self._marked = self.totals()
        self._marked_counts = list(self.counts)

    def marks(self) -> Moment:
        """Sums and counts at the last mark."""
        return list(self._marked), list(self._marked_counts)

    def set_marks(self, totals: Sequence[float], counts: Sequence[int]) -> None:
        """Put back marks taken by `marks`."""
        self._marked, self._marked_counts = list(totals), list(counts)

    def interval(self, since: Moment | None = None) -> list[Value]:
        """The values since the last mark, or since sums and counts of an earlier moment."""
        before = since or (self._marked, self._marked_counts)
        return values_since(self.nodes, (self.totals(), self.counts), before)

    def values(self) -> list[Value]:
        """The values of the epoch so far."""
        return values_of(self.nodes, self.totals(), self.counts)


def values_of(
    nodes: Sequence[NodeSpec], totals: Sequence[float], counts: Sequence[int]
) -> list[Value]:
    """Sums and counts with their names."""
    return [
        Value(node.name, total, count, node.operation)
        for node, total, count in zip(nodes, totals, counts, strict=True)
    ]


def values_since(nodes: Sequence[NodeSpec], now: Moment, before: Moment) -> list[Value]:
    """What was added to sums and counts; means over the epoch as they are."""
    last, first = values_of(nodes, *now), values_of(nodes, *before)
    return [
        new
        if is_mean(node)
        else Value(new.name, new.total - old.total, new.count - old.count, new.operation)
        for node, new, old in zip(nodes, last, first, strict=True)
    ]
