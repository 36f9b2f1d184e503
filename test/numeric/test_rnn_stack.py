"""Stacks of recurrent layers with all weights in one parameter, against formulas in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import brainscript
from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.rnn_stack import GATES, weights_of

Array = npt.NDArray[Any]
Step = Callable[[Array, Array, Array, Array], tuple[Array, Array]]
INPUTS, HIDDEN = 4, 3
LENGTHS = (5, 1, 3)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm(a: Array, r: Array, h: Array, c: Array) -> tuple[Array, Array]:
    i, f, new, o = np.split(a + r, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
    return sigmoid(o) * np.tanh(c), c


def gru(a: Array, r: Array, h: Array, c: Array) -> tuple[Array, Array]:
    (reset_a, update_a, new_a), (reset_r, update_r, new_r) = np.split(a, 3), np.split(r, 3)
    new = np.tanh(new_a + sigmoid(reset_a + reset_r) * new_r)
    update = sigmoid(update_a + update_r)
    return (1 - update) * new + update * h, c


def relu(a: Array, r: Array, h: Array, c: Array) -> tuple[Array, Array]:
    return np.maximum(a + r, 0), c


def tanh(a: Array, r: Array, h: Array, c: Array) -> tuple[Array, Array]:
    return np.tanh(a + r), c


STEPS: dict[str, Step] = {"lstm": lstm, "gru": gru, "rnnReLU": relu, "rnnTanh": tanh}


def reference(blob: Array, x: Array, cell: str, layers: int, directions: int) -> Array:
    """The output of a stack for one sequence [steps, inputs]."""
    rows, place, matrices = GATES[cell] * HIDDEN, 0, list[tuple[Array, Array]]()
    for layer in range(layers):
        inputs = x.shape[1] if layer == 0 else directions * HIDDEN
        for _ in range(directions):
            w = blob[place : place + rows * inputs].reshape(rows, inputs)
            place += w.size
            r = blob[place : place + rows * HIDDEN].reshape(rows, HIDDEN)
            place += r.size
            matrices.append((w, r))
    biases = blob[place:].reshape(layers * directions, 2, rows)
    for layer in range(layers):
        ways: list[Array] = []
        for way in range(directions):
            number = layer * directions + way
            (w, r), (b, d) = matrices[number], biases[number]
            h, c, outs = np.zeros(HIDDEN), np.zeros(HIDDEN), list[Array]()
            for sample in x[::-1] if way else x:
                h, c = STEPS[cell](w @ sample + b, r @ h + d, h, c)
                outs.append(h)
            ways.append(np.array(outs[::-1] if way else outs))
        x = np.concatenate(ways, axis=1)
    return x


def program(cell: str, layers: int, directions: int, weights: str = "(Inferred : Inferred)") -> str:
    both = "true" if directions == 2 else "false"
    return (
        f"x = Input {{{INPUTS}}}\nW = ParameterTensor {{{weights}}}\n"
        f"y = OptimizedRNNStack (W, x, {HIDDEN}, numLayers={layers}, bidirectional={both},"
        f" recurrentOp='{cell}')\noutputNodes = (y)\n"
    )


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (2, 2)])
def test_values(cell: str, layers: int, directions: int) -> None:
    """Ragged sequences, one layer and two, one direction and both."""
    model = brainscript.compile(program(cell, layers, directions), precision="double")
    random = np.random.default_rng(5)
    total = weights_of(INPUTS, HIDDEN, layers, directions, GATES[cell])
    blob = random.uniform(-0.7, 0.7, total)
    weights = model.parameters["W"]
    assert weights.shape == (total // HIDDEN, HIDDEN)
    weights[...] = blob.reshape(weights.shape)
    sequences = [random.normal(size=(n, INPUTS)) for n in LENGTHS]
    got = model.eval("y", x=sequences)["y"]
    for sequence, value in zip(sequences, got, strict=True):
        want = reference(blob, sequence, cell, layers, directions)
        np.testing.assert_allclose(value, want, atol=1e-12)


@pytest.mark.parametrize(
    ("mode", "cell"),
    [("LSTM", "lstm"), ("GRU", "gru"), ("RNN_RELU", "rnnReLU"), ("RNN_TANH", "rnnTanh")],
)
def test_old_names(mode: str, cell: str) -> None:
    """`RNNStack` takes the names of old configs, and all its arguments count."""
    text = program(cell, 2, 2)
    call = (
        f"RNNStack (x, W, hiddenSize={HIDDEN}, numLayers=2, bidirectional=true, rnnMode='{mode}')"
    )
    old = "".join(
        f"y = {call}\n" if line.startswith("y = ") else line for line in text.splitlines(True)
    )
    shapes = [brainscript.compile(t).parameters["W"].shape for t in (text, old)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (program("lstm", 1, 1, "5"), "BS0403"),
        (program("lstmm", 1, 1), "BS0402"),
        (program("gru", 0, 1), "BS0402"),
    ],
)
def test_refused(text: str, code: str) -> None:
    """Weights of another size, an unknown cell, no layer."""
    with pytest.raises(BrainScriptError) as caught:
        brainscript.compile(text)
    assert caught.value.diagnostics[0].code == code
