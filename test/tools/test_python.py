"""The Python API: a network from text or from a file, its arrays, its values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError, MissingFileError

SOURCE = """
features = Input {3}
h = DenseLayer {4, activation=Tanh} (features)
z = LinearLayer {2} (h)
outputNodes = (z)
"""


def test_values_are_those_of_numpy(tmp_path: Path) -> None:
    model = bs.compile(SOURCE)
    assert (model.inputs, model.outputs) == ({"features": (3,)}, {"z": (2,)})
    assert repr(model) == "Model(features [3] -> z [2]; 10 nodes, 26 parameters)"
    x = np.arange(15, dtype=np.float32).reshape(5, 3) / 10
    p = model.parameters
    w, b = p["h.arrayOfFunctions[0].W"], p["h.arrayOfFunctions[0].b"]
    expected = np.tanh(x @ w + b) @ p["z.W"] + p["z.b"]
    np.testing.assert_allclose(model.eval(features=x)["z"], expected, rtol=1e-5)
    p["z.b"][...] = 7
    np.testing.assert_allclose(model.eval(features=x)["z"], expected + 7, rtol=1e-5)
    model.save(tmp_path / "a.model")
    again = bs.load(tmp_path / "a.model")
    np.testing.assert_array_equal(again.eval(features=x)["z"], model.eval(features=x)["z"])
    np.testing.assert_allclose(again.eval(["h"], features=x)["h"], np.tanh(x @ w + b), rtol=1e-5)


def test_double_precision() -> None:
    model = bs.compile(SOURCE, precision="double")
    assert model.eval(features=np.zeros((1, 3)))["z"].dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "the input 'features' is missing"),
        ({"feature": [[1, 2, 3]]}, "did you mean 'features'"),
        ({"features": [[1, 2]]}, "expected (1, 3)"),
        ({"features": 3}, "expected ('samples', 3)"),
    ],
)
def test_misuse_is_explained(arrays: dict[str, object], words: str) -> None:
    with pytest.raises(BrainScriptError) as caught:
        bs.compile(SOURCE).eval(**arrays)  # pyright: ignore[reportArgumentType]
    diagnostic = caught.value.diagnostics[0]
    assert words in f"{diagnostic.title} {diagnostic.help}"


def test_missing_file_and_unknown_node() -> None:
    with pytest.raises(MissingFileError):
        bs.load("missing.model")
    with pytest.raises(BrainScriptError, match="no node 'y'"):
        bs.compile(SOURCE).eval(["y"], features=[[1, 2, 3]])
