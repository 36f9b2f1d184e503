"""Random programs, compiled: the criterion is that of the reference, gradients are its slopes."""

from __future__ import annotations

import os

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.network import symbols_of
from brainscript.dialects.net.parameters import ParameterOp, StateOp, WriteOp
from brainscript.passes.pipeline import CLEAN, SETTLE
from test.numeric.networks import Array, from_memory, gradients_written, network, run_passes
from test.numeric.random_programs import RandomProgram
from test.numeric.reference import evaluate
from test.numeric.sequences import Compiled

SEEDS = 200 if "BS_FUZZ_SECONDS" in os.environ else 6
STEPS = (1e-5, 1e-6, 1e-4)
BOUND = 2e-5


def settled(program: RandomProgram, precision: str, *, training: bool) -> ModuleOp:
    """What is computed of a minibatch, and nothing that it leaves behind."""
    module = program.module(program.roots, precision)
    run_passes(module, "net-select", mode="train")
    run_passes(module, "net-set-mode", training=training)
    run_passes(module, *SETTLE)
    for op in list(network(module).block.ops):
        if isinstance(op, WriteOp):
            op.detach()
            op.erase()
    return module


def with_gradients(module: ModuleOp) -> ModuleOp:
    """A copy whose parameters become their gradients, as it is compiled."""
    return run_passes(gradients_written(module), *CLEAN)


def values_of(module: ModuleOp, seed: int) -> dict[str, Array]:
    """A value for every parameter; those that do not learn are positive. States are 0."""
    random, found = np.random.default_rng(seed), dict[str, Array]()
    for name, symbol in symbols_of(network(module)).items():
        learns = isinstance(symbol, ParameterOp) and symbol.multiplier > 0
        if isinstance(symbol, StateOp):
            found[name] = np.zeros(symbol.type.shape or ())
            continue
        found[name] = random.uniform(-1.0 if learns else 0.5, 1.0, symbol.type.shape)
    return found


class Steps:
    """The criterion of a network, and what a run leaves in its parameters."""

    def __init__(self, module: ModuleOp, program: RandomProgram):
        self.compiled = Compiled(module)
        self.lengths = {"*": program.lengths}
        self.inputs: dict[str, Array] = {"id": np.eye(program.samples)}

    def run(self, values: dict[str, Array], threads: int = 1) -> dict[str, Array]:
        states = self.compiled.program.state
        carried = {n: np.zeros(states.view(n).shape) for n in states.names() if n not in values}
        return self.compiled.run(self.inputs, values | carried, self.lengths, threads)

    def criterion(self, values: dict[str, Array]) -> float:
        (found,) = self.run(values).values()
        return float(found.reshape(-1)[0])

    def states(self, values: dict[str, Array], threads: int = 1) -> dict[str, Array]:
        self.run(values, threads)
        state = self.compiled.program.state
        names = [name for name in state.names() if name in values]
        return {n: from_memory(state.view(n), values[n].shape, None).copy() for n in names}


def is_slope(steps: Steps, values: dict[str, Array], name: str, gradient: Array) -> bool:
    """Whether the criterion changes as its gradient says; far from kinks some step shows it."""
    direction = np.random.default_rng(1).uniform(-1, 1, gradient.shape)
    exact = float((gradient * direction).sum())
    for size in STEPS:
        moved = [values | {name: values[name] + sign * size * direction} for sign in (1, -1)]
        slope = (steps.criterion(moved[0]) - steps.criterion(moved[1])) / (2 * size)
        if abs(slope - exact) <= BOUND * max(0.01, abs(slope), float(np.abs(gradient).max())):
            return True
    return False


@pytest.mark.parametrize("seed", range(SEEDS))
def test_gradients_are_slopes(seed: int):
    program = RandomProgram(seed)
    plain = settled(program, "double", training=seed % 2 == 0)
    values = values_of(program.module(program.roots), seed)
    steps, moved = Steps(plain, program), Steps(with_gradients(plain), program)
    if not any("_value" in line for line in program.lines):  # the reference has no delays
        known = values_of(plain, seed) | values
        want = evaluate(plain, steps.inputs, known, lengths=steps.lengths).roots["criterion"][0]
        assert np.isclose(steps.criterion(values), want.item(), rtol=1e-9)
    found, again = moved.states(values), moved.states(values, threads=2)
    learned = [n for n in found if (found[n] != values[n]).any()]
    assert learned
    for name in learned:
        assert found[name].tobytes() == again[name].tobytes(), f"{name}: threads differ"
        assert is_slope(steps, values, name, found[name]), name
    single = with_gradients(settled(program, "float", training=seed % 2 == 0))
    for name, gradient in Steps(single, program).states(values).items():
        if name in learned:
            error = np.abs(gradient - found[name]).max()
            assert error <= 2e-3 * max(1.0, np.abs(found[name]).max()), name
