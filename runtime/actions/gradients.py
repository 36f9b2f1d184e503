"""The gradients that `nodeUnitTest` of the action `write` asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from brainscript.runtime.network import (
    Array,
    InputSpec,
    Minibatch,
    Network,
    NodeSpec,
    Step,
    UpdateRule,
)
from brainscript.runtime.train.automatic.restore import restored
from brainscript.runtime.train.feed import feed, set_hyper

SUFFIX = ".grad"


class Gradients:
    """The gradient of the sum of a node with respect to each learnable parameter.

    It is read off a training step: with a learning rate of 1 and no momentum, the smoothed step
    of a parameter is its gradient times its multiplier. The parameters are put back each time.
    """

    def __init__(self, network: Network, node: NodeSpec):
        self.network = network
        self._step = network.compile("train", [node.name], UpdateRule())
        self._inputs = network.inputs_of("train", [node.name])
        known = set(network.state.names())
        self._parameters = {
            f"{p.name}{SUFFIX}": p
            for p in network.facts.parameters
            if f"momentum.{p.name}" in known
        }

    @property
    def nodes(self) -> list[NodeSpec]:
        """One node without dynamic axis for each gradient, named `<parameter>.grad`."""
        found = self._parameters.items()
        return [NodeSpec(name, "LearnableParameter", p.dims) for name, p in found]

    def run(self, minibatch: Minibatch) -> None:
        """Compute the gradients of a minibatch."""
        self.compute(lambda step, inputs: feed(step, inputs, minibatch), minibatch.samples)

    def compute(self, fill: Callable[[Step, Sequence[InputSpec]], None], samples: int) -> None:
        """Compute the gradients of the data that `fill` puts into the step."""
        state = self.network.state
        for parameter in self._parameters.values():
            state.view(f"momentum.{parameter.name}").fill(0)
        fill(self._step, self._inputs)
        set_hyper(self.network, 1.0, 0.0, max(1, samples))
        with restored(self.network, ("parameter", "random")):
            self._step.run()

    def output(self, name: str) -> Array:
        """The gradient under this name."""
        parameter = self._parameters[name]
        found = self.network.state.view(f"momentum.{parameter.name}")
        return found / np.asarray(parameter.learning_rate_multiplier, found.dtype)
