"""What a config's owner is told of a key that is missing or unknown and of an odd value."""

from __future__ import annotations

import pytest

from brainscript.remedies import for_missing, for_override, for_unknown, for_value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"maxEpochs : 2": "true"}, "write maxEpochs = 2: a value stands behind '='"),
        (
            {"dim": '2 maxEpochs = "dense"'},
            "the value of 'dim' goes on with 'maxEpochs =': is ';' missing between them?",
        ),
        ({"maxEpoch": "3"}, "'maxEpoch' is given: did you mean 'maxEpochs'?"),
        ({"inner": "[ maxEpochs = 2 ]"}, "add maxEpochs = ..."),
        ({"text": "$maxEpochs == 3"}, "add maxEpochs = ..."),
    ],
)
def test_missing_key(given: dict[str, str], said: str) -> None:
    assert for_missing("maxEpochs", given) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= 0", "write one '='"),
        ("0 // all", "a comment in a config begins with '#'"),
        ('2 format = "dense"', "is ';' missing before 'format ='?"),
        ("84 * 64", "a config does not calculate: write 5376"),
        ("two", ""),
    ],
)
def test_unreadable_value(text: str, said: str) -> None:
    assert for_value(text) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("01", "',' ends a value: a fraction is written 0.5, several values a:b"),
        (".z", "put the whole expression in parentheses: ({ ... }.z)"),
        ("maxEpoch", "did you mean 'maxEpochs'?"),
        ("zzz", ""),
    ],
)
def test_unknown_key(key: str, said: str) -> None:
    assert for_unknown(key, ["maxEpochs"]) == said


@pytest.mark.parametrize(
    ("key", "holding", "said"),
    [
        ("train:SGD:maxEpochs", [], "write train=[SGD=[maxEpochs=...]]"),
        ("SGD", ["train"], "the section 'train' has one of its own: write train=[SGD=...]"),
        ("k", ["t:S"], "the section 't:S' has one of its own: write t=[S=[k=...]]"),
        ("modelpth", [], "did you mean 'modelPath'?"),
        ("depth", [], ""),
        ("width", [], "no command that ran has a use for it"),
    ],
)
def test_override_that_nothing_reads(key: str, holding: list[str], said: str) -> None:
    values = "{ n = depth * 2 ; width = 3 ; modelpth [ ] }"
    assert for_override(key, ["modelPath", "modelpth"], holding, values) == said
