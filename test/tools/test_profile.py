"""`bs-jit --profile`: a record of the run, with the times of the kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from brainscript.codegen.timing import trace
from test.tools.commands import SAMPLES, run, write_case


def test_a_profile_shows_what_was_done_when(tmp_path: Path) -> None:
    """Phases lie within each other, kernels are counted, and the model has the same bits."""
    write_case(tmp_path)
    assert run(tmp_path, "bs-jit", "tiny.cntk").returncode == 0
    plain = (tmp_path / "out" / "m.model").read_bytes()
    words = ("tiny.cntk", "--profile", "p/run.json", "modelPath=timed/m.model")
    assert run(tmp_path, "bs-jit", *words, "--no-cache").returncode == 0
    assert (tmp_path / "timed" / "m.model").read_bytes() == plain
    record = json.loads((tmp_path / "p" / "run.json").read_text())
    events = [event for event in record["traceEvents"] if event["ph"] == "X"]
    names = {event["name"] for event in events}
    assert names >= {"config", "front end", "net-gradient", "step train", "link", "save"}
    assert names >= {"train: train", "epoch 1", "epoch 3", "minibatches"}
    assert any(name.startswith("LLVM ") for name in names)
    assert any(name.startswith("emit ") for name in names)
    (epoch,) = (event for event in events if event["name"] == "epoch 2")
    calls = [e for e in events if e["name"] == "minibatches" and within(e, epoch)]
    assert sum(call["args"]["samples"] for call in calls) == SAMPLES
    kernels = [e for e in events if e["cat"] == "kernel" and within(e, epoch)]
    minibatches = sum(call["args"]["count"] for call in calls)
    assert {kernel["args"]["calls"] % minibatches for kernel in kernels} == {0}
    assert 0 < sum(kernel["dur"] for kernel in kernels) < epoch["dur"]


def within(event: dict[str, Any], other: dict[str, Any]) -> bool:
    end = other["ts"] + other["dur"]
    return other["ts"] <= event["ts"] and event["ts"] + event["dur"] <= end


def test_a_failing_run_leaves_its_profile(tmp_path: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "train.ctf").write_text("|x a\n")
    assert run(tmp_path, "bs-jit", "tiny.cntk", "--profile", "run.json").returncode == 1
    assert json.loads((tmp_path / "run.json").read_text())["traceEvents"]


def test_a_profile_that_cannot_be_written(tmp_path: Path) -> None:
    write_case(tmp_path)
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--profile", "tiny.cntk/run.json")
    assert done.returncode == 1
    assert "error[BS0741]" in done.stderr


def test_events_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST", 2)
    recorded = trace.start()
    for _ in range(5):
        with trace.span("a", "test"):
            pass
    trace.stop()
    with trace.span("b", "test"):
        pass
    whole = json.loads(recorded.text())
    assert len([e for e in whole["traceEvents"] if e["ph"] == "X"]) == 2
    assert whole["otherData"]["dropped"] == 3
