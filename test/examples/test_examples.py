"""The examples are trained as their first lines say; the errors are near those that they claim."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from test.tools.commands import ROOT, environment, run

EXAMPLES = ROOT / "examples"


def script(folder: str, name: str) -> dict[str, Any]:
    """What a program of an example defines."""
    return runpy.run_path(str(EXAMPLES / folder / f"{name}.py"))


def error_of(folder: Path, config: str, *words: str) -> float:
    """Run a config of the examples in `folder`; the error in percent that its test prints."""
    shutil.copy(EXAMPLES / Path(config).stem / config, folder)
    words = ("numCPUThreads=1", *words)
    done = run(folder, "bs-jit", config, *words, variables=environment(folder))
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    found = re.search(r"Final Results: .*?errs = ([\d.]+)%", done.stderr)
    assert found is not None
    return float(found[1])


def test_residual_network(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits are those of scikit-learn")
    script("digits", "make_data")["write"](tmp_path / "data")
    rates = "train=[SGD=[maxEpochs=2; learningRatesPerMB=0.2:0.05]]"
    assert error_of(tmp_path, "resnet.cntk", "depth=1", rates) < 5


def test_tagger(tmp_path: Path) -> None:
    without_context = script("tagger", "make_data")["write"](tmp_path / "data")
    assert without_context > 25
    both_ways = error_of(tmp_path, "tagger.cntk")
    forward = error_of(tmp_path, "tagger.cntk", "reading=Forward", "command=train:test", "outDir=f")
    assert both_ways < 4 < 8 < forward < 12
    written = (tmp_path / "out" / "tags.z").read_text().split()
    rows = (tmp_path / "data" / "test.ctf").read_text().splitlines()
    right = [row.split()[-1] for row in rows]
    wrong = sum(a != b for a, b in zip(written, right, strict=True))
    assert 100 * wrong / len(right) == pytest.approx(both_ways, abs=0.001)


def test_classifier(tmp_path: Path) -> None:
    script("classifier", "make_data")["write"](tmp_path / "data")
    assert error_of(tmp_path, "classifier.cntk") < 2


def test_sequence_to_sequence(tmp_path: Path) -> None:
    script("seq2seq", "make_data")["write"](tmp_path / "data")
    assert error_of(tmp_path, "seq2seq.cntk") < 1
    error, pairs = script("seq2seq", "compare")["wrong"](tmp_path / "out")
    assert error < 2
    assert len(pairs) == 400
    assert len({right for _, right in pairs}) == 400
