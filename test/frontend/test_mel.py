"""MEL text: statements, abbreviations of commands, arguments with brackets and quotes."""

from __future__ import annotations

import pytest

from brainscript.diagnostic import BrainScriptError, Span
from brainscript.frontend.mel.commands import COMMANDS, find_command
from brainscript.frontend.mel.text import Call, Nodes, statements
from brainscript.placed import PlacedText


def parsed(text: str) -> list[Call | Nodes]:
    """The statements of a script."""
    return list(
        statements(PlacedText.of_lines("t.mel", enumerate(text.splitlines(keepends=True), 1)))
    )


def one(text: str) -> Call:
    """The one command of a script."""
    (call,) = parsed(text)
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("LoadModel", "LoadModel"),
        ("loadm", "LoadModel"),
        ("SETPROP", "SetProperty"),
        ("SetPropertyForSub", "SetPropertyForSubTree"),
        ("SetNodeInp", "SetNodeInput"),
        ("SetNodeInputs", "SetNodeInputs"),
        ("CopyNodeI", "CopyNodeInputs"),
        ("Ren", "Rename"),
        ("Dump", "DumpModel"),
        ("DumpN", "DumpNode"),
    ],
)
def test_half_of_a_name_is_enough(word: str, name: str) -> None:
    found = find_command(word)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("word", ["Set", "Lo", "Renamed", "Copi", "Softmax"])
def test_other_words_are_no_commands(word: str) -> None:
    assert find_command(word) is None


def test_every_command_shows_how_it_is_written() -> None:
    for command in COMMANDS:
        assert command.name in command.usage


def test_arguments_keep_their_brackets() -> None:
    call = one('Rename (h1.arrayOfFunctions[0].b, "a b, c")')
    assert call.arguments == ("h1.arrayOfFunctions[0].b", "a b, c")
    assert call.span == Span("t.mel", 1, 1, 6)


def test_options_and_results() -> None:
    call = one('m = LoadModel ("f.dnn", format = cntk)')
    assert (call.result, call.arguments, call.options) == ("m", ("f.dnn",), {"format": "cntk"})


def test_ndl_between_commands_is_one_statement() -> None:
    first, nodes, last = parsed(
        "Rename (a, b)\nW = Parameter (2)\nz = Times (W, b); SaveModel (m, f)"
    )
    assert isinstance(first, Call)
    assert isinstance(last, Call)
    assert isinstance(nodes, Nodes)
    assert "Times" in nodes.text.text


def test_a_model_of_its_own() -> None:
    (nodes,) = parsed("n = [ x = Input (2)\n y = Tanh (x) ]")
    assert isinstance(nodes, Nodes)
    assert nodes.model == "n"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("RenmaeNode (a, b)", "BS0381", "RenmaeNode"),
        ("Rename (a)", "BS0382", "'Rename' takes 2 arguments, not 1"),
        ("SetNodeInputs (a)", "BS0382", "does not take 1 arguments"),
        ("CopyNode (a, b, color = red)", "BS0382", "no option 'color'"),
    ],
)
def test_wrong_statements(text: str, code: str, words: str) -> None:
    with pytest.raises(BrainScriptError) as error:
        parsed(text)
    assert error.value.diagnostics[0].code == code
    assert words in error.value.diagnostics[0].title
