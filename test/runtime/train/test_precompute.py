"""Means over data before training, along axes that operations make."""

from __future__ import annotations

from pathlib import Path

import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError

CONFIG = """
modelPath = "m.dnn"
train = {
    action = "train"
    BrainScriptNetworkBuilder = {
        x = Input {2} ; y = Input {1} ; m = Mean (%s)
        ce = SquareError (y, ReduceSum (m) + ParameterTensor {1} * y)
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce)
    }
    reader = {
        readerType = "CNTKTextFormatReader" ; file = "data.ctf" ; randomize = false
        input = [ x = [ dim = 2 ; format = "dense" ] ; y = [ dim = 1 ; format = "dense" ] ]
    }
    SGD = { minibatchSize = 4 ; learningRatesPerMB = 0.1 ; maxEpochs = 1 }
}
"""
LENGTHS = (2, 3, 1, 4)


def mean_of(source: str) -> list[float]:
    """The estimate for sequences whose first samples are (1, 2), (2, 4), ... and the others 100."""
    rows: list[str] = []
    for number, length in enumerate(LENGTHS):
        first = f"{number} |x {number + 1} {2 * number + 2} |y 1\n"
        rows += [first, *[f"{number} |x 100 100 |y 1\n"] * (length - 1)]
    Path("data.ctf").write_text("".join(rows))
    Path("f.cntk").write_text(CONFIG % source)
    bs.train("f.cntk", "makeMode=false")
    network = bs.load("m.dnn").network
    found = next(spec for spec in network.facts.precomputed)
    return network.state.view(found.state).reshape(-1).tolist()


def test_axes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A sample for each sequence counts once; of what a condition finds nobody knows how many."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert mean_of("x") == pytest.approx([(10 + 600) / 10, (20 + 600) / 10])
    assert mean_of("BS.Sequences.First (x)") == pytest.approx([2.5, 5.0])
    with pytest.raises(BrainScriptError, match="estimates over the steps that a condition finds"):
        mean_of("BS.Sequences.Gather (Slice (0, 1, x), x)")
