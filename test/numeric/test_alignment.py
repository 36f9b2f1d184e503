"""Labels spread over time and edit distances, against all paths tried one by one."""

from __future__ import annotations

import numpy as np
import pytest

from test.numeric.networks import parse_network, random_symbols, run_passes
from test.numeric.reference import evaluate
from test.numeric.sequences import Array, Compiled, check, inputs_for

LENGTHS = [4, 1, 3, 5]
CTC = """
%x = net.input "x" : S[3]
%y = net.input "y" : S[3]
%w = net.read @W : T[3 x 3]
%z = net.times %w, %x : S[3]
%g = net.labels_to_graph %y : S[3]
%c = net.forward_backward %g, %z {blank = 1OPTIONS, node = "c"} : T[1]
net.roots criterion(%c)
"""
WEIGHTS = 'net.parameter @W : T[3 x 3] {init = "constant", value = 0.0}'
# Class and value at each step; 2 begins a label. The last sequence repeats a label.
LABELS = [
    [(0, 2), (0, 1), (2, 2), (2, 1)],
    [(2, 2)],
    [(0, 1), (1, 1), (1, 1)],
    [(2, 2), (2, 2), (0, 2), (0, 1), (0, 1)],
]


def labels() -> Array:
    """The label graph of all sequences; the third has no label."""
    steps = [step for sequence in LABELS for step in sequence]
    graph = np.zeros((3, len(steps)))
    for column, (label, value) in enumerate(steps):
        graph[label, column] = value
    return graph


@pytest.mark.parametrize(("precision", "bound"), [("double", 1e-11), ("float", 2e-6)])
def test_the_probability_of_the_labels_is_that_of_all_paths(precision: str, bound: float):
    module = parse_network(CTC.replace("OPTIONS", ""), WEIGHTS, precision)
    run_passes(module, "net-infer-shapes")
    run = check(module, {"*": LENGTHS}, bound, {"y": labels()})
    assert run.node("c")[0] > 0


def test_its_gradient_is_the_slope():
    module = parse_network(CTC.replace("OPTIONS", ""), WEIGHTS, "double")
    run_passes(module, "net-infer-shapes", "net-select")
    lengths = {"*": LENGTHS}
    inputs = inputs_for(module, lengths) | {"y": labels()}
    symbols = random_symbols(module)
    derived = run_passes(module.clone(), "net-gradient")
    gradient = evaluate(derived, inputs, symbols, lengths=lengths).gradients["W"]
    direction = np.random.default_rng(1).uniform(-1, 1, (3, 3))
    costs = [
        evaluate(module, inputs, {"W": symbols["W"] + h * direction}, lengths=lengths).node("c")[0]
        for h in (1e-5, -1e-5)
    ]
    assert abs((costs[0] - costs[1]) / 2e-5 - float((gradient * direction).sum())) < 1e-7
    stepped = run_passes(module.clone(), "net-gradient", "net-update")
    state = random_symbols(stepped) | symbols
    state |= {"hyper.learning_rate": np.ones(1), "hyper.momentum": np.zeros(1)}
    compiled = Compiled(stepped)
    for threads in (1, 2):
        compiled.run(inputs, state, lengths, threads)
        moved = compiled.program.state.view("W").reshape(3, 3).T
        assert np.allclose(symbols["W"] - moved, gradient, rtol=1e-9)


def test_a_delay_constraint_leaves_out_late_paths():
    costs: list[float] = []
    for delay in (-1, 5, 1, 0):
        text = CTC.replace("OPTIONS", f", delay = {delay}")
        module = parse_network(text, WEIGHTS, "double")
        run_passes(module, "net-infer-shapes")
        lengths = {"*": LENGTHS}
        inputs = inputs_for(module, lengths) | {"y": labels()}
        found = Compiled(module).run(inputs, random_symbols(module), lengths)
        costs.append(float(found["c"][0]))
    assert costs[0] == costs[1] < costs[2] < costs[3]


DISTANCE = """
%a = net.input "a" : S[4]
%b = net.input "b" : !net.t<[4], f64, @"other">
%d = net.edit_distance %a, %b {node = "d"OPTIONS} : T[1]
%e = net.edit_distance %a, %a {node = "e"} : T[1]
net.roots evaluation(%d, %e)
"""


@pytest.mark.parametrize(
    "options",
    [
        "",
        ", substitution = 2.5, deletion = 0.75, insertion = 0.5",
        ", squash = true",
        ", squash = true, ignore = [2, 0]",
    ],
)
def test_edits_are_those_of_the_cheapest_way(options: str):
    module = parse_network(DISTANCE.replace("OPTIONS", options), "", "double")
    run_passes(module, "net-infer-shapes")
    lengths = {"*": [5, 1, 4, 6, 2], "other": [3, 2, 6, 6, 1]}
    run = check(module, lengths, 1e-12)
    assert run.node("d")[0] > 0
    assert run.node("e")[0] == 0
