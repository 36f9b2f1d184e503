"""A network in Python: inputs, outputs and parameters as arrays, values and gradients for data."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from brainscript.diagnostic import did_you_mean
from brainscript.runtime.actions.gradients import Gradients
from brainscript.runtime.drawing import svg_text
from brainscript.runtime.model.store import save_network, values_of
from brainscript.runtime.model.weights import load_weights, save_npz, save_safetensors
from brainscript.runtime.model.writing import write_graph
from brainscript.runtime.network import DEFAULT_AXIS, Array, Facts
from brainscript.runtime.train.feed import clear_accumulated
from brainscript.tools.arrays import Data, as_numpy, batch_of, misuse
from brainscript.tools.driver import Console
from brainscript.tools.network import CompiledNetwork

if TYPE_CHECKING:
    from brainscript.runtime.model.exchange.export import Exported
    from brainscript.runtime.program import Program

Format = Literal["container", "cntk1", "cntk2", "dbn"]
FORMATS: tuple[str, ...] = get_args(Format)
PICTURED = 400


class Model:
    """A network with values.

    `inputs` and `outputs` map names to sample dims as BrainScript writes them (column-major).
    Arrays have the reversed dims, and one more axis in front for the samples. Sequences are passed
    as a list with one array for each, and come back so. Arrays may be anything that numpy takes or
    that speaks DLPack (torch, jax); what comes back is numpy, which speaks DLPack too.
    """

    def __init__(self, network: CompiledNetwork, compile: Callable[[str, str], Model]):
        self.network = network
        self._compile = compile
        facts = network.facts
        self.inputs = {spec.name: spec.dims for spec in facts.inputs}
        self.outputs = {node.name: node.dims for node in facts.outputs}
        self._ready: dict[tuple[str, ...], Program] = {}
        self._lent = False

    @property
    def parameters(self) -> dict[str, Array]:
        """Every parameter by name: writable views of what the network computes with."""
        self._lent = True
        return self._views()

    def _views(self) -> dict[str, Array]:
        shapes = {spec.name: spec.dims[::-1] for spec in self.network.facts.parameters}
        return {name: self.network.state.view(name).reshape(s) for name, s in shapes.items()}

    @property
    def nodes(self) -> dict[str, str]:
        """The operation of every node by name, as the network is written."""
        return {node.name: node.operation for node in self.network.facts.nodes.values()}

    def eval(self, outputs: Sequence[str] = (), /, **data: Data) -> dict[str, Any]:
        """The values of nodes (default: the output group) for samples of the inputs they need.

        A value is an array, or a list of arrays where the data came as a list of sequences. An
        array is [samples, ...reversed dims], or flat in each sample. Raises BrainScriptError
        (BS0916) for a missing or unknown input, or a shape that does not fit.
        """
        names = _listed(outputs) or list(self.outputs)
        self._check_nodes(names)
        needed = self.network.inputs_of("write", names)
        batch = batch_of(needed, data)
        step = self._step(names)
        batch.put(step, needed)
        clear_accumulated(self.network)
        step.run()
        nodes = self.network.facts.nodes
        return {name: batch.take(step, name, nodes[name].axis) for name in names}

    def grad(self, node: str = "", /, **data: Data) -> dict[str, Array]:
        """The gradient of the sum of a node over all samples, for every parameter that learns.

        The node is a criterion (default: the first one).
        """
        facts = self.network.facts
        known = [spec.name for spec in facts.criteria]
        if not (node or known):
            raise misuse("the network has no criterion", "name a node")
        name = node or known[0]
        self._check_nodes([name])
        batch = batch_of(self.network.inputs_of("train", [name]), data)
        gradients = Gradients(self.network, facts.nodes[name], sources=False)
        clear_accumulated(self.network)
        gradients.compute(lambda step, inputs: batch.put(step, inputs), batch.count)
        found = {node.name: node for node in gradients.nodes}
        return {
            name.removesuffix(".grad"): gradients.output(name).reshape(spec.dims[::-1])
            for name, spec in found.items()
        }

    def clone(
        self,
        outputs: Sequence[str] = (),
        inputs: Sequence[str] = (),
        parameters: Literal["learnable", "constant", "shared"] = "learnable",
    ) -> Model:
        """A network of its own: what lies between `inputs` and `outputs` of this one.

        Each of the inputs (default: those that the outputs need) becomes an `Input`; values are
        copied, and frozen when `parameters` is `constant`. As `BS.Network.CloneFunction` does.
        """
        ends, starts = _listed(outputs) or list(self.outputs), _listed(inputs)
        self._check_nodes([*ends, *starts])
        starts = starts or [spec.name for spec in self.network.inputs_of("write", ends)]
        facts = self.network.facts
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "whole.model"
            self.save(path)
            text = _clone_text(str(path), ends, starts, parameters, facts)
            precision = "double" if facts.precision == "f64" else "float"
            return self._compile(text, precision)

    def save(self, path: str | Path, format: Format = "container") -> None:
        """Write the model file that `load` and `modelPath` read, or one that CNTK reads.

        For the latter a statistic that was never computed is warned of (BS0518) on standard error.
        """
        if format == "container":
            save_network(path, self.network)
            return
        if format not in FORMATS:
            known = ", ".join(FORMATS)
            raise misuse(f"the format '{format}' is not known", f"known: {known}")
        from brainscript.passes.stored.describe import describe_module

        graph = describe_module(self.network.module, str(path))
        arrays = values_of(self.network, ("parameter", "statistic"))
        for remark in write_graph(path, format, graph, arrays):
            Console().show(remark)

    def export_onnx(self, path: str | Path, outputs: Sequence[str] = ()) -> Exported:
        """Write an ONNX file with what the outputs (default: the output group) need.

        Values are [samples, ...], in a network with delays [steps, sequences, ...]. Raises
        BrainScriptError (BS0520) for what ONNX cannot say, (BS0521) without the package onnx.
        A statistic that was never computed is warned of (BS0518) on standard error.
        """
        from brainscript.passes.stored.describe import describe_expanded
        from brainscript.runtime.model.exchange.export import export

        graph, numbers = describe_expanded(self.network.module, str(path))
        arrays = values_of(self.network, ("parameter", "statistic"))
        done = export(path, graph, {**arrays, **numbers}, outputs)
        for remark in done.remarks:
            Console().show(remark)
        return done

    def save_weights(self, path: str | Path) -> None:
        """Write the parameters alone: safetensors, or npz for that extension, and a list."""
        save = save_npz if Path(path).suffix == ".npz" else save_safetensors
        save(path, self._views())

    def load_weights(self, path: str | Path) -> None:
        """Take over the parameters of an npz or safetensors file; all that it has must fit."""
        found, own = load_weights(path), self._views()
        self._ready.clear()
        for name, array in found.items():
            if name not in own:
                raise misuse(f"'{path}' has '{name}', the network not", did_you_mean(name, own))
            if array.shape != own[name].shape:
                title = f"'{name}' has shape {array.shape} in '{path}', {own[name].shape} here"
                raise misuse(title)
        for name, array in found.items():
            own[name][...] = as_numpy(array)

    def svg(self, *, parameters: bool = True) -> str:
        """The network as a picture."""
        return svg_text(self.network.facts, parameters=parameters)

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook, while the network is small enough to look at."""
        return self.svg(parameters=False) if len(self.network.facts.nodes) <= PICTURED else None

    def __repr__(self) -> str:
        facts = self.network.facts
        count = sum(spec.count for spec in facts.parameters)
        sides = f"{_signature(self.inputs)} -> {_signature(self.outputs)}"
        return f"Model({sides}; {len(facts.nodes)} nodes, {count} parameters)"

    def _step(self, names: Sequence[str]) -> Program:
        """The step that gives these values, ready for the parameters as they are.

        Once the caller has views of them, they may be others at every call.
        """
        key = tuple(names)
        if self._lent or key not in self._ready:
            self._ready[key] = self.network.compile("write", names)
        return self._ready[key]

    def _check_nodes(self, names: Sequence[str]) -> None:
        known = self.network.facts.nodes
        for name in names:
            if name not in known:
                raise misuse(f"the network has no node '{name}'", did_you_mean(name, known))


