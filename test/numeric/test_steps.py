"""Whole training steps and statistics, run by the reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from test.numeric.networks import (
    close,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
)
from test.numeric.programs import Compiled
from test.numeric.reference import evaluate

BODY = """
%x = net.input "x" : S[3]
%y = net.input "y" : S[2]
%w = net.read @W : T[2 x 3]
%b = net.read @b : T[2]
%f = net.read @frozen : T[2]
%t = net.times %w, %x {node = "t"} : S[2]
%u = net.plus %t, %b {node = "u"} : S[2]
%z = net.plus %u, %f {node = "z"} : S[2]
%se = net.square_error %y, %z {node = "se"} : T[1]
%d = net.minus %y, %z {node = "d"} : S[2]
net.roots criterion(%se), evaluation(%d)
"""
SYMBOLS = """
net.parameter @W : T[2 x 3] {init = "uniform", seed = 1}
net.parameter @b : T[2] {init = "constant", value = 0.0, learning_rate_multiplier = 3.0}
net.parameter @frozen : T[2] {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
"""


def test_step_of_momentum_with_unit_gain():
    module = parse_network(BODY, SYMBOLS, "double")
    run_passes(module, "net-select", "net-gradient", "net-update")
    inputs, symbols = random_inputs(module), random_symbols(module)
    symbols["hyper.learning_rate"] = np.array([0.1])
    symbols["hyper.momentum"] = np.array([0.75])
    symbols["momentum.b"] = np.array([0.5, -0.25])
    symbols["criterion.se"] = np.array([10.0])
    run = evaluate(module, inputs, symbols)
    z = symbols["W"] @ inputs["x"] + (symbols["b"] + symbols["frozen"])[:, None]
    gradient = 2 * (z - inputs["y"])
    assert close(run.accumulated["criterion.se"], 10 + ((z - inputs["y"]) ** 2).sum(), 1e-12)
    assert close(run.accumulated["criterion.d"], (inputs["y"] - z).sum(), 1e-12)
    step = 0.25 * 0.1 * gradient @ inputs["x"].T
    assert close(run.written["momentum.W"], step, 1e-12)
    assert close(run.written["W"], symbols["W"] - step, 1e-12)
    smoothed = 0.75 * symbols["momentum.b"] + 0.25 * 0.1 * 3 * gradient.sum(axis=1)
    assert close(run.written["b"], symbols["b"] - smoothed, 1e-12)
    assert "frozen" not in run.written


SPARSE = """
%x = net.input "x" {sparse = true} : S[4]
%u = net.input "u" : S[4]
%y = net.input "y" : S[2]
%w = net.read @W : T[2 x 4]
%v = net.read @V : T[2 x 4]
%t = net.times %w, %x : S[2]
%r = net.times %v, %u : S[2]
%z = net.plus %t, %r : S[2]
%se = net.square_error %y, %z {node = "se"} : T[1]
net.roots criterion(%se)
"""


@pytest.mark.parametrize("compiled", [False, True])
def test_columns_that_a_sparse_input_does_not_touch_stay(*, compiled: bool):
    symbols = "\n".join(
        f'net.parameter @{name} : T[2 x 4] {{init = "constant", value = 0.0}}' for name in "WV"
    )
    module = parse_network(SPARSE, symbols, "double")
    run_passes(module, "net-select", "net-gradient", "net-update")
    inputs, values = random_inputs(module), random_symbols(module)
    inputs["x"][[1, 3]] = 0.0
    inputs["x"][2, 1:] = 0.0
    inputs["u"] = inputs["x"]
    values["hyper.learning_rate"], values["hyper.momentum"] = np.array([0.1]), np.array([0.75])
    values["momentum.W"], values["momentum.V"] = np.ones((2, 4)), np.ones((2, 4))
    if compiled:
        found = Compiled(module).run(inputs, values, 5).states
        written = {name: found[name].reshape(4, 2).T for name in ("W", "V", "momentum.W")}
    else:
        written = evaluate(module, inputs, values).written
    z = (values["W"] + values["V"]) @ inputs["x"]
    gradient = 2 * (z - inputs["y"]) @ inputs["x"].T
    touched = np.array([1.0, 0.0, 1.0, 0.0])
    smoothed = 0.75 + 0.25 * gradient
    assert close(written["momentum.W"], np.where(touched, smoothed, 1.0), 1e-12)
    assert close(written["W"], values["W"] - 0.1 * touched * smoothed, 1e-12)
    assert close(written["V"], values["V"] - (0.75 + 0.25 * 0.1 * gradient), 1e-12)


def test_adagrad_takes_its_mean_over_the_columns_touched():
    symbols = "\n".join(
        f'net.parameter @{name} : T[2 x 4] {{init = "constant", value = 0.0}}' for name in "WV"
    )
    module = parse_network(SPARSE, symbols, "double")
    run_passes(module, "net-select", "net-gradient")
    run_passes(module, "net-update", rule="adagrad")
    inputs, values = random_inputs(module), random_symbols(module)
    inputs["x"][[1, 3]] = 0.0
    values["hyper.learning_rate"] = np.array([0.1])
    written = evaluate(module, inputs, values).written
    z = values["W"] @ inputs["x"] + values["V"] @ inputs["u"]
    gradient = 2 * (z - inputs["y"]) @ inputs["x"].T
    gain = 1 / np.sqrt(gradient**2 + 1e-16)
    step = 0.1 * gradient * gain / gain[:, [0, 2]].mean()
    assert close(written["W"], values["W"] - step, 1e-12)


def test_test_step_only_adds_up():
    module = parse_network(BODY, SYMBOLS, "double")
    run_passes(module, "net-select", "net-update")
    run = evaluate(module, random_inputs(module), random_symbols(module))
    assert set(run.accumulated) == {"criterion.se", "criterion.d"}
    assert not run.written


def test_statistics_over_minibatches_are_those_of_all_samples():
    body = """
    %x = net.input "x" : S[3]
    %m = net.mean %x {node = "m"} : T[3]
    %d = net.inv_std_dev %x {node = "d"} : T[3]
    %k = net.per_dim_mean_var_normalization %x, %m, %d {node = "n"} : S[3]
    net.roots output(%k)
    """
    module = parse_network(body, "", "double")
    run_passes(module.clone(), "net-infer-shapes")
    for name, options in (("net-select", {"mode": "precompute"}), ("net-precompute", {})):
        run_passes(module, name, **options)
    data = np.random.default_rng(3).normal(2.0, 3.0, (3, 10))
    data[2] = 5.0
    symbols, seen = random_symbols(module), 0
    for part in (data[:, :4], data[:, 4:5], data[:, 5:]):
        new = part.shape[1]
        symbols["hyper.old_weight"] = np.array([seen / (seen + new)])
        symbols["hyper.new_weight"] = np.array([1 / (seen + new)])
        symbols |= evaluate(module, {"x": part}, symbols).written
        seen += new
    assert close(symbols["m"], data.mean(axis=1), 1e-12)
    assert close(symbols["d.variance"], data.var(axis=1), 1e-12)
    assert close(symbols["d"], np.append(1 / data[:2].std(axis=1), 1e5), 1e-9)
