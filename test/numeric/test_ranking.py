"""Ranking criteria: what is fed back of them is no slope, and queries are cut where ids change."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from test.numeric.formulas_criteria import order, queries
from test.numeric.networks import Array, close, parse_network, random_symbols, run_passes
from test.numeric.programs import Compiled
from test.numeric.reference import evaluate

BODY = """
%x = net.input "x" : S[1]
%g = net.input "g" : S[1]
%q = net.input "q" : S[1]
%w = net.read @W : T[1]
%s = net.element_times %x, %w {node = "s"} : S[1]
%c = net.lambda_rank %g, %s, %q {node = "c"} : T[1]
%e = net.ndcg1_eval %g, %s, %q {node = "e"} : T[1]
net.roots criterion(%c), evaluation(%e)
"""
SYMBOL = 'net.parameter @W : T[1] {init = "constant", value = 0.0}'
CASES = {
    "three queries": ([1, 1, 1, 2, 2, 1, 1], [3, 1, 0, 2, 1, 5, 5], [3, 9, 1, 2, 4, 6, 5]),
    "ties": ([4, 4, 4, 4], [3, 2, 1, 0], [1, 1, 1, 2]),
    "one sample": ([7], [1], [0.5]),
}


def slopes(gain: Array, score: Array, query: Array) -> Array:
    """Pair by pair: how much an exchange of the two would change the gain, towards the better."""
    result = np.zeros(len(gain))
    for of in queries(query):
        rank = {i: r for r, i in enumerate(order(gain, score, of))}
        ideal = sum(gain[i] / log(2 + k) for k, i in enumerate(of))
        for i in of:
            for j in of:
                if gain[i] > gain[j]:
                    a, b = log(2 + rank[i]), log(2 + rank[j])
                    size = abs((gain[i] - gain[j]) * (a - b) / (a * b) / ideal)
                    step = size / (1 + exp(score[i] - score[j]))
                    result[i] -= step
                    result[j] += step
    return result


@pytest.mark.parametrize("name", CASES)
def test_values_and_what_is_fed_back(name: str):
    query, gain, x = (np.array(v, float) for v in CASES[name])
    module = parse_network(BODY, SYMBOL, "double")
    run_passes(module, "net-gradient")
    inputs = {"q": query[None], "g": gain[None], "x": x[None]}
    symbols = random_symbols(module)
    run = evaluate(module, inputs, symbols)
    want = (slopes(gain, symbols["W"][0] * x, query) * x).sum()
    assert close(run.gradients["W"], np.array([want]), 1e-12)


@pytest.mark.parametrize("name", CASES)
def test_compiled_values_are_those_of_the_definition(name: str):
    query, gain, x = (np.array(v, float) for v in CASES[name])
    module = parse_network(BODY, SYMBOL)
    inputs = {"q": query[None], "g": gain[None], "x": x[None]}
    symbols = random_symbols(module)
    run = evaluate(module, inputs, symbols)
    found = Compiled(module).run(inputs, symbols, len(query))
    for node in ("c", "e"):
        assert close(np.ravel(found.outputs[node]), run.node(node), 1e-5), node
