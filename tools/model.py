"""A network in Python: inputs, outputs and parameters as arrays, and values for given data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.runtime.model.store import save_network
from brainscript.runtime.network import Array, InputSpec, Network, numpy_type


class Model:
    """A network with values.

    `inputs` and `outputs` map names to sample dims as BrainScript writes them (column-major).
    Arrays have the reversed dims, and one more axis in front for the samples.
    """

    def __init__(self, network: Network):
        self.network = network
        facts = network.facts
        self.inputs = {spec.name: spec.dims for spec in facts.inputs}
        self.outputs = {node.name: node.dims for node in facts.outputs}

    @property
    def parameters(self) -> dict[str, Array]:
        """Every parameter by name: writable views of what the network computes with."""
        shapes = {spec.name: spec.dims[::-1] for spec in self.network.facts.parameters}
        return {name: self.network.state.view(name).reshape(s) for name, s in shapes.items()}

    def eval(self, outputs: Sequence[str] = (), /, **arrays: ArrayLike) -> dict[str, Array]:
        """The values of nodes (default: the output group) for samples of the inputs they need.

        An array is [samples, ...reversed dims], or flat in each sample. Raises BrainScriptError
        (BS0916) for a missing or unknown input, or a shape that does not fit.
        """
        names = list(outputs) or list(self.outputs)
        self._check_nodes(names)
        needed = self.network.inputs_of("write", names)
        samples = _samples(needed, arrays)
        step = self.network.compile("write", names)
        count = _count(samples)
        step.set_columns({spec.axis: count for spec in needed})
        for spec in needed:
            view = step.input(spec.name)
            view[...] = samples[spec.name].reshape(view.shape)
        step.run()
        return {name: step.output(name).copy() for name in names}

    def save(self, path: str | Path) -> None:
        """Write the model file that `load` and `modelPath` read."""
        save_network(path, self.network)

    def __repr__(self) -> str:
        facts = self.network.facts
        count = sum(spec.count for spec in facts.parameters)
        sides = f"{_signature(self.inputs)} -> {_signature(self.outputs)}"
        return f"Model({sides}; {len(facts.nodes)} nodes, {count} parameters)"

    def _check_nodes(self, names: Sequence[str]) -> None:
        known = self.network.facts.nodes
        for name in names:
            if name not in known:
                raise _misuse(f"the network has no node '{name}'", did_you_mean(name, known))


def _signature(nodes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} [{' x '.join(map(str, dims))}]" for name, dims in nodes.items())


def _samples(needed: Sequence[InputSpec], arrays: Mapping[str, ArrayLike]) -> dict[str, Array]:
    wanted = [spec.name for spec in needed]
    for name in arrays:
        if name not in wanted:
            raise _misuse(f"'{name}' is no input of these outputs", did_you_mean(name, wanted))
    found: dict[str, Array] = {}
    for spec in needed:
        if spec.name not in arrays:
            raise _misuse(f"the input '{spec.name}' is missing", f"pass {spec.name}=array")
        array = np.asarray(arrays[spec.name], numpy_type(spec.element))
        size = int(np.prod(spec.dims))
        if not array.ndim or array.size != array.shape[0] * size:
            shape = (len(array) if array.ndim else "samples", *spec.dims[::-1])
            raise _misuse(f"'{spec.name}' has shape {array.shape}, expected {shape}")
        found[spec.name] = array
    return found


def _count(samples: Mapping[str, Array]) -> int:
    counts = {name: len(array) for name, array in samples.items()}
    if len(set(counts.values())) > 1:
        raise _misuse(f"the inputs have different numbers of samples: {counts}")
    return next(iter(counts.values()), 0)


def _misuse(title: str, help: str = "") -> BrainScriptError:
    return BrainScriptError(Diagnostic("BS0916", title, help=help))
