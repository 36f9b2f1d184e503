"""`gradientcheck`: before each minibatch, gradients against differences of the criterion."""

from __future__ import annotations

import math

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.data.minibatch_loop import Progress
from brainscript.runtime.network import Array, Minibatch, UpdateRule
from brainscript.runtime.train.automatic.restore import MOVED, restored
from brainscript.runtime.train.feed import SingleLoop, feed, set_hyper

STEP = 1e-5
ELEMENTS = 50
"""How far an element is moved, and how many elements of a parameter are looked at."""


class CheckedLoop:
    """A loop that checks the gradients of each minibatch before it is trained on."""

    def __init__(self, loop: SingleLoop, rule: UpdateRule, figures: int, seed: int):
        self.loop, self.figures = loop, figures
        network, name = loop.network, loop.criterion.name
        plain = UpdateRule(dropout=rule.dropout)
        self._backward = network.compile("train", [name], plain)
        self._forward = network.compile("criterion", [name], plain)
        self._inputs = network.inputs_of("train", [name])
        self._random = np.random.default_rng(seed)
        self._learning = [
            p.name
            for p in network.facts.parameters
            if p.learning_rate_multiplier and f"momentum.{p.name}" in network.state.names()
        ]

    def set_rates(self, learning_rate: float, momentum_per_sample: float) -> None:
        """The numbers that the update of the minibatches to come uses."""
        self.loop.set_rates(learning_rate, momentum_per_sample)

    def run(self, count: int, seconds: float = 0.0) -> Progress:
        """One minibatch: check, then train."""
        minibatch = self.loop.reader.next()
        if minibatch is None:
            return Progress(0, 0, 0, {}, True)
        state = self.loop.network.state
        with restored(self.loop.network, (*MOVED, "criterion", "accumulated")):
            gradients = self._gradients(minibatch)
            for name in self._learning:
                self._check(name, state.view(name).reshape(-1), gradients[name])
        return self.loop.train_on(minibatch)

    def _gradients(self, minibatch: Minibatch) -> dict[str, Array]:
        """The gradients of a minibatch, read off a step with rate 1 and without momentum."""
        network = self.loop.network
        factors = {p.name: p.learning_rate_multiplier for p in network.facts.parameters}
        feed(self._forward, self._inputs, minibatch)
        feed(self._backward, self._inputs, minibatch)
        with restored(network, MOVED):
            for name in self._learning:
                network.state.view(f"momentum.{name}").fill(0)
            set_hyper(network, 1.0, 0.0, max(1, minibatch.samples))
            self._backward.run()
            return {
                name: network.state.view(f"momentum.{name}").reshape(-1) / factors[name]
                for name in self._learning
            }

    def _criterion(self) -> float:
        """The criterion of the minibatch with the parameters as they are."""
        network, total = self.loop.network, f"criterion.{self.loop.criterion.name}"
        with restored(network, MOVED):
            network.state.view(total).fill(0)
            self._forward.run()
        return float(network.state.view(total).reshape(-1)[0])

    def _check(self, name: str, values: Array, gradient: Array) -> None:
        count = min(ELEMENTS, values.size)
        for place in self._random.choice(values.size, count, replace=False):
            kept = values[place]
            costs: list[float] = []
            for sign in (1.0, -1.0):
                values[place] = kept + sign * STEP
                costs.append(self._criterion())
            values[place] = kept
            slope, found = (costs[0] - costs[1]) / (2 * STEP), float(gradient[place])
            if abs(slope - found) > tolerance(min(abs(slope), abs(found)), self.figures):
                raise _wrong(name, int(place), found, slope)


def tolerance(size: float, figures: int) -> float:
    """What a gradient of this size may differ by: so many figures agree."""
    magnitude = math.ceil(math.log10(size)) if size > 0 else 0
    return 10.0 ** (max(0, magnitude) - figures)


def _wrong(name: str, place: int, found: float, slope: float) -> BrainScriptError:
    title = f"cannot pass gradient checker: the gradient of '{name}' is wrong"
    label = f"element {place} has {found:.10g}, differences of the criterion give {slope:.10g}"
    help = "a kink (ReLU, Clip, Abs) near the value, or a bug of this program; see sigFigs"
    return BrainScriptError(Diagnostic("BS0727", title, label=label, help=help, path=name))
