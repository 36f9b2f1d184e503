"""Runs that are killed, interrupted, locked out, or meet a full disk."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.train.saving.files import locked
from test.runtime.conftest import CONFIG, Run
from test.runtime.fake_network import FakeStep, manifest_of

Go = Callable[..., Run]


class KilledError(BaseException):
    """Stands for the end of the process."""


def reference(run: Go) -> bytes:
    """The bytes of the final model of an undisturbed run; leaves an empty folder."""
    run(CONFIG % "")
    wanted = Path("m.dnn").read_bytes()
    clear()
    return wanted


def clear() -> None:
    for path in Path().iterdir():
        path.unlink()


def kill_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """End the process before its file number `count` takes its name."""
    replace, calls = os.replace, [0]

    def dying(source: Any, target: Any) -> None:
        calls[0] += 1
        if calls[0] == count:
            raise KilledError
        replace(source, target)

    monkeypatch.setattr(os, "replace", dying)


@pytest.mark.parametrize("count", range(1, 12))
def test_killed_between_any_two_files_a_restart_gives_the_same_model(
    run: Go, monkeypatch: pytest.MonkeyPatch, count: int
):
    wanted = reference(run)
    with monkeypatch.context() as patch:
        kill_at(patch, count)
        with pytest.raises(KilledError):
            run(CONFIG % "")
    rest = run(CONFIG % "")
    assert Path("m.dnn").read_bytes() == wanted
    orphan = count >= 5 and (count - 2) % 3 == 0
    assert [w.code for w in rest.world.warnings] == (["BS0714"] if orphan else [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("minibatch", range(1, 9))
def test_a_signal_saves_and_the_resumed_run_equals_the_undisturbed_one(
    run: Go, monkeypatch: pytest.MonkeyPatch, number: int, minibatch: int
):
    wanted = reference(run)
    log = run(CONFIG % "").lines("Finished")
    clear()
    step, done = FakeStep.run, [0]

    def signalled(self: FakeStep) -> None:
        step(self)
        done[0] += self.mode == "train"
        if done[0] == minibatch:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(FakeStep, "run", signalled)
        with pytest.raises(SystemExit) as caught:
            run(CONFIG % "")
    assert caught.value.code == 128 + number
    assert manifest_of("m.dnn")["position"]["minibatches"] == (minibatch - 1) % 3 + 1
    rest = run(CONFIG % "")
    assert rest.lines("Going on in epoch")
    assert Path("m.dnn").read_bytes() == wanted
    finished = rest.lines("Finished")
    assert [f.split("learning")[0] for f in finished] == [
        line.split("learning")[0] for line in log[-len(finished) :]
    ]
    assert not Path("m.dnn.partial").exists()


def test_a_second_run_with_the_same_model_is_refused(run: Go):
    with locked(Path("m.dnn.lock")), pytest.raises(BrainScriptError) as caught:
        run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0713"
    assert str(os.getpid()) in caught.value.diagnostics[0].title
    assert not Path("m.dnn.lock").exists()


def fill_disk(patch: pytest.MonkeyPatch, count: int, seconds: int) -> None:
    """No room for file number `count`; a run has `seconds` of patience."""
    replacing, calls = atomic.replacing, [0]

    def full(path: Any) -> Any:
        calls[0] += 1
        if calls[0] == count:
            raise OSError(28, "No space left on device")
        return replacing(path)

    patch.setattr("brainscript.runtime.model.container.replacing", full)
    patch.setattr("brainscript.runtime.train.saving.patience.limit", Mock(return_value=seconds))
    patch.setattr("brainscript.runtime.train.saving.patience.PAUSE", 0.0)


@pytest.mark.parametrize("count", range(1, 8))
def test_a_run_waits_until_the_disk_has_room(run: Go, monkeypatch: pytest.MonkeyPatch, count: int):
    wanted = reference(run)
    with monkeypatch.context() as patch:
        fill_disk(patch, count, 10)
        done = run(CONFIG % "")
    assert Path("m.dnn").read_bytes() == wanted
    assert [(w.code, w.severity) for w in done.world.warnings] == [("BS0508", "warning")]
    assert "the run waits for it" in done.world.warnings[0].help
    assert not list(Path().glob(".*.tmp"))


def test_a_full_disk_is_a_diagnostic_and_the_old_files_stay(
    run: Go, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        fill_disk(patch, 4, 0)
        with pytest.raises(BrainScriptError, match="No space left") as caught:
            run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0508"
    assert not list(Path().glob(".*.tmp"))
    assert manifest_of("m.dnn")["epoch"] == 1
    assert run(CONFIG % "").lines("Starting from checkpoint. Loading network from 'm.dnn.1'.")


def test_a_damaged_manifest_is_named(run: Go):
    run(CONFIG % "")
    Path("m.dnn.manifest").write_text("{")
    with pytest.raises(BrainScriptError) as caught:
        run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0717"


def test_a_checkpoint_of_another_network_is_named(run: Go):
    run(CONFIG % "; keepCheckPointFiles = true")
    for name in ("m.dnn", "m.dnn.ckp", "m.dnn.manifest"):
        Path(name).unlink()
    Path("m.dnn.2.ckp").write_bytes(Path("m.dnn.2").read_bytes())
    with pytest.raises(BrainScriptError) as caught:
        run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0715"
