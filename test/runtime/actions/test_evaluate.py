"""The actions test, eval and cv."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError, MissingFileError
from test.runtime import fake_network
from test.runtime.conftest import CONFIG, Run

Go = Callable[..., Run]
TESTED = CONFIG.replace("command = t", "command = t:e")
TEST = """
e = { action = "test" ; reader = { a = 1 } ; numMBsToShowResult = 2 %s }
"""


def test_metrics_come_before_criteria_and_the_tail_is_shown(run: Go):
    done = run(TESTED % "" + TEST % "")
    lines = [line for line in done.log.splitlines() if line.startswith(("Minibatch", "Final"))]
    assert [line.split(" = ")[0] for line in lines] == [
        "Minibatch[1-2]: errs",
        "Minibatch[3-3]: errs",
        "Final Results: Minibatch[1-3]: errs",
    ]
    assert lines[-1].endswith("% * 50; ce = 0.78878717 * 50; perplexity = 2.20072571")
    assert done.world.readers[1].calls == [(0, 0, 20)]
    assert not done.world.readers[1].randomize


def test_a_visible_builder_makes_a_fresh_network(run: Go):
    done = run(TESTED % "" + TEST % "; BrainScriptNetworkBuilder = { z = 1 }")
    assert done.world.networks[-1].facts.ir_text == "built"


def test_a_fresh_network_beside_a_model_is_told_of(run: Go, monkeypatch: pytest.MonkeyPatch):
    """Random first values are hardly meant when the model is there."""
    builder = TEST % "; BrainScriptNetworkBuilder = { z = 1 }"
    assert not run(TESTED % "" + builder).world.warnings
    drawn = tuple(replace(spec, init="uniform", range=0.1) for spec in fake_network.PARAMETERS)
    monkeypatch.setattr(fake_network, "PARAMETERS", drawn)
    done = run('command = e ; modelPath = "other.dnn"' + builder)
    assert not done.world.warnings
    done = run('command = e ; modelPath = "m.dnn"' + builder)
    assert [w.code for w in done.world.warnings] == ["BS0733"]
    assert not run('command = e ; modelPath = "m.dnn"' + TEST % "").world.warnings


def test_nodes_are_chosen_by_name(run: Go):
    done = run(TESTED % "" + TEST % "; evalNodeNames = ce:nothing")
    assert done.lines("Final Results: Minibatch[1-3]: ce = ")
    assert [w.code for w in done.world.warnings] == ["BS0719"]
    with pytest.raises(BrainScriptError) as caught:
        run(TEST % "; evalNodeNames = er" + 'command = e ; modelPath = "m.dnn"')
    assert caught.value.diagnostics[0].code == "BS0719"


def test_a_missing_model_is_named(run: Go):
    with pytest.raises(MissingFileError, match=r"none\.dnn"):
        run('command = e ; modelPath = "none.dnn"' + TEST % "")


def test_cv_names_the_best_model(run: Go):
    cv = """
    c = { action = "cv" ; reader = { a = 1 } ; crossValidationInterval = 1:1:2 }
    """
    done = run((CONFIG % "").replace("command = t", "command = t:c") + cv)
    assert len(done.lines("Final Results")) == 2
    tail = done.log[done.log.index("Best models:") :].splitlines()
    assert tail[1].startswith("Based on Err[0]: Best model = m.dnn.")
    assert tail[2].startswith("Based on Err[1]: Best model = m.dnn.2 with min err 0.8")
    assert done.world.readers[1].randomize


def test_cv_takes_the_final_model_for_a_missing_one(run: Go):
    cv = """
    c = { action = "cv" ; reader = { a = 1 } ; crossValidationInterval = 2:1:5 }
    """
    done = run((CONFIG % "").replace("command = t", "command = t:c") + cv)
    assert done.lines("There is no model 'm.dnn.3'.")
    assert len(done.lines("Final Results")) == 2
    assert Path("m.dnn").exists()
