"""Labels spread over time and edit distances, against all paths tried one by one."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
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


BIAS = 'net.parameter @B : T[4] {init = "constant", value = 0.0}'
SPREAD = """
%x = net.input "x" : S[4]
%y = net.input "y" : S[4]
%b = net.read @B : T[4]
%z = net.plus %x, %b : S[4]
%g = net.labels_to_graph %y : S[4]
%c = net.forward_backward %g, %z {blank = 1, delay = DELAY, node = "c"} : T[1]
net.roots criterion(%c)
"""


def spread_labels(lengths: list[int]) -> Array:
    """Labels that last one to four steps, neighbours often alike."""
    random = np.random.default_rng(2)
    graph = np.zeros((4, sum(lengths)))
    label, left = 0, 0
    for column in range(sum(lengths)):
        value = 1 if left and column not in np.cumsum(lengths) else 2
        if value == 2:
            label, left = random.choice([0, 2, 3]), random.integers(1, 5)
        graph[label, column] = value
        left -= 1
    return graph


def cost_of(scores: Array, graph: Array, delay: int) -> float:
    """`-ln P` of one sequence: state after state, step after step, in probabilities."""
    p = np.exp(scores) / np.exp(scores).sum(axis=0)
    begins = np.flatnonzero(graph.max(axis=0) == 2)
    labels = graph.argmax(axis=0)[begins]
    classes = np.ones(2 * len(labels) + 1, int)
    classes[1::2] = labels
    following = [*begins.tolist(), p.shape[1]]
    row = np.zeros(len(classes))
    row[0] = 1
    for step in range(p.shape[1]):
        before, row = row, np.zeros(len(classes))
        for s, label in enumerate(classes):
            leaps = s > 1 and label not in (1, classes[s - 2])
            total = before[max(0, s - 1) : s + 1].sum() + (before[s - 2] if leaps else 0)
            last = following[(s + 1) // 2] + delay - (1 - s % 2)
            row[s] = total * p[label, step] * (delay < 0 or step <= max(0, last))
    return -float(np.log(row[-2:].sum()))


@pytest.mark.parametrize("delay", [-1, 2])
def test_many_labels_cost_what_they_cost_one_by_one(delay: int):
    lengths = [21, 1, 40, 5]
    module = parse_network(SPREAD.replace("DELAY", str(delay)), BIAS, "double")
    run_passes(module, "net-infer-shapes", "net-select")
    inputs = inputs_for(module, {"*": lengths}) | {"y": spread_labels(lengths)}
    bias = np.array([0.3, 0.1, -0.2, 0.4])

    def cost(bias: Array) -> float:
        cut = np.cumsum(lengths)[:-1]
        pairs = (np.split(v, cut, axis=1) for v in (inputs["x"] + bias[:, None], inputs["y"]))
        return sum(cost_of(x, y, delay) for x, y in zip(*pairs, strict=True))

    found = Compiled(module).run(inputs, {"B": bias}, {"*": lengths})
    assert np.isclose(found["c"][0], cost(bias), rtol=1e-12)
    stepped = run_passes(module.clone(), "net-gradient", "net-update")
    state = random_symbols(stepped) | {"B": bias}
    state |= {"hyper.learning_rate": np.ones(1), "hyper.momentum": np.zeros(1)}
    compiled = Compiled(stepped)
    moves = list[Array]()
    for threads in (1, 2):
        compiled.run(inputs, state, {"*": lengths}, threads)
        moves.append(bias - compiled.program.state.view("B"))
    way = np.array([1e-5, -2e-5, 0.5e-5, 3e-5])
    assert np.isclose(float(way @ moves[0]) * 2, cost(bias + way) - cost(bias - way), rtol=1e-6)
    assert moves[0].tobytes() == moves[1].tobytes()


@pytest.mark.skipif(sys.platform != "linux", reason="the bound on memory is that of Linux")
def test_too_little_memory_for_a_sequence_is_told():
    steps = 8000
    module = parse_network(SPREAD.replace("DELAY", "-1"), BIAS, "double")
    run_passes(module, "net-infer-shapes", "net-select", "net-gradient", "net-update")
    graph = np.zeros((4, steps))
    graph[0, ::2], graph[2, 1::2] = 2, 2
    lengths = {"*": [steps]}
    compiled = Compiled(module)
    inputs, state = inputs_for(module, lengths) | {"y": graph}, random_symbols(module)
    compiled.program.make_room({"*": steps})
    bounds = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, bounds[1]))
    try:
        with pytest.raises(BrainScriptError, match="more memory than there is"):
            compiled.run(inputs, state, lengths)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, bounds)


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
