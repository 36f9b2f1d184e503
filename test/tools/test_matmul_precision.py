"""The option `--matmul-precision bf16`: other products, other programs, much the same training."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brainscript.target import choose_target
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


def test_a_processor_without_is_told(tmp_path: Path) -> None:
    write_case(tmp_path)
    words = ("tiny.cntk", "--matmul-precision", "bf16", "--target", "avx2")
    done = run(tmp_path, "bs-jit", *words, variables=environment(tmp_path))
    assert done.returncode == 2
    assert "error[BS0816]: the target 'avx2' has no instructions" in done.stderr
    assert "help: leave out '--matmul-precision bf16'" in done.stderr
