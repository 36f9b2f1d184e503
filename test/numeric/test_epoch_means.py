"""Means over an epoch: as written, as compiled, over several minibatches and over sequences."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.layouts import Sequences
from test.numeric.networks import Array, close, parse_network, run_passes
from test.numeric.programs import Compiled

SHAPES = ("1", "7", "3 x 5", "2 x 1 x 9", "67")
STATES = ("accumulated.m", "accumulated.count.m", "criterion.m")


@cache
def mean_of(shape: str, precision: str = "float") -> Compiled:
    """The mean of `Tanh (x) .* 2` as an evaluation, and as an output."""
    module = parse_network(
        f"""
        %x = net.input "x" : S[{shape}]
        %t = net.tanh %x {{node = "t"}} : S[{shape}]
        %m = net.epoch_accumulator %t {{node = "m"}} : T[{shape}]
        net.roots evaluation(%m), output(%m)
        """,
        precision=precision,
    )
    run_passes(module, "net-set-mode", "net-update")
    return Compiled(module)


def start(compiled: Compiled) -> None:
    for name in STATES:
        compiled.program.state.view(name).fill(0)


def read(compiled: Compiled) -> tuple[Array, float, float]:
    """The mean, how many samples it is of, and what the log shows."""
    mean, count, shown = (compiled.program.state.view(name).copy() for name in STATES)
    assert np.array_equal(mean.ravel(), compiled.program.output("m").ravel())
    return mean.ravel(), float(count[0]), float(shown[0])


def feed(compiled: Compiled, x: Array, threads: int = 1) -> None:
    """A minibatch, one row a sample."""
    program = compiled.program
    program.set_columns(len(x))
    program.spoil()
    program.input("x")[:] = x.reshape(program.input("x").shape)
    program.run(threads)


@pytest.mark.parametrize("precision", ["float", "double"])
@pytest.mark.parametrize("shape", SHAPES)
def test_step_agrees_with_the_formula(shape: str, precision: str):
    for columns in (1, 2, 13, 300):
        mean_of(shape, precision).check(columns, low=0.1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_minibatches_of_any_size_give_the_mean_of_all_samples(shape: str, threads: int):
    compiled, width = mean_of(shape), np.prod([int(d) for d in shape.split(" x ")])
    data = np.random.default_rng(4).normal(0.5, 1.0, (257, width))
    for epoch, sizes in enumerate(([257], [1, 2, 3, 251], [64] * 4 + [1], [1] * 257)):
        start(compiled)
        samples, ends = data + epoch, np.cumsum(sizes)
        for size, end in zip(sizes, ends, strict=True):
            feed(compiled, samples[end - size : end], threads)
            mean, count, shown = read(compiled)
            wanted = np.tanh(samples[:end]).mean(axis=0)
            assert count == end
            assert close(mean, wanted, 2e-6)
            assert close(np.array(shown), wanted.sum(), 2e-5)


@pytest.mark.parametrize("lengths", [[1], [5, 1, 3], [2, 7, 7, 1, 4]])
def test_every_step_of_a_sequence_is_a_sample(lengths: list[int]):
    compiled, random = mean_of("3 x 5"), np.random.default_rng(8)
    start(compiled)
    seen: list[Array] = []
    for _ in range(3):
        x = random.normal(size=(sum(lengths), 15))
        compiled.program.set_layouts({"*": Sequences(lengths)})
        compiled.program.spoil()
        compiled.program.input("x")[:] = x.reshape(compiled.program.input("x").shape)
        compiled.program.run(1)
        seen.append(np.tanh(x))
        mean, count, _ = read(compiled)
        assert count == len(seen) * sum(lengths)
        assert close(mean, np.concatenate(seen).mean(axis=0), 2e-6)


def test_two_threads_give_the_bits_of_one():
    found: list[Array] = []
    data = np.random.default_rng(4).normal(size=(5, 1000, 67))
    for threads in (1, 2):
        start(mean_of("67"))
        for x in data:
            feed(mean_of("67"), x, threads)
        found.append(read(mean_of("67"))[0])
    assert found[0].tobytes() == found[1].tobytes()


def test_nothing_is_trained_through_it():
    body = """
    %x = net.input "x" : S[3]
    %w = net.read @w : T[3]
    %z = net.element_times %w, %x {node = "z"} : S[3]
    %m = net.epoch_accumulator %z {node = "m"} : T[3]
    %c = net.sum_elements %m {node = "c"} : T[1]
    net.roots criterion(%c)
    """
    symbol = 'net.parameter @w : T[3] {init = "constant", value = 1.0}'
    module = parse_network(body, symbol)
    with pytest.raises(BrainScriptError, match="EpochAccumulator has no gradient"):
        run_passes(module, "net-set-mode", "net-gradient")
