"""Minibatches into a step: columns, inputs, hyper scalars, run."""

from __future__ import annotations

from collections.abc import Sequence

from brainscript.runtime.network import InputSpec, Minibatch, Network, NodeSpec, Step
from brainscript.runtime.train.rates import momentum_for


def feed(step: Step, inputs: Sequence[InputSpec], minibatch: Minibatch) -> None:
    """Set the sizes of a step and fill its inputs."""
    step.set_columns(minibatch.columns)
    for spec in inputs:
        minibatch.fill(spec.name, step.input(spec.name))


def update_samples(network: Network, criterion: NodeSpec, minibatch: Minibatch) -> int:
    """The count N of momentum, clipping and regularisation.

    A criterion with an axis counts its own samples; otherwise it is the columns of the widest
    feature input in CNTK's packed layout, gaps included.
    """
    if criterion.axis:
        return minibatch.columns.get(criterion.axis, 0)
    axes = {spec.name: spec.axis for spec in network.facts.inputs}
    features = [axes[name] for name in network.facts.features if name in axes]
    return max((minibatch.padded.get(axis, 0) for axis in features), default=minibatch.samples)


def set_hyper(network: Network, rate: float, momentum: float, samples: int) -> None:
    """Write the numbers that the update of this minibatch uses; `momentum` is per sample."""
    state = network.state
    numbers = {
        "hyper.learning_rate": rate,
        "hyper.momentum": momentum_for(momentum, samples),
        "hyper.samples": float(samples),
    }
    present = set(state.names())
    for name, number in numbers.items():
        if name in present:
            state.view(name).fill(number)
