"""Minibatches that several processes work on together: each on a part of the sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainscript.runtime.data.minibatch_loop import Progress
from brainscript.runtime.network import InputSpec, Minibatch, Network, NodeSpec, Reader, Step
from brainscript.runtime.state_arena import Array
from brainscript.runtime.train.feed import (
    SingleLoop,
    accumulated,
    is_mean,
    set_hyper,
    update_samples,
)
from brainscript.runtime.train.parallel.averages import Averages
from brainscript.runtime.train.parallel.world import World


@dataclass(frozen=True)
class Work:
    """What the processes of a world do together: minibatches of a reader for some criteria."""

    network: Network
    inputs: Sequence[InputSpec]
    reader: Reader
    nodes: Sequence[NodeSpec]
    world: World


class SharedLoop(SingleLoop):
    """Runs a step on the part of this process; sums and counts become those of all.

    This alone evaluates; what trains is derived from it.
    """

    def __init__(self, work: Work, step: Step):
        super().__init__(work.network, step, work.reader, work.nodes[0])
        self.inputs, self.nodes, self.world = work.inputs, work.nodes, work.world

    def train_on(self, minibatch: Minibatch) -> Progress:
        """One minibatch, of which the reader gave the part of this process."""
        before = self._sums()
        for node in self.nodes:
            if not is_mean(node):
                self._view(node).fill(0)
        columns = self._exchange(before, self._run(minibatch), self.made())
        counted = self._counted(minibatch, columns)
        self.moved(counted)
        return Progress(1, minibatch.whole.samples, counted, columns, False)

    def made(self) -> Sequence[Array]:
        """What else of a minibatch is summed over the processes."""
        return ()

    def moved(self, counted: int) -> None:
        """Comes after each minibatch, of so many samples of all processes."""

    def finish(self) -> None:
        """Comes at the end of an epoch, or of a run: nothing is to wait any longer."""

    def before(self, minibatch: Minibatch) -> None:
        """Comes before the step runs on a part that is not empty."""

    def _run(self, minibatch: Minibatch) -> dict[str, int]:
        """The columns of the part of this process."""
        if not minibatch.samples:
            self.idle()
            return dict.fromkeys((*minibatch.columns, *self.step.columns), 0)
        self.fill(minibatch)
        self.before(minibatch)
        self.step.run()
        return {**minibatch.columns, **self.step.columns}

    def idle(self) -> None:
        """In place of the step, where the part of this process is empty."""

    def _exchange(
        self, before: list[float], columns: dict[str, int], made: Sequence[Array]
    ) -> dict[str, int]:
        """Sum criteria and columns over the processes; a mean counts by its own samples."""
        names, n = sorted(columns), len(self.nodes)
        parts = [self._part(node) for node in self.nodes]
        counts = [columns[name] for name in names]
        shared = np.array([p for part in parts for p in part] + counts, np.float64)
        self.world.sum(shared, *made)
        for i, node in enumerate(self.nodes):
            total, count = shared[2 * i : 2 * i + 2]
            self._view(node).fill(total / max(count, 1) if is_mean(node) else before[i] + total)
        found = (int(count) for count in shared[2 * n :])
        return dict(zip(names, found, strict=True))

    def _part(self, node: NodeSpec) -> tuple[float, float]:
        """What this process adds to a criterion; of a mean the sum and count of the epoch."""
        if not is_mean(node):
            return float(self._view(node).reshape(-1)[0]), 0.0
        mean, count = accumulated(self.network, node)
        return float(mean.sum() * count.sum()), float(count.sum())

    def _counted(self, minibatch: Minibatch, columns: dict[str, int]) -> int:
        if self.criterion.axis:
            return columns.get(self.criterion.axis, 0)
        return update_samples(self.network, self.criterion, minibatch.whole, self.step)

    def _view(self, node: NodeSpec) -> Array:
        return self.network.state.view(f"criterion.{node.name}")

    def _sums(self) -> list[float]:
        return [float(self._view(node).reshape(-1)[0]) for node in self.nodes]


class GradientLoop(SharedLoop):
    """Gradients are summed over the processes, and all take the same step.

    With `delayed` the step is that of the gradients of the minibatch before.
    """

    def __init__(self, work: Work, step: Step, update: Step, *, delayed: bool = False):
        super().__init__(work, step)
        self._update, self._delayed = update, delayed
        state = work.network.state
        held = [name for name in state.names() if state.role(name) == "gradient"]
        self._gradients = [state.view(name) for name in held]
        self._packed = self._pack()
        self._waiting: tuple[NDArray[np.floating], int] | None = None

    def finish(self) -> None:
        """Take the step of the last minibatch."""
        if self._waiting is not None:
            self._apply(*self._waiting)
            self._waiting = None

    def idle(self) -> None:
        """A process without samples adds nothing."""
        for gradient in self._gradients:
            gradient.fill(0)

    def made(self) -> Sequence[Array]:
        """The gradients, one after the other."""
        return [self._pack(self._packed)]

    def moved(self, counted: int) -> None:
        """Update by the summed gradients."""
        if not self._delayed:
            self._apply(self._packed, counted)
            return
        if self._waiting is not None:
            self._apply(*self._waiting)
        self._waiting = self._packed.copy(), counted

    def _pack(self, into: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
        parts = [gradient.reshape(-1) for gradient in self._gradients]
        return np.concatenate(parts, out=into) if parts else np.zeros(0)

    def _apply(self, packed: NDArray[np.floating], counted: int) -> None:
        start = 0
        for gradient in self._gradients:
            gradient.reshape(-1)[:] = packed[start : start + gradient.size]
            start += gradient.size
        set_hyper(self.network, *self.rates, counted)
        self._update.run()


class AveragingLoop(SharedLoop):
    """Each process moves its own parameters; now and then all of them meet in the middle."""

    def __init__(self, work: Work, step: Step, averages: Averages):
        super().__init__(work, step)
        self._averages = averages

    def before(self, minibatch: Minibatch) -> None:
        """The step moves the parameters by the samples of this process."""
        counted = update_samples(self.network, self.criterion, minibatch, self.step)
        set_hyper(self.network, *self.rates, counted)
        self._averages.worked(counted)

    def moved(self, counted: int) -> None:
        """Meet when a block is done."""
        self._averages.seen(counted)
