"""Recorded CNTK 2.7 logs recomputed with numpy: only the right order of samples gives them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brainscript.frontend.config import load_config
from brainscript.frontend.source import Sources
from brainscript.runtime import generators
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.network import InputSpec
from brainscript.settings import Settings

GOLDEN = Path(__file__).parents[3] / ".." / "shared" / "golden" / "training"
Floats = NDArray[np.float32]


class Softmax:
    """Softmax regression `LinearLayer{3}(x)` trained as CNTK does, in float32."""

    def __init__(self, inputs: int, outputs: int):
        bound = float(np.float32(np.sqrt(6 / (inputs + outputs))))
        start = generators.uniform(1, inputs * outputs, -bound, bound)
        self.weights = start.reshape(inputs, outputs).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)
        self.velocity = np.zeros((inputs + 1, outputs), np.float32)

    def step(self, x: Floats, y: Floats, rate: float, momentum: float) -> tuple[float, int]:
        """One update; the summed cross entropy and the errors before it."""
        z = x @ self.weights + self.bias
        shifted = z - z.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        gradient = np.exp(logp) - y
        full = np.vstack([x.T @ gradient, gradient.sum(axis=0)])
        self.velocity = momentum * self.velocity + (1 - momentum) * rate * full
        self.weights = self.weights - self.velocity[:-1]
        self.bias = self.bias - self.velocity[-1]
        return -float((y * logp).sum()), int((z.argmax(1) != y.argmax(1)).sum())


def load(case: str, section: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Any]:
    """The command section of a golden case and its expected log."""
    if not (GOLDEN / case).is_dir():
        pytest.skip("recorded cases are not part of the tree")
    monkeypatch.chdir(GOLDEN / case)
    settings = load_config(["configFile=case.cntk"], Sources()).section(section)
    return settings, json.loads(Path("expected.json").read_text())


def progress_of(settings: Settings, x_name: str, y_name: str) -> list[tuple[float, int, int]]:
    """Cross entropy, errors and samples of each minibatch of all epochs."""
    inputs = [InputSpec(x_name, (2,)), InputSpec(y_name, (3,))]
    reader = open_reader(settings.section("reader"), inputs)
    sgd = settings.section("SGD")
    size = sgd.integer("minibatchSize")
    rate = float(np.float32(sgd.number("learningRatesPerMB") / size))
    per_sample = sgd.number("momentumPerMB", float(np.float32(0.9))) ** (1 / size)
    model = Softmax(2, 3)
    found: list[tuple[float, int, int]] = []
    for epoch in range(sgd.integer("maxEpochs")):
        reader.start_epoch(epoch, sgd.integer("epochSize", 0), size)
        while (batch := reader.next()) is not None:
            x, y = (np.empty((batch.columns["*"], n), np.float32) for n in (2, 3))
            batch.fill(x_name, x)
            batch.fill(y_name, y)
            momentum = float(np.float32(per_sample ** batch.padded["*"]))
            found.append((*model.step(x, y, rate, momentum), len(x)))
    return found


def check(expected: Any, found: list[tuple[float, int, int]], interval: int, per_epoch: int):
    """The progress lines of the log against the recomputation."""
    lines = [entry for entry in expected["log"] if "progress" in entry]
    assert lines
    for line in lines:
        place = line["progress"]
        first = (place["epoch"] - 1) * per_epoch + place["from"] - 1
        batches = found[first : first + interval]
        count = sum(b[2] for b in batches)
        ce, samples = line["values"]["ce"]
        assert samples == count
        percent = line["values"]["errs"][0]
        assert math.isclose(sum(b[0] for b in batches) / count, ce, rel_tol=2e-5)
        assert math.isclose(100 * sum(b[1] for b in batches) / count, percent, abs_tol=1e-3)


@pytest.mark.parametrize(
    "case", ["order-chunk-window", "order-sample-window", "order-not-randomized"]
)
def test_order_cases(case: str, monkeypatch: pytest.MonkeyPatch):
    settings, expected = load(case, "o", monkeypatch)
    check(expected, progress_of(settings, "pos", "cls"), 1, 11)


def test_rows_left_out_keep_their_sequence_and_its_count(monkeypatch: pytest.MonkeyPatch):
    settings, expected = load("bad-lines-tolerated", "e", monkeypatch)
    check(expected, progress_of(settings, "features", "labels"), 2, 10)


@pytest.mark.parametrize("case", ["composite-two-files", "composite-in-file-order"])
def test_joined_files(case: str, monkeypatch: pytest.MonkeyPatch):
    settings, expected = load(case, "join", monkeypatch)
    check(expected, progress_of(settings, "features", "labels"), 2, 9)


@pytest.mark.parametrize("case", ["epoch-size-smaller-than-data", "epoch-size-larger-than-data"])
def test_epochs_are_windows_of_the_sweeps(case: str, monkeypatch: pytest.MonkeyPatch):
    settings, expected = load(case, "t", monkeypatch)
    inputs = [InputSpec("features", (2,)), InputSpec("labels", (3,))]
    reader = open_reader(settings.section("reader"), inputs)
    sgd = settings.section("SGD")
    sizes: list[tuple[int, int]] = []
    for epoch in range(sgd.integer("maxEpochs")):
        reader.start_epoch(epoch, sgd.integer("epochSize"), sgd.integer("minibatchSize"))
        while (batch := reader.next()) is not None:
            sizes.append((epoch + 1, batch.samples))
    lines = [entry for entry in expected["log"] if "progress" in entry]
    assert sizes == [(e["progress"]["epoch"], e["values"]["ce"][1]) for e in lines]
