"""What an SGD section may hold: defaults, refusals that name the key, warnings."""

from __future__ import annotations

import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.train.options import Options, read_options
from test.runtime.conftest import settings_of

RATE = "learningRatesPerMB = 0.5 ; maxEpochs = 2"


def options(keys: str) -> Options:
    return read_options(settings_of(f"SGD = [ {keys} ]").section("SGD"), _ignored)


def _ignored(diagnostic: Diagnostic) -> None:
    assert diagnostic.severity == "warning"


def test_defaults():
    o = options(RATE)
    assert (o.epoch_size, o.minibatch_size(0), o.every, o.first, o.min_rate) == (
        0,
        256,
        10,
        0,
        1e-9,
    )
    assert o.momenta.values == (0.9,)
    assert not o.keep_checkpoints


def test_no_epoch_at_all():
    """A network is only made and saved; the sizes are checked all the same."""
    assert options("learningRatesPerMB = 1 ; maxEpochs = 0 ; epochSize = 300").max_epochs == 0


def test_schedules_repeat_their_last_entry():
    o = options("minibatchSize = 10*2:30 ; learningRatesPerSample = 0.1 ; maxEpochs = 5")
    assert [o.minibatch_size(e) for e in range(4)] == [10, 10, 30, 30]


@pytest.mark.parametrize(
    ("keys", "code", "word"),
    [
        ("learningRatesPerMB = 1", "BS0206", "maxEpochs"),
        ("maxEpochs = 1", "BS0703", "learning rate"),
        ("maxEpochs = 1 ; learningRatePerMB = 1", "BS0703", "learning rate"),
        (f"{RATE} ; learningRatesPerSample = 1", "BS0703", "learningRatesPerSample"),
        (f"{RATE} ; momentumPerMB = 1", "BS0705", "momentumPerMB"),
        (f"{RATE} ; momentumPerMB = 0.5 ; momentumPerSample = 0.5", "BS0704", "momentumPerSample"),
        (f"{RATE} ; dropoutRate = 1.5", "BS0705", "dropoutRate"),
        (f"{RATE} ; epochSize = 3 ; minibatchSize = 4", "BS0706", "epochSize"),
        ("learningRatesPerMB = 1 ; maxEpochs = -3 ; epochSize = 9", "BS0705", "maxEpochs"),
        (f"{RATE} ; minibatchSize = 0", "BS0705", "minibatchSize"),
        (f"{RATE} ; gradUpdateType = adadelta", "BS0705", "adadelta"),
        (f"{RATE} ; AutoAdjust = [ autoAdjustLR = sometimes ]", "BS0705", "sometimes"),
        (f"{RATE} ; L2RegWeight = -1", "BS0705", "L2RegWeight"),
    ],
)
def test_refusals_name_what_is_wrong(keys: str, code: str, word: str):
    with pytest.raises(BrainScriptError) as caught:
        options(keys)
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == code
    assert word.lower() in diagnostic.title.lower()
    assert diagnostic.span is not None


def test_a_refused_key_is_accepted_with_the_value_that_switches_it_off():
    assert options(f"{RATE} ; tensorBoardLogDir = none ; adaptationRegType = none").max_epochs == 2


def test_unknown_keys_warn_with_the_nearest_known_one():
    warnings: list[Diagnostic] = []
    section = settings_of(f"SGD = [ {RATE} ; learningRatesPerMBs = 3 ; numMBsToShowResults = 1 ]")
    read_options(section.section("SGD"), warnings.append)
    assert [(w.code, w.help) for w in warnings] == [
        ("BS0702", "did you mean 'learningRatesPerMB'?"),
        ("BS0702", "did you mean 'numMBsToShowResult'?"),
    ]
