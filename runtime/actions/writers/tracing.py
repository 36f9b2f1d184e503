"""Values of nodes in the log: `traceNodeNamesReal`, `-Category`, `-Sparse`, and `Trace` nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from brainscript.runtime.actions.writers.format import Format, Formatter, format_of, values_of
from brainscript.runtime.network import Network, NodeSpec, Step
from brainscript.runtime.train.log import Log
from brainscript.settings import Settings

KEYS = ("traceNodeNamesReal", "traceNodeNamesCategory", "traceNodeNamesSparse")
Asked = tuple[tuple[str, tuple[str, ...]], ...]
"""Kinds of a format, each with its nodes."""
ALL = 1 << 60
GRADIENT = ".grad"
"""Behind the name of a node: the output that holds the gradient with respect to it."""


@dataclass(frozen=True)
class Traced:
    """A node whose values are shown: those of some rows, of some steps of each sequence.

    They are shown for the first minibatches of an epoch, then for the first of each `every`; in
    training with the `gradient` with respect to the node, if that is wanted.
    """

    formatter: Formatter
    node: NodeSpec
    said: str
    first: int = ALL
    every: int = 1
    rows: int = ALL
    steps: int = ALL
    gradient: bool = False

    def due(self, minibatch: int) -> bool:
        """Whether the values of a minibatch (from 1) are shown."""
        return minibatch <= self.first or (minibatch - 1) % max(1, self.every) == 0

    def next_due(self, minibatch: int) -> int:
        """The first minibatch behind this one whose values are shown."""
        if minibatch < self.first:
            return minibatch + 1
        every = max(1, self.every)
        return -(-minibatch // every) * every + 1

    def text(self, step: Step, minibatch: int, output: str = "") -> str:
        """The values, or those of another output of the same shape."""
        values, lengths = values_of(step.output(output or self.node.name), self.node, step)
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

    @property
    def gradients(self) -> tuple[str, ...]:
        """The nodes whose gradients are shown."""
        return tuple(dict.fromkeys(t.node.name for t in self.nodes if t.gradient))

    def until(self, minibatch: int) -> int:
        """How many minibatches follow this one up to the next whose values are shown."""
        return min(traced.next_due(minibatch) for traced in self.nodes) - minibatch

    def __call__(self, step: Step, epoch: int, minibatch: int) -> None:
        """Show what is due after a minibatch; epoch 0 stands for an evaluation."""
        where = f"epoch {epoch}, minibatch {minibatch}" if epoch else f"minibatch {minibatch}"
        for traced in self.nodes:
            if not traced.due(minibatch):
                continue
            self.log.text(f"{traced.said} in {where}:\n{traced.text(step, minibatch)}")
            if traced.gradient:
                shown = traced.text(step, minibatch, f"{traced.node.name}{GRADIENT}")
                self.log.text(f"{traced.said} gradient in {where}:\n{shown}")


def tracer(
    network: Network,
    asked: Asked,
    roots: Sequence[NodeSpec],
    log: Log,
    criterion: NodeSpec | None = None,
) -> Tracer | None:
    """What shows the nodes that are `asked` for, and the `Trace` nodes below the roots.

    Gradients are those of the `criterion` that trains. None when there is nothing to show.
    """
    known = network.facts.nodes
    nodes = [
        Traced(Formatter(Format(type=kind), name, known[name].dims), known[name], name)
        for kind, names in asked
        for name in names
    ]
    trained = {node.name for node in _below(known, [criterion] if criterion else [])}
    nodes += [_logged(node, trained) for node in _below(known, roots) if node.log]
    return Tracer(tuple(nodes), log) if nodes else None


def asked_of(section: Settings) -> Asked:
    """The nodes that the keys of a section name, by kind."""
    kinds = {key.removeprefix("traceNodeNames").lower(): key for key in KEYS}
    named = {kind: section.texts(key, ()) for kind, key in kinds.items()}
    return tuple((kind, names) for kind, names in named.items() if names)


def _logged(node: NodeSpec, trained: Collection[str]) -> Traced:
    """What a `Trace` node shows."""
    said, first, every, rows, steps, gradient, *members = node.log
    chosen = format_of(node.name, [str(text) for text in members])
    form = Formatter(chosen, node.name, node.dims)
    numbers = [int(n) for n in (first, every, rows, steps)]
    shown = bool(gradient) and node.name in trained
    return Traced(form, node, str(said) or node.name, *numbers, gradient=shown)


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
