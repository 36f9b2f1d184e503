"""Values of nodes in the log of a training run: `traceNodeNamesReal`, `-Category`, `-Sparse`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brainscript.runtime.actions.format import Format, Formatter, values_of
from brainscript.runtime.network import Network, Step
from brainscript.runtime.train.log import Log


def tracer(
    network: Network, asked: Sequence[tuple[str, tuple[str, ...]]], log: Log
) -> Callable[[Step, int, int], None] | None:
    """What shows the values after a minibatch; `asked` are kinds of a format, each with its nodes.

    None when nothing is asked for.
    """
    known = network.facts.nodes
    formatters = [
        Formatter(Format(type=kind), known[name].name, known[name].dims)
        for kind, names in asked
        for name in names
    ]

    def show(step: Step, epoch: int, minibatch: int) -> None:
        for formatter in formatters:
            name = formatter.name
            values, lengths = values_of(step.output(name), known[name], step)
            head = f"{name} in epoch {epoch}, minibatch {minibatch}:\n"
            log.text(head + "".join(formatter.minibatch(values, lengths, minibatch)).rstrip("\n"))

    return show if formatters else None
