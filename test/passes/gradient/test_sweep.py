"""The reverse sweep on whole networks: shared parameters, several paths, numbers."""

from __future__ import annotations

import numpy as np
import pytest

from brainscript.dialects.net.network import symbols_of
from brainscript.dialects.net.parameters import GradientOp
from test.numeric.differences import Problem, worst_error
from test.numeric.networks import (
    network,
    parse_network,
    random_inputs,
    random_symbols,
    run_passes,
)
from test.numeric.reference import evaluate

NETWORKS = {
    "one number": """
        %b = net.read @b : T[1 x 1]
        %c = net.sum_elements %b {node = "c"} : T[1]
        net.roots criterion(%c)
    """,
    "one parameter read twice": """
        %x = net.input "x" : S[2]
        %v = net.read @V : T[2 x 2]
        %u = net.read @V : T[2 x 2]
        %s = net.times %v, %x : S[2]
        %t = net.tanh %s : S[2]
        %z = net.times %u, %t : S[2]
        %c = net.square_error %x, %z {node = "c"} : T[1]
        net.roots criterion(%c)
    """,
    "several paths": """
        %x = net.input "x" : S[2]
        %v = net.read @V : T[2 x 2]
        %b = net.read @b : T[1 x 1]
        %t = net.times %v, %x : S[2]
        %e = net.exp %t : S[2]
        %p = net.plus %t, %b : S[2 x 1]
        %q = net.element_times %p, %e : S[2 x 1]
        %r = net.log_plus %q, %t : S[2 x 1]
        net.roots criterion(%r)
    """,
    "weights on weights": """
        %x = net.input "x" : S[2]
        %v = net.read @V : T[2 x 2]
        %b = net.read @b : T[1 x 1]
        %w = net.element_times %v, %b : T[2 x 2]
        %z = net.times %w, %x : S[2]
        %p = net.transpose_times %w, %v : T[2 x 2]
        %q = net.reduce %p {op = "LogSum"} : T[1]
        %o = net.element_times %z, %q : S[2]
        %c = net.sum_elements %o {node = "c"} : T[1]
        net.roots criterion(%c)
    """,
}
SYMBOLS = """
    net.parameter @V : T[2 x 2] {init = "uniform", seed = 1}
    net.parameter @b : T[1 x 1] {init = "constant", value = 1.0}
"""


def summed(body: str) -> str:
    """The network with its criterion added up, for the check of its slope."""
    if "criterion(%r)" not in body:
        return body
    total = '%c = net.sum_elements %r {node = "c"} : T[1]\n'
    return body.replace("net.roots criterion(%r)", total + "net.roots criterion(%c)")


@pytest.mark.parametrize("name", NETWORKS)
def test_gradient_is_the_slope(name: str):
    module = parse_network(summed(NETWORKS[name]), SYMBOLS, "double")
    learned = sorted(symbols_of(network(module)))
    found = Problem(module, random_inputs(module), random_symbols(module), learned)
    assert worst_error(found, directions=4) < 1e-6


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_have_the_types_of_their_parameters(name: str):
    module = run_passes(parse_network(NETWORKS[name], SYMBOLS), "net-gradient")
    names = [op.target for op in network(module).block.ops if isinstance(op, GradientOp)]
    assert names == sorted(set(names))


def test_sum_over_samples_of_a_criterion_with_samples():
    module = parse_network(NETWORKS["several paths"], SYMBOLS, "double")
    other = parse_network(summed(NETWORKS["several paths"]), SYMBOLS, "double")
    inputs, symbols = random_inputs(module), random_symbols(module)
    one = evaluate(run_passes(module, "net-gradient"), inputs, symbols).gradients
    two = evaluate(run_passes(other, "net-gradient"), inputs, symbols).gradients
    assert np.allclose(one["V"], two["V"])
    assert np.allclose(one["b"], two["b"])
