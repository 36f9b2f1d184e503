"""The reference interpreter against direct computation."""

from __future__ import annotations

import numpy as np

from test.numeric.networks import (
    from_memory,
    parse_network,
    random_inputs,
    random_symbols,
    to_memory,
)
from test.numeric.reference import evaluate

MLP = """
%x = net.input "x" : S[3]
%y = net.input "y" : S[2]
%w = net.read @W : T[2 x 3]
%b = net.read @b : T[2]
%t = net.times %w, %x {node = "t"} : S[2]
%p = net.plus %t, %b {node = "p"} : S[2]
%ce = net.cross_entropy_with_softmax %y, %p {node = "ce"} : T[1]
%e = net.classification_error %y, %p {node = "e"} : T[1]
net.roots criterion(%ce), evaluation(%e)
"""
PARAMETERS = """
net.parameter @W : T[2 x 3] {init = "uniform", seed = 1}
net.parameter @b : T[2] {init = "constant", value = 0.0}
"""


def test_linear_classifier():
    module = parse_network(MLP, PARAMETERS, "double")
    inputs, symbols = random_inputs(module), random_symbols(module)
    run = evaluate(module, inputs, symbols)
    z = symbols["W"] @ inputs["x"] + symbols["b"][:, None]
    assert np.allclose(run.node("p"), z)
    probability = np.exp(z) / np.exp(z).sum(axis=0)
    assert np.allclose(run.roots["criterion"][0], -(inputs["y"] * np.log(probability)).sum())
    wrong = (inputs["y"].argmax(axis=0) != z.argmax(axis=0)).sum()
    assert run.roots["evaluation"][0] == wrong


def test_product_of_tensors_contracts_leading_axes():
    body = """
    %x = net.input "x" : S[4 x 3 x 2]
    %w = net.read @W : T[5 x 4 x 3]
    %t = net.times %w, %x {node = "t"} : S[5 x 2]
    %r = net.reduce %t {node = "r", op = "LogSum"} : S[1]
    %a = net.reduce %x {node = "a", op = "Argmax"} : S[1]
    net.roots output(%t)
    """
    symbols = 'net.parameter @W : T[5 x 4 x 3] {init = "uniform", seed = 1}'
    module = parse_network(body, symbols)
    inputs, values = random_inputs(module), random_symbols(module)
    run = evaluate(module, inputs, values)
    want = np.einsum("okl,klrn->orn", values["W"], inputs["x"])
    assert np.allclose(run.node("t"), want)
    assert np.allclose(run.node("r")[0], np.log(np.exp(want).sum(axis=(0, 1))))
    first = inputs["x"].reshape(24, -1, order="F").argmax(axis=0)
    assert np.array_equal(run.node("a")[0], first)


def test_memory_has_samples_apart_and_first_axis_fastest():
    array = np.arange(24.0).reshape(2, 3, 4)
    memory = to_memory(array, sampled=True)
    assert memory.shape == (4, 6)
    assert list(memory[1]) == [array[i, j, 1] for j in range(3) for i in range(2)]
    assert np.array_equal(from_memory(memory, (2, 3), 4), array)
