"""The option `--matmul-precision bf16`: other products, other programs, much the same training."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.target import MatmulPrecision, choose_target
from test.tools.commands import environment, run, write_case

WIDER = (
    ("W = ParameterTensor {(3:2), init='uniform'}", "W = ParameterTensor {(32:2), init='uniform'}"),
    ("h = Tanh (W * x)", "h = Tanh (ParameterTensor {(32:32)} * Tanh (W * x))"),
    ("ParameterTensor {(1:3)} * h", "ParameterTensor {(1:32)} * h"),
    ("minibatchSize = 4", "minibatchSize = 20"),
)


def losses(folder: Path, *words: str) -> list[float]:
    """The criterion of every epoch of a run that starts anew."""
    done = run(folder, "bs-jit", "tiny.cntk", "makeMode=false", *words)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"Finished Epoch\[.*?ce = ([\d.e+-]+)", done.stderr)
    assert len(found) == 3
    return [float(value) for value in found]


@pytest.mark.skipif(not choose_target().pairs, reason="this processor has no AVX512_BF16")
def test_training_is_much_the_same_and_cached_apart(tmp_path: Path) -> None:
    write_case(tmp_path, *WIDER)
    rounded = losses(tmp_path, "--matmul-precision", "bf16")
    exact = losses(tmp_path)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)
    assert losses(tmp_path, "--matmul-precision", "bf16", "numCPUThreads=2") == rounded


@pytest.mark.skipif(not choose_target().pairs, reason="this processor has no AVX512_BF16")
def test_networks_in_python_have_the_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "x = Input {64}\nz = ParameterTensor {(48:64)} * Tanh (x)\noutputNodes = (z)"
    x = np.random.default_rng(0).normal(size=(32, 64))
    exact = bs.compile(source)
    rounded = bs.compile(source, matmul_precision="bf16")
    exact.save(tmp_path / "a.model")
    values = [m.eval(x=x)["z"] for m in (exact, rounded, rounded.clone(["z"]))]
    loaded = bs.load(tmp_path / "a.model", matmul_precision="bf16").eval(x=x)["z"]
    assert not np.array_equal(values[0], values[1])
    np.testing.assert_allclose(values[0], values[1], atol=0.02)
    np.testing.assert_array_equal(values[1], values[2])
    np.testing.assert_array_equal(values[1], loaded)
    write_case(tmp_path, *WIDER)
    monkeypatch.chdir(tmp_path)
    choices: tuple[MatmulPrecision, ...] = ("float32", "bf16")
    for choice in choices:
        bs.train("tiny.cntk", f"modelPath={choice}.model", matmul_precision=choice)
    trained = [bs.load(f"{choice}.model").parameters for choice in choices]
    assert any(trained[0][n].tobytes() != trained[1][n].tobytes() for n in trained[0])


def test_what_python_says_of_a_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrainScriptError, match="no precision of matrix products 'f16'") as found:
        bs.compile("z = Parameter (1, 1)", matmul_precision=cast("Any", "f16"))
    assert found.value.diagnostics[0].help == "known: float32, bf16"
    monkeypatch.setenv("BS_TARGET", "avx2")
    with pytest.raises(BrainScriptError, match="'avx2' has no instructions"):
        bs.compile("z = Parameter (1, 1)", matmul_precision="bf16")


def test_a_processor_without_is_told(tmp_path: Path) -> None:
    write_case(tmp_path)
    words = ("tiny.cntk", "--matmul-precision", "bf16", "--target", "avx2")
    done = run(tmp_path, "bs-jit", *words, variables=environment(tmp_path))
    assert done.returncode == 2
    assert "error[BS0816]: the target 'avx2' has no instructions" in done.stderr
    assert "help: leave out '--matmul-precision bf16'" in done.stderr
