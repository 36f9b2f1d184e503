"""Recurrent layers of ONNX files, against onnxruntime; what of them is refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from test.runtime.model.test_exchange import session

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
STEPS, INPUT, STATE, SAMPLES = 5, 3, 7, 4


def layer(path: Path, kind: str, roles: str = "XWRB", steps: int = STEPS, **options: Any) -> None:
    """A file with one layer; `roles` are its inputs, of which s, h and c come with the samples."""
    helper, chance = onnx.helper, np.random.default_rng(3)
    both = 2 if options.get("direction") == "bidirectional" else 1
    rows = GATES[kind] * STATE
    shapes = {"W": (both, rows, INPUT), "R": (both, rows, STATE), "B": (both, 2 * rows)}
    shapes["P"] = (both, 3 * STATE)
    constants = [
        onnx.numpy_helper.from_array(chance.normal(size=shapes[n]).astype(np.float32) * 0.5, n)
        for n in roles
        if n in shapes
    ]
    infos = {"X": [steps, "n", INPUT], "s": ["n"], "h": [both, "n", STATE], "c": [both, "n", STATE]}
    infos |= {"Y": [steps, both, "n", STATE], "H": infos["h"], "C": infos["h"]}
    inputs = [
        helper.make_tensor_value_info(name, 6 if name == "s" else 1, infos[name])
        for name in roles
        if name in infos
    ]
    results = ["Y", "H", "C"][: 3 if kind == "LSTM" else 2]
    names = [role if role in roles else "" for role in ("XWRBshcP" if kind == "LSTM" else "XWRBsh")]
    made = helper.make_node(kind, names, results, **{"hidden_size": STATE, **options})
    outputs = [helper.make_tensor_value_info(name, 1, infos[name]) for name in results]
    graph = helper.make_graph([made], "g", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path.write_bytes(model.SerializeToString())


def compare(path: Path) -> None:
    """All results for several samples; ours have the samples first."""
    chance, runs = np.random.default_rng(1), session(path)
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    for spec in runs.get_inputs():
        if spec.name == "s":
            theirs["s"] = np.array([5, 1, 3, 2], np.int32)
            ours["s"] = theirs["s"].astype(np.float32)[:, None]
            continue
        shape = [SAMPLES if isinstance(n, str) else n for n in spec.shape]
        theirs[spec.name] = chance.normal(size=shape).astype(np.float32)
        ours[spec.name] = theirs[spec.name].swapaxes(0, 1)
    names = [o.name for o in runs.get_outputs()]
    found = bs.load(path).eval(names, **ours)
    for name, value in zip(names, runs.run(names, theirs), strict=True):
        place = {"Y": 2}.get(name, 1)
        expected = np.moveaxis(value, place, 0)
        np.testing.assert_allclose(found[name], expected, rtol=2e-5, atol=2e-6, err_msg=name)


WAYS = ("forward", "reverse", "bidirectional")


@pytest.mark.parametrize(("kind", "way"), list(product(GATES, WAYS)))
def test_layers(kind: str, way: str, tmp_path: Path) -> None:
    """With lengths and initial states, and in the shortest way."""
    path = tmp_path / "net.onnx"
    states = "hcP" if kind == "LSTM" else "h"
    layer(path, kind, "XWRBs" + states, direction=way)
    compare(path)
    layer(path, kind, "XWR", steps=1, direction=way)
    compare(path)


def test_their_options(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    layer(path, "GRU", linear_before_reset=1, activations=["HardSigmoid", "Softsign"])
    compare(path)
    layer(path, "LSTM", input_forget=1)
    compare(path)
    layer(path, "RNN", direction="bidirectional", activations=["Relu", "Sigmoid"])
    compare(path)


REFUSED: dict[str, dict[str, Any]] = {
    "it clips": {"clip": 0.5},
    "its activation 'Affine' is not known": {"activations": ["Affine", "Tanh", "Tanh"]},
    "it has 1 activations, where 3 are expected": {"activations": ["Tanh"]},
    "its direction is none of forward, reverse": {"direction": "sideways"},
    r"its W is \[1, 28, 3\], where \[1, 24, 3\] is expected": {"hidden_size": 6},
    "more than 512 steps": {"steps": 2000},
    "its shape is not known": {"steps": "many"},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(why: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    layer(path, "LSTM", **REFUSED[why])
    with pytest.raises(BrainScriptError, match=why):
        bs.load(path)
