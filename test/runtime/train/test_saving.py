"""What stays on disk: runs that end early, go back, or were killed while they wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.train.saving.checkpoint import Partial, Progress
from test.runtime.conftest import CONFIG, Run
from test.runtime.fake_network import manifest_of
from test.runtime.train.test_interruption import KilledError, clear, kill_at

Go = Callable[..., Run]
CONTROL = "; AutoAdjust = { autoAdjustLR = adjustAfterEpoch ; %s }"
FALLING = CONTROL % "continueReduce = true ; reduceLearnRateIfImproveLessThan = 0.9"
BACK = CONTROL % (
    "increaseLearnRateIfImproveMoreThan = 0 ; learnRateIncreaseFactor = 40 ; "
    "learnRateDecreaseFactor = 0.01"
)


def longer(keys: str, epochs: int) -> str:
    return (CONFIG % keys).replace("maxEpochs = 3", f"maxEpochs = {epochs}")


def test_a_run_that_the_control_ended_is_finished(run: Go) -> None:
    first = run(longer(FALLING, 9))
    assert first.lines("The criterion no longer improves")
    assert manifest_of("m.dnn")["epoch"] < 8
    again = run(longer(FALLING, 9))
    assert again.lines("Final model exists: m.dnn")
    assert not again.world.warnings
    assert not again.lines("Finished Epoch")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("count", range(12, 18))
def test_killed_around_a_step_back_a_restart_gives_the_same_model(
    run: Go, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """The model that is gone back to is saved again with the lowered rate."""
    assert run(longer(BACK, 5)).lines("The criterion got worse: going back to")
    wanted = Path("m.dnn").read_bytes()
    clear()
    with monkeypatch.context() as patch:
        kill_at(patch, count)
        with pytest.raises(KilledError):
            run(longer(BACK, 5))
    run(longer(BACK, 5))
    assert Path("m.dnn").read_bytes() == wanted


def test_what_killed_runs_left_half_written_goes(run: Go) -> None:
    left = [".m.dnn.abcdefg_.tmp", ".m.dnn.12.ckp.01234567.tmp", ".m.dnn.manifest.abcd1234.tmp"]
    others = [".m.dnn.other.abcdefgh.tmp", ".mxdnn.abcdefgh.tmp", "m.dnn.abcdefgh.tmp"]
    for name in (*left, *others):
        Path(name).touch()
    run(CONFIG % "")
    assert not [name for name in left if Path(name).exists()]
    assert all(Path(name).exists() for name in others)


def test_old_checkpoints_are_looked_for_once(run: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed run may have left some; from then on each epoch removes one."""
    asked: list[str] = []
    unlink = Path.unlink

    def noted(path: Path, missing_ok: bool = False) -> None:
        asked.append(path.name)
        unlink(path, missing_ok)

    run(CONFIG % "")
    Path("m.dnn.1.ckp").touch()
    for name in ("m.dnn", "m.dnn.manifest"):
        Path(name).unlink()
    Path("m.dnn.ckp").rename("m.dnn.2.ckp")
    monkeypatch.setattr(Path, "unlink", noted)
    run(longer("", 12))
    assert not Path("m.dnn.1.ckp").exists()
    assert len([name for name in asked if name.endswith(".ckp")]) == 12


def test_a_lock_that_cannot_be_opened_is_named(run: Go) -> None:
    Path("m.dnn.lock").mkdir()
    with pytest.raises(BrainScriptError, match=r"'m.dnn.lock' cannot be opened") as caught:
        run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0508"


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": "3"},
        {"samples_seen": -1},
        {"rates": 0.5},
        {"rate": [1]},
        {"partial": {"counts": 1}},
    ],
)
def test_the_state_of_a_run_holds_numbers(change: dict[str, object]) -> None:
    whole = Progress(3, 60, 0.5, partial=Partial(counts=[1]), rates=[0.5], best={"ce": (0.5, 2)})
    assert Progress.from_text(whole.as_text()) == whole
    with pytest.raises(ValueError, match="'"):
        Progress.from_text(json.dumps({**json.loads(whole.as_text()), **change}))