def _listed(names: Sequence[str]) -> list[str]:
    """The names of nodes; a single one may stand for itself."""
    return [names] if isinstance(names, str) else list(names)


def _clone_text(
    path: str,
    ends: Sequence[str],
    starts: Sequence[str],
    parameters: str,
    facts: Facts,
) -> str:
    """The network of a clone as BrainScript; names that it cannot write are written with `_`."""
    taken = {_word(name) for name in (*starts, *ends)}
    if len(taken) < len(starts) + len(ends):
        raise misuse("inputs and outputs of a clone need a name each, letters and digits apart")
    old, section, copy = (_other_than(taken, word) for word in ("old", "section", "copy"))
    fields = "; ".join(f"out{i} = {old}.{_word(name)}" for i, name in enumerate(ends))
    from_old = " : ".join(f"{old}.{_word(name)}" for name in starts)
    arguments = ", ".join(_word(name) for name in starts)
    quote = "'" if '"' in path else '"'
    return "\n".join(
        [
            f"{old} = BS.Network.Load ({quote}{path}{quote})",
            f"{section} = BS.Network.CloneFunction (({from_old}), [{fields}], "
            f'parameters="{parameters}")',
            *_inputs_text(starts, facts, taken),
            f"{copy} = {section} ({arguments})",
            *(f"{_word(name)} = {copy}.out{i}" for i, name in enumerate(ends)),
            f"outputNodes = ({' : '.join(_word(name) for name in ends)})",
        ]
    )


def _other_than(taken: set[str], word: str) -> str:
    """The word, or one like it, that names nothing else."""
    while word in taken:
        word += "_"
    return word


def _inputs_text(starts: Sequence[str], facts: Facts, taken: set[str]) -> list[str]:
    """An `Input` for each node: an input keeps its dynamic axis, and whether it is sparse."""
    known = {spec.name: spec for spec in facts.inputs}
    axes = [spec.axis for name in starts if (spec := known.get(name)) is not None]
    named = dict.fromkeys(axis for axis in axes if axis not in ("", DEFAULT_AXIS))
    words = {axis: _other_than(taken, f"stepsOf{number}") for number, axis in enumerate(named)}
    lines = [f"{word} = DynamicAxis ()" for word in words.values()]
    for name in starts:
        spec = known.get(name)
        more = f", dynamicAxis={words[spec.axis]}" if spec and spec.axis in words else ""
        more += ", sparse=true" if spec and spec.sparse else ""
        dims = ":".join(map(str, facts.nodes[name].dims))
        lines.append(f"{_word(name)} = Input (({dims}){more})")
    return lines


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _signature(nodes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} [{' x '.join(map(str, dims))}]" for name, dims in nodes.items())
