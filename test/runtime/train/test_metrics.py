"""Tables, TensorBoard files and pictures of what training measures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions.run import run_all
from brainscript.runtime.train.metrics import (
    CurveRecorder,
    Metrics,
    Record,
    TableRecorder,
    TensorboardRecorder,
)
from test.runtime.conftest import CONFIG, settings_of
from test.runtime.fake_network import FakeWorld

VALUES = [("ce", 0.5, 20), ("errs", 0.25, 20)]


def two_epochs(metrics: Metrics) -> None:
    """Two minibatches, an epoch, its validation; and once more."""
    for epoch in (1, 2):
        metrics.record("minibatch", epoch, 1, VALUES)
        metrics.record("minibatch", epoch, 2, VALUES)
        metrics.record("epoch", epoch, 0, VALUES)
        metrics.record("validate", epoch, 0, VALUES)


class Kept:
    """Keeps records."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def record(self, record: Record) -> None:
        self.records.append(record)

    def close(self) -> None:
        pass


def test_csv(tmp_path: Path) -> None:
    """One header, one line a value; a second run appends."""
    path = tmp_path / "a" / "m.csv"
    for _ in range(2):
        recorder = TableRecorder(path)
        two_epochs(Metrics((recorder,), lambda: 7.0))
        recorder.close()
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == 32
    first = dict(rows[1])
    assert (first["node"], first["value"], first["samples"]) == ("errs", "0.25", "20")
    assert (first["time"], first["epoch"], first["minibatch"]) == ("7.0", "1", "1")
    assert [row["set"] for row in rows[:8:2]] == ["minibatch", "minibatch", "epoch", "validate"]


def test_json_lines(tmp_path: Path) -> None:
    """One object a line."""
    recorder = TableRecorder(tmp_path / "m.jsonl")
    two_epochs(Metrics((recorder,)))
    recorder.close()
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert {(line["set"], line["epoch"]) for line in lines} >= {("epoch", 2), ("validate", 1)}


def test_tensorboard(tmp_path: Path) -> None:
    """One event file, with the names of the scalars in it."""
    recorder = TensorboardRecorder(tmp_path)
    two_epochs(Metrics((recorder,)))
    recorder.close()
    (file,) = tmp_path.iterdir()
    data = file.read_bytes()
    for name in (b"minibatch/ce", b"summary/ce", b"summary/test_errs"):
        assert name in data


@pytest.mark.parametrize(("name", "start"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml")])
def test_curves(tmp_path: Path, name: str, start: bytes) -> None:
    """A picture after each epoch."""
    recorder = CurveRecorder(tmp_path / name)
    two_epochs(Metrics((recorder,)))
    assert (tmp_path / name).read_bytes().startswith(start)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    """A diagnostic, also for a kind of picture that is not known."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BrainScriptError, match="cannot be written"):
        TableRecorder(tmp_path / "file" / "m.csv")
    with pytest.raises(BrainScriptError, match="cannot be written"):
        two_epochs(Metrics((CurveRecorder(tmp_path / "c.xyz"),)))


def test_a_run_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress lines and epochs come with the averages that the log shows."""
    monkeypatch.chdir(tmp_path)
    kept, log = Kept(), io.StringIO()
    world = FakeWorld(log, io.StringIO(), 50)
    world.environment.recorders = (kept,)
    run_all(settings_of(CONFIG % ""), world.environment)
    first = kept.records[0].node
    epochs = [r for r in kept.records if r.set == "epoch" and r.node == first]
    assert [r.epoch for r in epochs] == [1, 2, 3]
    lines = [line for line in log.getvalue().splitlines() if line.startswith("Finished Epoch")]
    for record, line in zip(epochs, lines, strict=True):
        assert f"{record.value:.8f} * {record.samples}" in line
    assert [r.minibatch for r in kept.records if r.set == "minibatch"][:1] == [2]


def test_records_have_an_interval_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Averages of all minibatches of an epoch, while the log has a line for every second one."""
    monkeypatch.chdir(tmp_path)
    kept, log = Kept(), io.StringIO()
    world = FakeWorld(log, io.StringIO(), 50)
    world.environment.recorders = (kept,)
    run_all(settings_of(CONFIG % "; tensorBoardNumMBsToLogResult = 1"), world.environment)
    first = [r for r in kept.records if r.epoch == 1 and r.node == kept.records[0].node]
    shares = [r for r in first if r.set == "minibatch"]
    assert [(r.minibatch, r.samples) for r in shares] == [(1, 20), (2, 20), (3, 10)]
    (whole,) = (r for r in first if r.set == "epoch")
    assert sum(r.value * r.samples for r in shares) == pytest.approx(whole.value * 50, rel=1e-5)
    assert "Minibatch[   1-   2" in log.getvalue()
