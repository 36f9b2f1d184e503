"""The Python of the migration guide is run, on a network with the names that it uses."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "migrate.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OLD = """
features = Input {3}
labels = Input {2}
dense = [ W = ParameterTensor {(4:3)} ; y = Tanh (W * features) ]
h1 = [ W = ParameterTensor {(4:4)} ; h = W * dense.y ].h
z = LinearLayer {2} (h1)
ce = CrossEntropyWithSoftmax (labels, z)
criterionNodes = (ce)
outputNodes = (z)
"""


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bs.compile(OLD).save("old.dnn", "cntk1")
    (block,) = BLOCK.findall(PAGE.read_text())
    x = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
    y = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0]]
    names = {"x": x, "y": y, "s1": x, "s2": x[:2]}
    exec(compile(block, str(PAGE), "exec"), names)
    old = bs.load("old.dnn")
    expected = old.eval(["h1"], features=x)["h1"]
    part = bs.load("features.model")
    assert part.eval(features=x)["h1"].tobytes() == expected.tobytes()
    assert bs.load("for_cntk.dnn").parameters.keys() == old.parameters.keys()
    assert Path("weights.npz.json").exists()
