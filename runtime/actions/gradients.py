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
    """The gradient of the sum of a node with respect to its inputs and each learnable parameter.

    That of a parameter is read off a training step: with a learning rate of 1 and no momentum, the
    smoothed step of a parameter is its gradient times its multiplier. The parameters are put back
    each time. Without `sources` the inputs are left out.
    """

    def __init__(self, network: Network, node: NodeSpec, *, sources: bool = True):
        self.network = network
        self._inputs = network.inputs_of("train", [node.name])
        towards = self._inputs if sources else ()
        self._sources = {f"{spec.name}{SUFFIX}": spec for spec in towards}
        rule = UpdateRule(towards=tuple(spec.name for spec in towards))
        self._step = network.compile("train", [node.name], rule)
        known = set(network.state.names())
        self._parameters = {
            f"{p.name}{SUFFIX}": p
            for p in network.facts.parameters
            if f"momentum.{p.name}" in known
        }

    @property
    def nodes(self) -> list[NodeSpec]:
        """One node for each gradient, named `<node>.grad`."""
        sources = [
            NodeSpec(name, "InputValue", spec.dims, spec.axis)
            for name, spec in self._sources.items()
        ]
        found = self._parameters.items()
        return [*sources, *(NodeSpec(name, "LearnableParameter", p.dims) for name, p in found)]

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
        with restored(self.network, ("parameter", "random", "accumulated")):
            self._step.run()

    def output(self, name: str) -> Array:
        """The gradient under this name."""
        if name in self._sources:
            return self._step.output(name)
        parameter = self._parameters[name]
        found = self.network.state.view(f"momentum.{parameter.name}")
        return found / np.asarray(parameter.learning_rate_multiplier, found.dtype)
