"""What the epochs of one run share when several processes train."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brainscript.runtime.network import (
    ALL,
    InputSpec,
    Network,
    NodeSpec,
    Reader,
    Share,
    Step,
    UpdateRule,
)
from brainscript.runtime.state_arena import Array
from brainscript.runtime.train.feed import Loop, accumulated, is_mean
from brainscript.runtime.train.parallel.averages import Averages
from brainscript.runtime.train.parallel.loops import (
    AveragingLoop,
    GradientLoop,
    SharedLoop,
    Work,
)
from brainscript.runtime.train.parallel.options import ParallelOptions
from brainscript.runtime.train.parallel.world import World


class Together:
    """Makes the loops of epochs on several processes, and evens out what they do apart."""

    def __init__(self, network: Network, options: ParallelOptions, world: World):
        self.network, self.options, self.world = network, options, world
        filtered = options.method == "BlockMomentumSGD" and world.size > 1
        self._averages = Averages(network, options, world, filtered=filtered)
        self._before: dict[str, Array] = {}
        self._loop: SharedLoop | None = None

    def shares(self, epoch: int) -> bool:
        """Whether the processes share the minibatches of an epoch; else each takes all."""
        return self.world.size > 1 and self.options.at(epoch) != "none"

    @property
    def share(self) -> Share:
        """The part of this process."""
        return (self.world.rank, self.world.size) if self.world.size > 1 else ALL

    def compile(
        self, epoch: int, names: Sequence[str], rule: UpdateRule
    ) -> tuple[Step, Step | None]:
        """The training step of an epoch, in two halves where gradients are summed in between."""
        network = self.network
        if self.shares(epoch) and self.options.method == "DataParallelSGD":
            update = network.compile("update", names, rule)
            return network.compile("gradient", names, rule), update
        return network.compile("train", names, rule), None

    def loop(
        self,
        steps: tuple[Step, Step | None],
        inputs: Sequence[InputSpec],
        reader: Reader,
        nodes: Sequence[NodeSpec],
    ) -> Loop:
        """What runs the steps on the parts of minibatches."""
        network, (step, update) = self.network, steps
        work = Work(network, inputs, reader, nodes, self.world)
        self._before = {name: network.state.view(name).copy() for name in self._apart()}
        if update is None:
            self._averages.begin()
            loop = AveragingLoop(work, step, self._averages)
        else:
            loop = GradientLoop(work, step, update, delayed=self.options.delayed)
        self._loop = loop
        return loop

    def settle(self) -> None:
        """Make the parameters of all processes the same: at the end of an epoch, or of a run."""
        if self._loop is not None:
            self._loop.finish()
        if self.options.method != "DataParallelSGD":
            self._averages.meet()
            return
        state = self.network.state
        moved = np.array([(state.view(n) != was).any() for n, was in self._before.items()], float)
        self.world.sum(moved)
        for name, count in zip(self._before, moved, strict=True):
            if count:
                view = state.view(name)
                self.world.sum(view)
                view /= self.world.size

    def gather(self, nodes: Sequence[NodeSpec]) -> None:
        """What a run within an epoch goes on from: truncated sequences, means over the epoch."""
        state = self.network.state
        for name in state.names():
            if state.role(name) == "carried":  # each process works on its rows
                view = state.view(name)
                view[np.arange(len(view)) % self.world.size != self.world.rank] = 0
                self.world.sum(view)
        for node in filter(is_mean, nodes):
            mean, count = accumulated(self.network, node)
            mean *= count
            self.world.sum(mean, count)
            mean /= np.maximum(count, 1)

    def _apart(self) -> list[str]:
        """The parameters that each process moves by itself while gradients are summed: the
        statistics of normalisations."""
        state = self.network.state
        names = set(state.names())
        own = [name for name in state.names() if state.role(name) == "parameter"]
        return [name for name in own if f"gradient.{name}" not in names]
