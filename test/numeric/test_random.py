"""Random numbers in compiled steps: dropout masks, sampled classes, and the environment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.runtime.generators import Generator
from test.numeric.networks import close, parse_network, run_passes
from test.numeric.programs import Compiled

Array = npt.NDArray[Any]

DROPOUT = """
%x = net.input "x" : S[70]
%w = net.read @w : T[70]
%z = net.element_times %w, %x {node = "z"} : S[70]
%d = net.dropout %z {node = "d"} : S[70]
%c = net.sum_elements %d {node = "c"} : T[1]
net.roots criterion(%c), output(%d)
"""
WEIGHT = 'net.parameter @w : T[70] {init = "constant", value = 1.0}'


def seeded(element: str, seed: int) -> Array:
    """The state of a generator as a step holds it."""
    return Generator(seed).state.view(np.float32 if element == "float" else np.float64)


def step_of(mode: str, precision: str, **options: bool) -> ModuleOp:
    module = run_passes(parse_network(DROPOUT, WEIGHT, precision), "net-select", mode=mode)
    return run_passes(module, "net-set-mode", **options)


def run(compiled: Compiled, inputs: dict[str, Array], states: dict[str, Array], threads: int = 1):
    """A run whose states keep their bits."""
    program = compiled.program
    for name, value in states.items():
        program.state.view(name).reshape(-1)[:] = value
    program.set_columns(next(iter(inputs.values())).shape[0] if inputs else 1)
    for name, value in inputs.items():
        program.input(name)[...] = value
    program.run(threads)
    return {name: program.state.view(name).copy() for name in program.state.names()}


@pytest.mark.parametrize("precision", ["float", "double"])
def test_masks_are_those_of_the_generator_for_any_number_of_threads(precision: str):
    module = step_of("train", precision, training=True, dropout=True)
    run_passes(module, "net-gradient", "net-update")
    compiled, rate, columns = Compiled(module), 0.3, 33
    dtype = np.float32 if precision == "float" else np.float64
    x = np.random.default_rng(1).normal(size=(columns, 70)).astype(dtype)
    states = {
        "w": np.ones(70, dtype),
        "generator.d": seeded(precision, 12),
        "hyper.dropout_rate": np.array([rate]),
        "hyper.dropout_scale": np.array([1 / (1 - rate)]),
        "hyper.learning_rate": np.array([1.0]),
        "hyper.momentum": np.array([0.0]),
        "momentum.w": np.zeros(70),
    }
    element = "f32" if precision == "float" else "f64"
    drawn = Generator(12).uniform(columns * 70, 0.0, 1.0, element).reshape(columns, 70)
    kept = np.where(drawn > rate, 1 / (1 - rate), 0)
    for threads in (1, 2):
        after = run(compiled, {"x": x}, states, threads)
        assert close(after["w"], 1 - (x * kept).sum(axis=0), 1e-5), threads
        again = Generator(12)
        again.uniform(columns * 70, 0.0, 1.0)
        assert after["generator.d"].tobytes() == again.state.tobytes()


@pytest.mark.parametrize(("training", "dropout"), [(True, False), (False, True)])
def test_dropout_without_a_rate_or_out_of_training_is_the_identity(
    *, training: bool, dropout: bool
):
    module = step_of("write", "float", training=training, dropout=dropout)
    assert not any(op.name == "net.uniform" for op in module.walk())
    compiled = Compiled(module)
    x = np.random.default_rng(1).normal(size=(5, 70)).astype(np.float32)
    run(compiled, {"x": x}, {"w": np.full(70, 2.0)})
    assert close(compiled.program.output("d"), 2 * x)


def sampling(count: int, *, replacement: bool) -> Compiled:
    options = f"count = {count}, replacement = {str(replacement).lower()}"
    body = f"""
    %p = net.read @p : T[6 x 1]
    %s = net.random_sample %p {{node = "s", {options}}} : T[6 x {count}]
    %f = net.random_sample_frequency %p {{node = "f", {options}}} : T[6 x 1]
    net.roots output(%s, %f)
    """
    symbol = 'net.parameter @p : T[6 x 1] {init = "constant", value = 1.0}'
    module = run_passes(parse_network(body, symbol), "net-select", mode="write")
    return Compiled(run_passes(module, "net-set-mode"))


WEIGHTS = np.array([1.0, 2.0, 0.0, 4.0, 2.0, 1.0])


def test_classes_with_replacement_follow_their_weights():
    compiled = sampling(3000, replacement=True)
    run(compiled, {}, {"p": WEIGHTS})
    found = compiled.program.output("s")
    assert (found.sum(axis=1) == 1).all()
    assert set(np.unique(found)) == {0.0, 1.0}
    assert np.abs(found.mean(axis=0) - WEIGHTS / 10).max() < 0.03
    expected = compiled.program.output("f").ravel()
    assert close(expected, WEIGHTS / 10 * 3000)
    first = found.copy()
    compiled.program.run()
    assert (compiled.program.output("s") != first).any(), "every minibatch has a sample of its own"


def test_classes_without_replacement_differ():
    compiled = sampling(2, replacement=False)
    run(compiled, {}, {"p": WEIGHTS})
    counts = np.zeros(6)
    for _ in range(2000):
        compiled.program.run()
        drawn = compiled.program.output("s").sum(axis=0)
        assert drawn.max() == 1
        counts += drawn
    assert counts[2] == 0
    expected = compiled.program.output("f").ravel().copy()
    assert np.abs(counts / 2000 - expected).max() < 0.08
    compiled.program.run()
    assert (compiled.program.output("f").ravel() == expected).all(), "the weights are the same"


MOMENTS = {
    "uniform": ((-1.0, 3.0), 1.0, 16 / 12),
    "normal": ((0.5, 2.0), 0.5, 4.0),
    "gumbel": ((1.0, 0.5), 1 + 0.5 * np.euler_gamma, (np.pi * 0.5) ** 2 / 6),
    "bernoulli": ((0.3, 1.0), 0.3, 0.21),
}
"""The numbers that each distribution is made of, its mean and its variance."""


@pytest.mark.parametrize("precision", ["float", "double"])
def test_distributions_have_their_moments(precision: str):
    lines = [
        f'%d{seed} = net.random_distribution %x {{node = "{name}", distribution = "{name}", '
        f"first = {first}, second = {second}, seed = {seed}}} : S[3 x 2]"
        for seed, (name, ((first, second), _, _)) in enumerate(MOMENTS.items(), 1)
    ]
    body = "\n".join(['%x = net.input "x" : S[3 x 2]', *lines])
    roots = ", ".join(f"%d{seed}" for seed in range(1, 5))
    network = parse_network(f"{body}\nnet.roots output({roots})", "", precision)
    module = run_passes(network, "net-select", mode="write")
    compiled = Compiled(run_passes(module, "net-set-mode"))
    dtype = np.float32 if precision == "float" else np.float64
    run(compiled, {"x": np.zeros((20000, 2, 3), dtype)}, {})
    found = {name: compiled.program.output(name).copy() for name in MOMENTS}
    for name, (_, mean, variance) in MOMENTS.items():
        assert np.isfinite(found[name]).all()
        assert abs(found[name].mean() - mean) < 0.02, name
        assert abs(found[name].var() - variance) < 0.05, name
        flat = found[name].reshape(20000, 6)
        assert np.abs(np.corrcoef(flat.T) - np.eye(6)).max() < 0.05, name
    assert set(np.unique(found["bernoulli"])) == {0.0, 1.0}
    drawn = Generator(1).uniform(120000, 0.0, 1.0, "f32" if precision == "float" else "f64")
    assert close(found["uniform"].ravel(), 4 * drawn - 1, 1e-5)
    compiled.program.run()
    assert (compiled.program.output("normal") != found["normal"]).any(), "drawn afresh"


@pytest.mark.parametrize("training", [True, False])
def test_the_environment(*, training: bool):
    body = """
    %e = net.environment {node = "e"} : T[1]
    %p = net.read @p : T[1]
    %z = net.plus %e, %p {node = "z"} : T[1]
    net.roots output(%z)
    """
    symbol = 'net.parameter @p : T[1] {init = "constant", value = 0.0}'
    module = run_passes(parse_network(body, symbol), "net-select", mode="write")
    compiled = Compiled(run_passes(module, "net-set-mode", training=training))
    run(compiled, {}, {"p": np.array([2.0])})
    assert compiled.program.output("z")[0] == (3.0 if training else 2.0)
