"""Networks compiled and run beside the reference interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import open_cache
from brainscript.dialects.net.network import node_name_of
from brainscript.dialects.net.parameters import ReadOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.runtime.program import Program, StateArena
from brainscript.target import Target, choose_target
from brainscript.tools.compile_step import compile_step
from test.numeric import reference
from test.numeric.networks import (
    Array,
    close,
    from_memory,
    network,
    random_inputs,
    random_symbols,
    to_memory,
)


@dataclass
class Result:
    """The outputs and the states after a run, as bytes in memory."""

    outputs: dict[str, Array]
    states: dict[str, Array]

    def same_bits(self, other: Result) -> bool:
        pairs = [(self.outputs, other.outputs), (self.states, other.states)]
        return all(a[k].tobytes() == b[k].tobytes() for a, b in pairs for k in a)


class Compiled:
    """A network of one step, as written and as compiled for up to two threads."""

    def __init__(self, module: ModuleOp, target: Target | None = None):
        self.module = module
        self.double = 'net.precision = "double"' in str(module.attributes)
        copy = module.clone()
        self.image, objects = compile_step(copy, target or choose_target(), open_cache())
        self.lowered = copy
        self.program = Program(self.image, objects, StateArena(), threads=2)

    def run(
        self,
        inputs: Mapping[str, Array],
        symbols: Mapping[str, Array],
        columns: int,
        threads: int = 1,
    ) -> Result:
        program, state = self.program, self.program.state
        for name in state.names():
            if state.role(name) != "derived":
                state.view(name).reshape(-1)[:] = np.ravel(symbols[name], order="F")
        program.prepare()
        program.set_columns(columns)
        program.spoil()
        for slot in self.image.inputs:
            view = program.input(slot.name)
            view[:] = to_memory(inputs[slot.name], True, view.dtype).reshape(view.shape)
        program.run(threads)
        outputs = {slot.name: program.output(slot.name).copy() for slot in self.image.outputs}
        return Result(outputs, {name: state.view(name).copy() for name in state.names()})

    def check(self, columns: int, tolerance: float = 0.0, low: float = -1.0) -> None:
        """Outputs and states agree with the reference; two threads give the bits of one."""
        inputs = random_inputs(self.module, columns, seed=columns + 1, low=low)
        symbols = random_symbols(self.module, seed=3, low=max(low, -1.0))
        want = reference.evaluate(self.module, inputs, symbols)
        got = self.run(inputs, symbols, columns)
        assert got.same_bits(self.run(inputs, symbols, columns, threads=2)), "threads differ"
        bound = tolerance or (1e-11 if self.double else 2e-5)
        kinds = output_types(self.module)
        for name, array in got.outputs.items():
            kind = kinds[name]
            axis = columns if kind.axis is not None else None
            found = from_memory(array, kind.shape or (), axis)
            expected = symbols[name] if name in symbols else want.node(name)
            assert close(found, expected, bound), f"{name} with {columns} columns"
        for name, array in got.states.items():
            expected = want.accumulated.get(name, want.written.get(name, symbols[name]))
            found = from_memory(array, expected.shape, None)
            assert close(found, expected, bound), f"@{name} with {columns} columns"


def output_types(module: ModuleOp) -> dict[str, TensorType]:
    """The types of the roots by name."""
    types: dict[str, TensorType] = {}
    for value in network(module).roots.values:
        owner = value.owner
        name = owner.target if isinstance(owner, ReadOp) else node_name_of(value)
        types[name] = type_of(value)
    return types
