"""Statistics of inputs in an ONNX file: what no data have given is warned of, in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")

SOURCE = """
x = Input {3}
m = Mean (x)
z = PerDimMeanVarNormalization (x, m, InvStdDev (x))
unused = Mean (x + x)
evaluationNodes = (unused)
outputNodes = (z)
"""
WARNED = """\
warning[BS0518]: 'm' (Mean) was never computed from data: the file has zeros for it
in: m
help: train the network first, or save it as a model file after training: the first pass over the \
data finds it
warning[BS0518]: 'z.invStdDevVector' (InvStdDev) was never computed from data: the file has zeros \
for it
in: z.invStdDevVector
help: train the network first, or save it as a model file after training: the first pass over the \
data finds it
"""


def test_statistics_that_no_data_have_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    model = bs.compile(SOURCE)
    done = model.export_onnx(tmp_path / "a.onnx")
    assert capsys.readouterr().err == WARNED
    assert [remark.path for remark in done.remarks] == ["m", "z.invStdDevVector"]
    model.save(tmp_path / "a.model")
    words = [sys.executable, "-m", "brainscript.tools.bs_jit", "export", "a.model", "-o", "b.onnx"]
    variables = {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "NO_COLOR": "1"}
    run = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stderr.startswith(WARNED + "opset 17, checked")


@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_statistics_of_data_are_not_warned_of(mean: float, tmp_path: Path) -> None:
    """A mean of zero beside a deviation of the same input has been found."""
    model = bs.compile(SOURCE)
    state = model.network.state
    for name, value in (("m", mean), ("z.invStdDevVector", 0.5)):
        state.view(name)[...] = value
    assert not model.export_onnx(tmp_path / "a.onnx").remarks
    held = {
        t.name: onnx.numpy_helper.to_array(t)
        for t in onnx.load(tmp_path / "a.onnx").graph.initializer
    }
    np.testing.assert_array_equal(held["m"], np.full(3, mean))
