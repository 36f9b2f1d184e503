"""BrainScript inside a config: what it stands for, and places back in the config file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.builders import find_builder
from brainscript.diagnostic import Diagnostic
from brainscript.frontend import syntax
from brainscript.frontend.network_section import network_expression
from brainscript.frontend.print_tree import tree_text
from brainscript.frontend.source import Sources
from brainscript.settings import Settings

Load = Callable[..., Settings]
Failing = Callable[[Callable[[], object]], Diagnostic]

TWO_MEMBERS = " new ComputationNetwork\n []\n  a =\n   1\n  b =\n   2\n\n\n"


@pytest.mark.parametrize("value", ["{ a = 1 ; b = 2 }", "[ a = 1\nb = 2 ]", "{ a = $n$\n b = 2 }"])
def test_members_stand_for_a_new_network(load: Load, value: str) -> None:
    settings = load(f"n = 1\ntrain = [\n brainScriptNetworkBuilder = {value}\n]")
    assert tree_text(network_expression(settings.section("train"))) == TWO_MEMBERS


def test_an_expression_is_taken_as_it_is(load: Load) -> None:
    settings = load("ExperimentalNetworkBuilder = (f (1))")
    assert isinstance(network_expression(settings), syntax.Call)


def test_included_members_and_expressions(load: Load, tmp_path: Path) -> None:
    (tmp_path / "members.bs").write_text("a = 1\nb = 2")
    (tmp_path / "network.bs").write_text("new ComputationNetwork { a = 1 b = 2 }")
    for value in ('{ include "members.bs" }', '( include "network.bs" )'):
        sources = Sources()
        settings = load(f"BrainScriptNetworkBuilder = {value}", sources=sources)
        assert tree_text(network_expression(settings, sources)) == TWO_MEMBERS


def test_a_block_from_the_command_line_is_merged(load: Load) -> None:
    settings = load(
        "BrainScriptNetworkBuilder = { a = 7 ; b = 2 }", "BrainScriptNetworkBuilder=[a=1]"
    )
    assert tree_text(network_expression(settings)) == TWO_MEMBERS


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("BrainScriptNetworkBuilder = x + 1", "BS0215", "f.cntk:1:29"),
        ("x = 1\nBrainScriptNetworkBuilder", "BS0215", "f.cntk:2:1"),
        ("NDLNetworkBuilder = [ networkDescription = a.ndl ]", "BS0101", "f.cntk:1:44"),
        ("BrainScriptNetworkBuilder = {}\ncreateNetwork = []", "BS0911", "f.cntk:2:17"),
        ("x = 1", "BS0206", "<command line>:1:12"),
        ("BrainScriptNetworkBuilder = {\n  a = 1 # c\n\n  b = \n}", "BS0121", "f.cntk:5:1"),
        ("n = ..\nBrainScriptNetworkBuilder = {\n # c\n\n a = f ($n$)\n}", "BS0121", "f.cntk:5:9"),
        ("BrainScriptNetworkBuilder = [\n a = 1 b\n]", "BS0120", "f.cntk:3:1"),
    ],
)
def test_errors_stand_in_the_config_file(
    load: Load, failing: Failing, text: str, code: str, place: str
) -> None:
    found = failing(lambda: network_expression(load(text)))
    assert (found.code, str(found.span)) == (code, place)


def test_the_first_builder_counts(load: Load) -> None:
    text = "train = [ BrainScriptNetworkBuilder = {} ; simplenetworkbuilder = [] ]"
    assert find_builder(load(text).section("train")) == "SimpleNetworkBuilder"
    assert find_builder(load("train = []").section("train")) is None
