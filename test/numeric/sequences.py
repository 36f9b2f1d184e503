"""Networks on sequences, compiled and run beside the reference interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import open_cache
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.tensors import type_of
from brainscript.runtime.layouts import Sequences
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target
from brainscript.tools.compile_step import compile_step
from test.numeric.networks import Array, close, from_memory, network, random_symbols, to_memory
from test.numeric.programs import output_types
from test.numeric.reference import Run, evaluate

Lengths = Mapping[str, list[int]]


class Compiled:
    """A network of one step: `run` takes and gives samples in the order of the minibatch."""

    def __init__(self, module: ModuleOp, threads: int = 2):
        self.module = module
        self.kinds = output_types(module)
        image, objects = compile_step(module.clone(), choose_target(), open_cache())
        self.program = Program(image, objects, StateArena(), threads)

    def run(
        self,
        inputs: Mapping[str, Array],
        symbols: Mapping[str, Array],
        lengths: Lengths,
        threads: int = 1,
    ) -> dict[str, Array]:
        """The outputs by name."""
        program, state = self.program, self.program.state
        for name in state.names():
            state.view(name).reshape(-1)[:] = np.ravel(symbols[name], order="F")
        program.set_layouts({axis: Sequences(given) for axis, given in lengths.items()})
        program.spoil()
        for slot in program.image.inputs:
            view = program.input(slot.name)
            layout = program.layout(program.image.axes[slot.axis])
            samples = to_memory(inputs[slot.name], True, view.dtype)
            view[layout.columns_in_order()] = samples.reshape(view.shape)
        program.run(threads)
        return {slot.name: self._output(slot.name) for slot in program.image.outputs}

    def _output(self, name: str) -> Array:
        kind, found = self.kinds[name], self.program.output(name)
        if kind.axis is None:
            return from_memory(found, kind.shape or (), None).copy()
        samples = found[self.program.layout(kind.axis).columns_in_order()]
        return from_memory(samples, kind.shape or (), len(samples)).copy()


def inputs_for(module: ModuleOp, lengths: Lengths, seed: int = 1) -> dict[str, Array]:
    """Random samples for all inputs, sequence after sequence."""
    random = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for op in network(module).block.ops:
        if isinstance(op, InputOp):
            kind = type_of(op.result)
            assert kind.axis is not None
            shape = (*(kind.shape or ()), sum(lengths[kind.axis]))
            found[op.node_name] = random.uniform(-1, 1, shape)
    return found


def check(
    module: ModuleOp, lengths: Lengths, tolerance: float, given: Mapping[str, Array] | None = None
) -> Run:
    """What is compiled agrees with the reference, and two threads give the bits of one."""
    inputs = inputs_for(module, lengths) | dict(given or {})
    symbols = random_symbols(module)
    want = evaluate(module, inputs, symbols, lengths=dict(lengths))
    compiled = Compiled(module)
    got = compiled.run(inputs, symbols, lengths)
    again = compiled.run(inputs, symbols, lengths, threads=2)
    for name, value in got.items():
        assert value.tobytes() == again[name].tobytes(), f"{name}: threads differ"
        assert close(value, want.node(name), tolerance), name
    return want


def in_order(values: Array, lengths: Sequence[int], order: Sequence[int]) -> Array:
    """The samples of sequences in another order."""
    rows = np.split(values, np.cumsum(lengths)[:-1], axis=-1)
    return np.concatenate([rows[i] for i in order], axis=-1)
