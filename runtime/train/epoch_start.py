"""What is set anew before each epoch: dropout rate, generators, time constants of statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from brainscript.runtime.generators import Generator
from brainscript.runtime.network import Facts, Network, UpdateRule
from brainscript.runtime.train.log import Log
from brainscript.runtime.train.options import Options
from brainscript.runtime.train.rates import at

RANDOM = ("Dropout", "RandomDistribution", "RandomSample", "RandomSampleInclusionFrequency")
"""The operations whose nodes have a generator, the state `generator.NODE`."""
GENERATOR, NOISE = "generator.", "generator.noise."
"""Before the name of a node; before that of a parameter whose noise is drawn."""
TIME_CONSTANTS = ("hyper.time_constant.", "hyper.blend_time_constant.")
"""States before the name of a batch normalisation: 0 leaves the constant of the node."""
NO_TIME = 1e-30
"""A time constant that acts as 0."""


@dataclass
class EpochStart:
    """Sets the states of a network that follow schedules over epochs; `criterion` trains."""

    network: Network
    options: Options
    criterion: str
    log: Log
    dropout: float = 0.0
    constants: list[float] = field(default_factory=lambda: [0.0, 0.0])
    given: list[bool] = field(default_factory=lambda: [False, False])

    def rule(self, epoch: int) -> UpdateRule:
        """What the step of an epoch must be able to do."""
        return replace(self.options.update, dropout=at(self.options.dropout, epoch) > 0)

    def set(self, epoch: int, *, seed: bool, rank: int = 0) -> None:
        """Set everything for an epoch (0-based); generators only when asked to `seed` them, those
        of the process `rank` of several that share the minibatches."""
        self._set_dropout(epoch)
        for which in (0, 1):
            self._set_time_constant(epoch, which)
        if seed:
            self._seed(epoch, rank * self.options.max_epochs)

    def _set_dropout(self, epoch: int) -> None:
        rate = at(self.options.dropout, epoch)
        if rate != self.dropout:
            self.log.line("dropout", rate=rate)
        self.dropout = rate
        write_number(self.network, "hyper.dropout_rate", rate)
        write_number(self.network, "hyper.dropout_scale", 1.0 / (1.0 - rate))

    def _set_time_constant(self, epoch: int, which: int) -> None:
        """A value of the schedule holds for the nodes from where it differs from the one before."""
        value = at(self.options.time_constants[which], epoch)
        if value != self.constants[which]:
            self.given[which] = True
            self.log.line(("time constant", "blend time constant")[which], value=value)
        self.constants[which] = value
        if self.given[which]:
            for name in self.network.state.names():
                if name.startswith(TIME_CONSTANTS[which]):
                    write_number(self.network, name, value or NO_TIME)

    def _seed(self, epoch: int, before: int) -> None:
        """Seed `(before + epoch) * M + j` for the j-th of M random nodes in the order of
        evaluation; the noise of updates is the same in all processes."""
        state = self.network.state
        present = [name for name in state.names() if state.role(name) == "random"]
        nodes = random_nodes(self.network.facts, self.criterion)
        first = (before + epoch) * len(nodes)
        seeds = {f"{GENERATOR}{name}": first + j for j, name in enumerate(nodes)}
        noise = sorted(name for name in present if name.startswith(NOISE))
        seeds |= {name: epoch * len(noise) + j for j, name in enumerate(noise)}
        for name in present:
            if name in seeds:
                words = Generator(seeds[name]).state
                state.view(name).reshape(-1).view(np.uint64)[:] = words


def write_number(network: Network, name: str, number: float) -> None:
    """Set a state of one element, if the network has it."""
    if name in network.state.names():
        network.state.view(name).fill(number)


def random_nodes(facts: Facts, root: str) -> list[str]:
    """The nodes below `root` that draw random numbers, in the order of evaluation."""
    return [n for n in evaluation_order(facts, root) if facts.nodes[n].operation in RANDOM]


def evaluation_order(facts: Facts, root: str) -> Iterator[str]:
    """The nodes below `root`, each after its inputs, the first input first."""
    done: set[str] = set()
    entered: set[str] = set()
    stack = [root]
    while stack:
        name = stack[-1]
        node = facts.nodes.get(name)
        waiting = [i for i in node.inputs if i not in entered] if node else []
        entered.add(name)
        if name not in done and waiting:
            stack.append(waiting[0])
            continue
        stack.pop()
        if name not in done and node is not None:
            yield name
        done.add(name)
