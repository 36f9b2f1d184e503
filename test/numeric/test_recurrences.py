"""Loops over time: gradients are slopes, and compiled code agrees with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.registry import make_context
from brainscript.passes.gradient.update import NetUpdate
from brainscript.runtime.layouts import Sequences
from brainscript.target import choose_target
from test.numeric.networks import (
    Array,
    close,
    from_memory,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
    to_memory,
)
from test.numeric.programs import Compiled
from test.numeric.recurrence_cases import LARGE, LOOPS, Loop
from test.numeric.recurrence_reference import Reference, columns_of

BY_NAME = {loop.name: loop for loop in (*LOOPS, *LARGE)}
LENGTHS = ((1,), (1, 1, 1), (4, 4, 4), (3, 5, 1, 1, 2), (1, 2, 3, 4, 5, 6, 7), (2,) * 20)
STEP = 1e-5
SUMS = ("momentum.", "criterion.")
"""The states that are sums over the sequences of a minibatch."""


def module_of(loop: Loop, precision: str = "float") -> ModuleOp:
    """The network as written."""
    return parse_network(*loop.text(), precision)


def with_gradients(loop: Loop) -> ModuleOp:
    """The network with the gradients of its parameters."""
    return run_passes(module_of(loop), "net-split-products", "net-gradient")


@cache
def trained(name: str) -> Compiled:
    """The training step of a network, which also gives its output."""
    module = with_gradients(BY_NAME[name])
    NetUpdate().apply(make_context(), module)
    return Compiled(module)


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_gradients_are_slopes(loop: Loop):
    lengths = (3, 5, 1, 2)
    module = module_of(loop)
    inputs = random_inputs(module, sum(lengths))
    symbols = random_symbols(module)
    plain = Reference(module, lengths)
    found = Reference(with_gradients(loop), lengths).evaluate(inputs, symbols).gradients
    assert set(found) == set(symbols)

    def criterion(name: str, values: Array) -> float:
        return float(plain.evaluate(inputs, {**symbols, name: values}).roots["criterion"][0][0])

    for parameter, gradient in found.items():
        base = symbols[parameter]
        for index in np.ndindex(base.shape):
            change = np.zeros_like(base)
            change[index] = STEP
            slope = criterion(parameter, base + change) - criterion(parameter, base - change)
            assert abs(slope / (2 * STEP) - gradient[index]) < 1e-7 * (1 + abs(gradient[index]))


def run(
    compiled: Compiled, lengths: Sequence[int], inputs: dict[str, Array], threads: int = 1
) -> tuple[dict[str, Array], Array]:
    """The states after one step, and the output; inputs have packed columns."""
    program = compiled.program
    symbols = step_symbols(compiled)
    for name in symbols:
        program.state.view(name).reshape(-1)[:] = np.ravel(symbols[name], order="F")
    program.set_layouts({"*": Sequences(lengths)})
    program.spoil()
    for name, array in inputs.items():
        view = program.input(name)
        view[:] = to_memory(array, True, view.dtype).reshape(view.shape)
    program.run(threads)
    states = {name: program.state.view(name).copy() for name in symbols}
    return states, program.output(compiled.image.outputs[0].name).copy()


def step_symbols(compiled: Compiled) -> dict[str, Array]:
    """Parameters, and the numbers that the host sets."""
    symbols = random_symbols(compiled.module)
    symbols["hyper.learning_rate"] = np.full(1, 0.1)
    symbols["hyper.momentum"] = np.full(1, 0.5)
    return symbols


@pytest.mark.parametrize("name", BY_NAME)
def test_compiled_steps_agree_with_the_reference(name: str):
    compiled = trained(name)
    for lengths in LENGTHS:
        inputs = random_inputs(compiled.module, sum(lengths), seed=len(lengths))
        want = Reference(compiled.module, lengths).evaluate(inputs, step_symbols(compiled))
        states, output = run(compiled, lengths, inputs)
        expected = want.roots["output"][0]
        found = from_memory(output, expected.shape[:-1], sum(lengths))
        assert close(found, expected, 2e-5), f"output of {lengths}"
        for state in (*want.written, *want.accumulated):
            expected = want.written.get(state, want.accumulated.get(state))
            assert expected is not None
            found = from_memory(states[state], expected.shape, None)
            assert close(found, expected, 2e-5), f"@{state} of {lengths}"


@pytest.mark.parametrize("loop", LARGE, ids=lambda loop: loop.name)
def test_packed_weights_in_double_on_another_target(loop: Loop):
    module = run_passes(module_of(loop, "double"), "net-gradient")
    NetUpdate().apply(make_context(), module)
    compiled, lengths = Compiled(module, choose_target("avx2")), (3, 5, 1, 1, 2)
    inputs = random_inputs(module, sum(lengths))
    want = Reference(module, lengths).evaluate(inputs, step_symbols(compiled)).written["R"]
    states, _ = run(compiled, lengths, inputs)
    assert close(from_memory(states["R"], want.shape, None), want, 1e-12)


def test_a_minibatch_without_sequences_runs():
    compiled = trained("lstm")
    states, output = run(compiled, (), {"x": np.zeros((3, 0))})
    assert output.shape[0] == 0
    assert all(np.isfinite(array).all() for array in states.values())


@pytest.mark.parametrize("name", ["lstm", "one step and three ahead", "packed weights"])
def test_results_do_not_depend_on_packing(name: str):
    """A sequence gives the same bits alone, among others, and in another order."""
    compiled = trained(name)
    lengths = (3, 5, 1, 5, 2)
    inputs = random_inputs(compiled.module, sum(lengths))
    place = columns_of(lengths)
    _, all_at_once = run(compiled, lengths, inputs)
    order = [4, 3, 0, 1, 2]
    moved = [lengths[s] for s in order]
    columns = columns_of(moved)
    shuffled = {key: np.zeros_like(array) for key, array in inputs.items()}
    for key, array in inputs.items():
        for position, sequence in enumerate(order):
            shuffled[key][..., columns[position]] = array[..., place[sequence]]
    _, other = run(compiled, moved, shuffled)
    for position, sequence in enumerate(order):
        alone = {key: array[..., place[sequence]] for key, array in inputs.items()}
        _, single = run(compiled, [lengths[sequence]], alone)
        wanted = all_at_once[place[sequence]].tobytes()
        assert other[columns[position]].tobytes() == wanted
        assert single.tobytes() == wanted


@pytest.mark.parametrize("name", ["lstm", "coupled", "stacked, both ways", "packed weights"])
def test_gradients_do_not_depend_on_packing(name: str):
    """Minibatches of any size and order: what their sequences give adds up to the same."""
    compiled, lengths = trained(name), (3, 5, 1, 4, 2, 1)
    inputs = random_inputs(compiled.module, sum(lengths))
    place = columns_of(lengths)

    def sums(sequences: Sequence[int]) -> dict[str, Array]:
        """The criterion, and the gradients, to which the states of momentum are proportional."""
        mine = [lengths[s] for s in sequences]
        part = {key: np.zeros_like(array[..., : sum(mine)]) for key, array in inputs.items()}
        for key, array in inputs.items():
            for columns, sequence in zip(columns_of(mine), sequences, strict=True):
                part[key][..., columns] = array[..., place[sequence]]
        states, _ = run(compiled, mine, part)
        return {k: v.astype(np.float64) for k, v in states.items() if k.startswith(SUMS)}

    whole = sums(range(6))
    assert any(key.startswith("momentum.") for key in whole)
    for split in ([[i] for i in range(6)], [[5, 1], [2, 0], [4, 3]], [[3, 2, 1, 0], [5, 4]]):
        parts = [sums(sequences) for sequences in split]
        for key, total in whole.items():
            found = np.sum([part[key] for part in parts], axis=0)
            assert close(found, total, 2e-6), f"{key} of {split}"


@pytest.mark.parametrize("name", ["elman", "gru", "stacked, both ways"])
def test_threads_give_the_same_bits(name: str):
    compiled = trained(name)
    lengths = (9, 4, 30, 30, 2, 17)
    inputs = random_inputs(compiled.module, sum(lengths))
    one, output = run(compiled, lengths, inputs, threads=1)
    for _ in range(5):
        two, other = run(compiled, lengths, inputs, threads=2)
        assert other.tobytes() == output.tobytes()
        assert all(two[key].tobytes() == one[key].tobytes() for key in one)
