"""Values of nodes in the log: `traceNodeNamesReal`, `-Category`, `-Sparse`, and `Trace` nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brainscript.runtime.actions.format import Format, Formatter, values_of
from brainscript.runtime.network import Network, NodeSpec, Step
from brainscript.runtime.train.log import Log
from brainscript.settings import Settings

KEYS = ("traceNodeNamesReal", "traceNodeNamesCategory", "traceNodeNamesSparse")
Asked = tuple[tuple[str, tuple[str, ...]], ...]
"""Kinds of a format, each with its nodes."""
ALL = 1 << 60


@dataclass(frozen=True)
class Traced:
    """A node whose values are shown: those of some rows, of some steps of each sequence.

    They are shown for the first minibatches of an epoch, then for the first of each `every`.
    """

    formatter: Formatter
    node: NodeSpec
    said: str
    first: int = ALL
    every: int = 1
    rows: int = ALL
    steps: int = ALL

    def due(self, minibatch: int) -> bool:
        """Whether the values of a minibatch (from 1) are shown."""
        return minibatch <= self.first or (minibatch - 1) % max(1, self.every) == 0

    def next_due(self, minibatch: int) -> int:
        """The first minibatch behind this one whose values are shown."""
        if minibatch < self.first:
            return minibatch + 1
        every = max(1, self.every)
        return -(-minibatch // every) * every + 1

    def text(self, step: Step, minibatch: int) -> str:
        """The values."""
        values, lengths = values_of(step.output(self.node.name), self.node, step)
        kept: list[int] = []
        begin = 0
        for length in lengths:
            kept += range(begin, begin + min(length, self.steps))
            begin += length
        shown = values[kept, : self.rows]
        cut = [min(length, self.steps) for length in lengths]
        return "".join(self.formatter.minibatch(shown, cut, minibatch)).rstrip("\n")


@dataclass(frozen=True)
class Tracer:
    """Shows the values of nodes after minibatches."""

    nodes: tuple[Traced, ...]
    log: Log

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes, each once."""
        return tuple(dict.fromkeys(traced.node.name for traced in self.nodes))

    def until(self, minibatch: int) -> int:
        """How many minibatches follow this one up to the next whose values are shown."""
        return min(traced.next_due(minibatch) for traced in self.nodes) - minibatch

    def __call__(self, step: Step, epoch: int, minibatch: int) -> None:
        """Show what is due after a minibatch; epoch 0 stands for an evaluation."""
        where = f"epoch {epoch}, minibatch {minibatch}" if epoch else f"minibatch {minibatch}"
        for traced in self.nodes:
            if traced.due(minibatch):
                self.log.text(f"{traced.said} in {where}:\n{traced.text(step, minibatch)}")


def tracer(network: Network, asked: Asked, roots: Sequence[NodeSpec], log: Log) -> Tracer | None:
    """What shows the nodes that are `asked` for, and the `Trace` nodes below the roots.

    None when there is none of either.
    """
    known = network.facts.nodes
    nodes = [
        Traced(Formatter(Format(type=kind), name, known[name].dims), known[name], name)
        for kind, names in asked
        for name in names
    ]
    nodes += [_logged(node) for node in _below(known, roots) if node.log]
    return Tracer(tuple(nodes), log) if nodes else None


def asked_of(section: Settings) -> Asked:
    """The nodes that the keys of a section name, by kind."""
    kinds = {key.removeprefix("traceNodeNames").lower(): key for key in KEYS}
    named = {kind: section.texts(key, ()) for kind, key in kinds.items()}
    return tuple((kind, names) for kind, names in named.items() if names)


def _logged(node: NodeSpec) -> Traced:
    """What a `Trace` node shows."""
    said, first, every, rows, steps = node.log
    form = Formatter(Format(), node.name, node.dims)
    numbers = (int(n) for n in (first, every, rows, steps))
    return Traced(form, node, str(said) or node.name, *numbers)


def _below(known: Mapping[str, NodeSpec], roots: Sequence[NodeSpec]) -> list[NodeSpec]:
    """The nodes that the roots depend on, in the order of their names."""
    seen: dict[str, NodeSpec] = {}
    waiting = [root.name for root in roots]
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen:
            seen[name] = known[name]
            waiting += known[name].inputs
    return [seen[name] for name in sorted(seen)]
