"""Typed values of a section: conversion, defaults, arrays, inheritance, keys nobody reads."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic, LimitError
from brainscript.settings import PRECISIONS, IntegerSchedule, Schedule, Settings

Load = Callable[..., Settings]
Failing = Callable[[Callable[[], object]], Diagnostic]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-1.5e-3", -0.0015),
        ("1#INF", math.inf),
        ("-1.#INF", -math.inf),
        ("1e999", math.inf),
        ("inf", math.inf),
        ("0x10", 16.0),
        ('" 2 "', 2.0),
        ("1#INF   # none", math.inf),
    ],
)
def test_numbers(load: Load, text: str, value: float) -> None:
    assert load(f"k = {text}").number("K") == value


@pytest.mark.parametrize("text", ["a", "1a", "1_000", "1 2", "0x", '""', "1.5.2"])
def test_texts_that_are_no_number(load: Load, text: str) -> None:
    with pytest.raises(BrainScriptError):
        load(f"k = {text}").number("k")


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("-3", -3), ("+7", 7), ("007", 7)])
def test_whole_numbers(load: Load, text: str, value: int) -> None:
    assert load(f"k = {text}").integer("k") == value


@pytest.mark.parametrize("text", ["1.0", "1e3", "0x10", "9" * 5000, "\u0663"])
def test_texts_that_are_no_whole_number(load: Load, failing: Failing, text: str) -> None:
    found = failing(lambda: load(f"k = {text}").integer("k"))
    assert (found.code, str(found.span)) == ("BS0207", "f.cntk:1:5")
    assert found.title.endswith("is not a whole number")


@pytest.mark.parametrize("text", ["t", "true", "T", "True", "TRUE", "1"])
def test_true(load: Load, text: str) -> None:
    assert load(f"k = {text}").boolean("k") is True
    assert load("k").boolean("k") is True


@pytest.mark.parametrize("text", ["f", "false", "F", "False", "FALSE", "0"])
def test_false(load: Load, text: str) -> None:
    assert load(f"k = {text}").boolean("k") is False


def test_an_empty_boolean_with_a_default_is_false(load: Load) -> None:
    assert load('k = ""').boolean("k", True) is False


@pytest.mark.parametrize("text", ["yes", "tRUE", "2"])
def test_texts_that_are_no_boolean(load: Load, text: str) -> None:
    with pytest.raises(BrainScriptError):
        load(f"k = {text}").boolean("k")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1", (0.1,)),
        ("1:2*3:4", (1.0, 2.0, 2.0, 2.0, 4.0)),
        ("(1:2)", (1.0, 2.0)),
        ("[1:2,3\n4]", (1.0, 2.0, 3.0, 4.0)),
        ("(;1;2*2)", (1.0, 2.0, 2.0)),
        ("1 * 2 : 1#INF", (1.0, 1.0, math.inf)),
        ("(-1:.5)", (-1.0, 0.5)),
        ("1*0:2", (2.0,)),
    ],
)
def test_schedules(load: Load, text: str, values: tuple[float, ...]) -> None:
    assert load(f"k = {text}").schedule("k").values == values


def test_a_schedule_repeats_its_last_value(load: Load) -> None:
    rates = load("k = 0.1*2:0.01").schedule("k")
    assert [rates[i] for i in (0, 1, 2, 99)] == [0.1, 0.1, 0.01, 0.01]
    assert (len(rates), list(rates)) == (3, [0.1, 0.1, 0.01])


def test_defaults(load: Load) -> None:
    empty = load("d = default")
    assert empty.schedule("k", 0.5) == Schedule((0.5,))
    assert empty.schedule("k", Schedule((1.0, 2.0)))[5] == 2.0
    assert empty.integers("k", 256) == IntegerSchedule((256,))
    assert empty.texts("k") == ()
    assert empty.texts("k", ("a", "b")) == ("a", "b")
    assert empty.text("d", "x") == "x"
    assert empty.integer("d", 3) == 3
    assert empty.find_section("k") is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a:b:c", ("a", "b", "c")),
        ("(;a:b;c)", ("a:b", "c")),
        ('"a b":c*2', ("a b", "c", "c")),
        ("a*b", ("a*b",)),
        ("(x.*:y)", ("x.*", "y")),
        ("(a,(b:c))", ("a", "(b:c)")),
        ("*.ctf", ("*.ctf",)),
        ("a", ("a",)),
    ],
)
def test_arrays_of_texts(load: Load, text: str, values: tuple[str, ...]) -> None:
    assert load(f"k = {text}").texts("k") == values


@pytest.mark.parametrize(
    ("text", "place"), [("1:x:3", "f.cntk:1:7"), ("1*-2", "f.cntk:1:5"), ("1:2.5", "f.cntk:1:7")]
)
def test_the_element_at_fault_is_shown(load: Load, failing: Failing, text: str, place: str) -> None:
    assert str(failing(lambda: load(f"k = {text}").integers("k")).span) == place


def test_a_schedule_cannot_be_endless(load: Load) -> None:
    with pytest.raises(LimitError):
        load("k = 0.1*1000000000000").schedule("k")


def test_missing_keys(load: Load, failing: Failing) -> None:
    text = "lr = 1\nTrain = [\n SGD = [ minibatchSise = 3 ; e = default ]\n]"
    section = load(text).section("Train").section("SGD")
    found = failing(lambda: section.integer("minibatchSize"))
    assert found.title == "required parameter 'Train:SGD:minibatchSize' is missing"
    assert (str(found.span), found.help) == (
        "f.cntk:3:2",
        "'minibatchSise' is given: did you mean 'minibatchSize'?",
    )
    assert str(failing(lambda: section.text("e")).span) == "f.cntk:3:34"
    assert failing(lambda: section.section("lr")).code == "BS0214"
    assert section.path == "Train:SGD"


def test_lookup_climbs_and_can_be_kept_local(load: Load) -> None:
    section = load("modelPath = m\nTrain = [ reader = [ a = 1 ] ]").section("train")
    assert section.section("reader").text("MODELPATH") == "m"
    assert section.has("modelPath")
    assert not section.has("modelPath", inherited=False)
    assert section.section("Reader") is section.section("reader")


def test_a_shared_section_is_seen_from_each_command(load: Load) -> None:
    settings = load("reader = [ f = 1 ]\nA = [ x = 1 ]\nB = [ x = 2 ]")
    seen = [settings.section(name).section("reader").text("x") for name in ("A", "B")]
    assert seen == ["1", "2"]


def test_words_of_a_list(load: Load, failing: Failing) -> None:
    settings = load("precision = Double ; other = float16")
    assert settings.word("precision", PRECISIONS) == "double"
    assert settings.word("none", PRECISIONS, "float") == "float"
    found = failing(lambda: settings.word("other", PRECISIONS))
    assert found.title == "'float16' is not 'float' or 'double'"


def test_raw_values_keep_their_places(load: Load) -> None:
    settings = load("d = 5\nN = {\n  x = $d$ y = 1\n}")
    assert settings.raw("N") == "{\n  x = 5 y = 1\n}"
    placed = settings.placed("N")
    at = placed.text.index("y")
    assert str(placed.span(at)) == "f.cntk:3:11"
    assert str(placed.span(at - 2)) == "f.cntk:3:7"


@pytest.mark.parametrize("key", ["modelPath", "origModelFileName", "SVDConfig", "scpFile"])
def test_paths_of_windows(load: Load, key: str) -> None:
    """Where separators are `/`, a backslash is one too; other texts keep theirs."""
    settings = load(f"{key} = out\\m.model\nunk = a\\b")
    assert settings.text(key) == os.path.join("out", "m.model")
    assert settings.text("unk") == "a\\b"


def test_keys_that_nobody_reads(load: Load) -> None:
    settings = load("a = 1\nmodelPaht = x\nv = 2\nS = [ p = $v$ ; q = 1 ; minibatchSise = 2 ]")
    section = settings.section("S")
    settings.text("modelPath", "")
    assert section.integer("p") == 2
    section.integer("minibatchSize", 1)
    assert [key for key, _ in settings.unused()] == ["a", "modelPaht"]
    assert [key for key, _ in section.unused()] == ["q", "minibatchSise"]
    warnings = [(w.code, w.title, w.help) for w in settings.unknown_keys()]
    assert warnings == [
        ("BS0217", "nothing reads the key 'modelPaht'", "did you mean 'modelPath'?"),
        ("BS0217", "nothing reads the key 'S:q'", ""),
        ("BS0217", "nothing reads the key 'S:minibatchSise'", "did you mean 'minibatchSize'?"),
    ]


def test_no_warning_for_what_other_sections_want(load: Load) -> None:
    settings = load("""testFile = t\nConfigFolder = c
        S = [ deviceId = 0 ; xNetworkBuilder = [] ; q = 1 ]
        W = [ f = $testfile$ ]""")
    settings.text("doneFile", "")
    settings.section("S").integer("minibatchSize", 1)
    assert [w.title for w in settings.unknown_keys()] == ["nothing reads the key 'S:q'"]
