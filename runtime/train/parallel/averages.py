"""Parameters that each process moves by itself, brought together block by block."""

from __future__ import annotations

import numpy as np

from brainscript.program_image import Element, StateSlot
from brainscript.runtime.network import Network
from brainscript.runtime.state_arena import Array
from brainscript.runtime.train.parallel.options import ParallelOptions
from brainscript.runtime.train.parallel.world import World
from brainscript.runtime.train.saving.checkpoint import BLOCK_ROLE

BLOCK = "block."
"""Before the name of a parameter: the state that holds the filtered move of its last block."""


class Averages:
    """The parameters of all processes, which meet when a block of samples is done.

    ModelAveragingSGD: each parameter becomes the mean over the processes, weighted by their
    samples. BlockMomentumSGD (`filtered`): with `g` the sum over the processes of how far each has
    moved since the last meeting, `d <- m d + (1 - m) r g` and `w <- w + d`, a Nesterov step `m d`
    on top; the momentum of single minibatches starts afresh. Parameters that no gradient moves,
    such as the statistics of normalisations, become means here too.
    """

    def __init__(self, network: Network, options: ParallelOptions, world: World, *, filtered: bool):
        self.network, self.options, self.world, self.filtered = network, options, world, filtered
        self._own = self._all = 0
        state = network.state
        self._names = [name for name in state.names() if state.role(name) == "parameter"]
        learning = {p.name for p in network.facts.parameters if p.learning_rate_multiplier}
        self._filtered = [name for name in self._names if filtered and name in learning]
        self._last: dict[str, Array] = {}
        state.extend(self._slot(name) for name in self._filtered)

    def _slot(self, name: str) -> StateSlot:
        view = self.network.state.view(name)
        element: Element = "f64" if view.itemsize == 8 else "f32"
        return StateSlot(BLOCK + name, view.shape[::-1], element, BLOCK_ROLE)

    def begin(self) -> None:
        """Begin a block with the parameters as they are, the same in all processes."""
        self._own = self._all = 0
        state = self.network.state
        self._last = {name: state.view(name).copy() for name in self._filtered}

    def worked(self, samples: int) -> None:
        """This process has moved by so many samples."""
        self._own += samples

    def seen(self, samples: int) -> None:
        """All processes together have seen so many samples more; they meet when it is time."""
        self._all += samples
        if self._all >= self.options.block(self.world.size) * self.world.size:
            self.meet()

    def meet(self) -> None:
        """Bring the parameters together now."""
        if not self._all:
            return
        worked = np.array([self._own], np.float64)
        self.world.sum(worked)
        for name in self._names:
            view = self.network.state.view(name)
            if name in self._last:
                self._filter(name, view)
            else:
                view *= self._own / worked[0]
                self.world.sum(view)
        if self.filtered and self.options.momentum.reset:
            self._clear_momentum()
        self.begin()

    def _filter(self, name: str, view: Array) -> None:
        momentum, size = self.options.momentum, self.world.size
        gain = momentum.gain(self.options.block(size), size)
        last, move = self._last[name], self.network.state.view(BLOCK + name)
        view -= last
        self.world.sum(view)
        move *= gain
        move += (1 - gain) * momentum.rate * view
        view[...] = last + (1 + gain if momentum.nesterov else 1) * move

    def _clear_momentum(self) -> None:
        state = self.network.state
        for name in state.names():
            if state.role(name) == "momentum":
                state.view(name).fill(0)
