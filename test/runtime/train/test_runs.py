"""Whole runs against the numpy network: log, files, restart, validation, control."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model import container
from test.runtime.conftest import CONFIG, Run
from test.runtime.fake_network import manifest_of

Go = Callable[..., Run]
SNAPSHOT = """
Creating virgin network.
Model has 9 nodes. Using CPU.
Training criterion:   ce = CrossEntropyWithSoftmax
Evaluation criterion: errs = ClassificationError
Training 9 parameters in 2 out of 2 parameter tensors and 5 nodes with gradient:
	Node 'z.W' (LearnableParameter operation) : [3 x 2]
	Node 'z.b' (LearnableParameter operation) : [3]
Precomputing 1 nodes: one pass over the data.
	mean = Mean
Precomputing done.
Starting Epoch 1: learning rate per sample = 0.025000  effective momentum = 0.900000  \
momentum as time constant = 189.8 samples
Starting minibatch loop.
 Epoch[ 1 of 1]-Minibatch[   1-   2]: ce = 1.08504829 * 40; errs = 62.500% * 40; TIME
Finished Epoch[ 1 of 1]: [Training] ce = 1.06546585 * 50; errs = 60.000% * 50; \
totalSamplesSeen = 50; learningRatePerSample = 0.025; TIME
SGD: Saving checkpoint model 'm.dnn'
Action "train" complete.
COMPLETED.
"""


def timeless(log: str) -> str:
    """The log without its banner and its times."""
    body = log[log.rindex("#") + 1 :]
    return re.sub(r"(time|epochTime)\s?=.*", "TIME", body).lstrip("\n")


def test_the_whole_log_of_a_run(run: Go):
    done = run((CONFIG % "").replace("maxEpochs = 3", "maxEpochs = 1"))
    assert timeless(done.log) == SNAPSHOT.lstrip("\n")


def test_files_of_a_run_and_its_manifest(run: Go):
    run(CONFIG % "")
    names = sorted(p.name for p in Path().iterdir())
    assert names == ["m.dnn", "m.dnn.0", "m.dnn.1", "m.dnn.2", "m.dnn.ckp", "m.dnn.manifest"]
    manifest = manifest_of("m.dnn")
    assert manifest["epoch"] == 3
    assert [f["name"] for f in manifest["files"]] == names[:-1]


def test_checkpoints_are_kept_when_asked(run: Go):
    run(CONFIG % "; keepCheckPointFiles = true")
    assert sorted(p.name for p in Path().glob("*.ckp")) == [
        "m.dnn.1.ckp",
        "m.dnn.2.ckp",
        "m.dnn.ckp",
    ]


def test_a_finished_run_trains_nothing_more(run: Go):
    run(CONFIG % "")
    again = run(CONFIG % "")
    assert again.lines("No further training is necessary.")
    assert not again.world.networks


def test_three_epochs_and_three_more_equal_six(run: Go):
    six = (CONFIG % "").replace("maxEpochs = 3", "maxEpochs = 6")
    run(six)
    wanted = Path("m.dnn").read_bytes()
    for path in Path().iterdir():
        path.unlink()
    run(CONFIG % "")
    for name in ("m.dnn", "m.dnn.ckp"):
        Path(name).rename(name.replace("m.dnn", "m.dnn.3"))
    rest = run(six)
    assert rest.lines("Starting from checkpoint. Loading network from 'm.dnn.3'.")
    assert [line[:23] for line in rest.lines("Finished")] == [
        f"Finished Epoch[ {e} of 6]" for e in (4, 5, 6)
    ]
    assert Path("m.dnn").read_bytes() == wanted


def test_a_missing_checkpoint_starts_afresh_with_a_warning(run: Go):
    run(CONFIG % "")
    Path("m.dnn").unlink()
    Path("m.dnn.ckp").unlink()
    rest = run(CONFIG % "")
    assert [w.code for w in rest.world.warnings] == ["BS0716"]
    assert "totalSamplesSeen = 50;" in rest.lines("Finished")[0]


def test_make_mode_off_starts_from_scratch(run: Go):
    run(CONFIG % "")
    again = run((CONFIG % "").replace('action = "train"', 'action = "train" ; makeMode = false'))
    assert again.lines("Creating virgin network.")
    assert len(again.lines("Finished")) == 3


def test_validation_prints_the_evaluators_line_first(run: Go):
    text = (CONFIG % "").replace("reader = {", "cvReader = { a = 1 }\n reader = {")
    done = run(text)
    kinds = [line.split("]")[1][:12] for line in done.lines("Finished")]
    assert kinds == [": [Training", ": [Validate"] * 3
    assert len(done.lines("Final Results: Minibatch[1-3]: ce = ")) == 3
    assert done.world.readers[1].calls == [(0, 0, 20)] * 3


def test_the_best_models_are_copied(run: Go):
    text = CONFIG % "; saveBestModelPerCriterion = true"
    done = run(text.replace("reader = {", "cvReader = { a = 1 }\n reader = {"))
    assert done.lines("Best epoch per criterion so far: [Validate] ce = ")
    assert Path("m.dnn_ce").read_bytes() == Path("m.dnn").read_bytes()
    assert Path("m.dnn_errs").exists()


def test_a_rate_of_zero_logs_and_moves_nothing(run: Go):
    keys = "learningRatesPerMB = 0.5:0:0.5 ; minLearningRatePerSample = 0"
    done = run((CONFIG % "").replace("learningRatesPerMB = 0.5", keys))
    assert Path("m.dnn.1").read_bytes() == Path("m.dnn.2").read_bytes()
    modes = [mode for mode, _, _ in done.world.networks[0].compiled]
    assert modes == ["train", "precompute", "criterion"]


def test_a_rate_below_the_minimum_ends_training_without_final_model(run: Go):
    done = run((CONFIG % "").replace("= 0.5", "= 0.5:0.000000001"))
    assert done.lines("Learn Rate Per Sample for Epoch[2] = ")
    assert not Path("m.dnn").exists()


def test_a_criterion_that_is_not_a_number_stops_the_run(run: Go, monkeypatch: pytest.MonkeyPatch):
    from test.runtime.fake_network import FakeStep

    def add(step: FakeStep, name: str, value: float) -> None:
        step.state.view(f"criterion.{name}")[0] = np.nan

    monkeypatch.setattr(FakeStep, "_add", add)
    with pytest.raises(BrainScriptError, match="not a number") as caught:
        run(CONFIG % "")
    assert caught.value.diagnostics[0].code == "BS0708"
    assert sorted(p.name for p in Path().iterdir()) == ["m.dnn.0", "m.dnn.manifest"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_control_rolls_back_a_worse_epoch(run: Go):
    block = "; AutoAdjust = { autoAdjustLR = adjustAfterEpoch ; increaseLearnRateIfImproveMoreThan "
    text = CONFIG % (
        block + "= 0 ; learnRateIncreaseFactor = 40 ; learnRateDecreaseFactor = 0.01 }"
    )
    done = run(text.replace("maxEpochs = 3", "maxEpochs = 4"))
    changes = [line.split("Sample ")[1] for line in done.lines("learnRatePerSample")]
    assert changes[:3] == ["increased to 1", "increased to 40.000001", "reduced to 0.40000001"]
    assert done.lines("The criterion got worse: going back to the model 'm.dnn.3'.")
    epochs = [line[14:18] for line in done.lines("Finished")]
    assert epochs[:5] == ["[ 1 ", "[ 2 ", "[ 3 ", "[ 4 ", "[ 4 "]
    assert Path("m.dnn").exists()


def test_precomputed_values_are_stored_with_the_model(run: Go):
    done = run(CONFIG % "")
    mean = container.load("m.dnn.0").tensors["mean"]
    assert mean == pytest.approx(done.world.readers[0].data[:, :2].mean(axis=0), rel=1e-5)
