"""Legacy DBN files: both forms, and the network that they make."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError

CHANCE = np.random.default_rng(3)
W0 = CHANCE.normal(size=(4, 3)).astype("<f4")
W1 = CHANCE.normal(size=(3, 2)).astype("<f4")
B0, B1 = np.array([0.1, 0.2, 0.3], np.float32), np.array([0.5, -0.5], np.float32)
MEAN, DEVIATION, PRIOR = (
    np.array([1, 2], np.float32),
    np.array([2, 4], np.float32),
    np.array([0.25, 0.75], np.float32),
)


def matrix(array: Any) -> bytes:
    """Rows are inputs; the numbers stand column by column."""
    rows, cols = array.shape if array.ndim == 2 else (array.size, 1)
    data = array.astype("<f4").T.tobytes() if array.ndim == 2 else array.astype("<f4").tobytes()
    return b"BMATname\0" + struct.pack("<ii", rows, cols) + data + b"EMAT"


def dbn(start: bytes) -> bytes:
    head = start + b"BDBN" + struct.pack("<ii", 0, 2) + matrix(MEAN) + matrix(DEVIATION)
    first = b"rbmgaussbernoulli\0" + matrix(W0) + matrix(B0) + matrix(np.zeros(4, "<f4"))
    last = b"perceptron\0" + matrix(W1) + matrix(B1) + matrix(np.zeros(3, "<f4"))
    return head + b"BNET" + first + last + b"ENET" + matrix(PRIOR) + b"EDBN"


@pytest.mark.parametrize("start", [b"DBN\nmade by hand\0", b"DBN\0"])
def test_the_network_computes_what_its_layers_say(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.dbn"
    path.write_bytes(dbn(start))
    model = bs.load(path)
    assert model.nodes["W0*H0+B0"] == "Plus"
    x = CHANCE.normal(size=(5, 4)).astype("f4")
    hidden = (x - np.tile(MEAN, 2)) / np.tile(DEVIATION, 2)
    hidden = 1 / (1 + np.exp(-(hidden @ W0 + B0)))
    expected = hidden @ W1 + B1 - np.log(PRIOR)
    found = model.eval(features=x)["ScaledLogLikelihood"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_layers_that_do_not_meet_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dbn"
    path.write_bytes(dbn(b"DBN\0").replace(b"perceptron", b"perceptrons"))
    with pytest.raises(BrainScriptError, match="no kind of layer"):
        bs.load(path)


@pytest.mark.parametrize("start", [b"DBN\nmade by hand\0", b"DBN\0"])
def test_what_is_written_is_the_same_stack(start: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.dbn").write_bytes(dbn(start))
    first = bs.load(tmp_path / "a.dbn")
    first.save(tmp_path / "b.dbn", "dbn")
    second = bs.load(tmp_path / "b.dbn")
    assert second.nodes == first.nodes
    for name, value in first.parameters.items():
        np.testing.assert_allclose(second.parameters[name], value, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("z = Tanh (LinearLayer {2} (x))", "'z' is a 'Tanh'"),
        ("z = Sigmoid (LinearLayer {2} (x))", "no linear layer"),
        ("z = ParameterTensor {(2:3)} * x", "is a 'Times'"),
    ],
)
def test_what_is_no_stack(text: str, words: str, tmp_path: Path) -> None:
    model = bs.compile(f"x = Input {{3}}\n{text}\noutputNodes = (z)")
    with pytest.raises(BrainScriptError, match=words):
        model.save(tmp_path / "b.dbn", "dbn")


def test_one_number_as_bias_is_that_of_every_output(tmp_path: Path) -> None:
    text = "x = Input {3}\nz = ParameterTensor {(2:3)} * x + Constant (3)\noutputNodes = (z)"
    model = bs.compile(text)
    model.save(tmp_path / "a.dbn", "dbn")
    np.testing.assert_array_equal(bs.load(tmp_path / "a.dbn").parameters["B0"], [3, 3])
