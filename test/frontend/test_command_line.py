"""The command line: order, config files, overrides that merge or replace."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError, CommandLineError, Diagnostic, MissingFileError
from brainscript.frontend.config import load_config
from brainscript.frontend.source import Sources
from brainscript.runtime.actions.run import command_sections
from brainscript.settings import Settings

Load = Callable[..., Settings]
Failing = Callable[[Callable[[], object]], Diagnostic]

TEXT = """A = [ m = 1 ; q = 2 ]
B = { m = 1 ; q = 2 }
Root = ".."
Data = "$Root$/data"
S = { x = "$Data$/t" ; rd = [ dim = 3 ] }
"""


def look(settings: Settings, path: str) -> str:
    *sections, key = path.split("/")
    for name in sections:
        settings = settings.section(name)
    return settings.text(key)


@pytest.mark.parametrize(
    ("arguments", "path", "value"),
    [
        ([], "Data", "../data"),
        ([], "S/x", "../data/t"),
        (["Root=/r"], "S/x", "/r/data/t"),
        (["A=[q=9]"], "A/m", "1"),
        (["A=[q=9]"], "A/q", "9"),
        (["B=[q=9]"], "B/m", "1"),
        (["B=[q=9]"], "B/q", "9"),
        (["A={q=9}"], "A/q", "9"),
        (["A={q=9}", "M=5"], "A/m", "5"),
        (["S=[rd=[dim=7]]"], "S/rd/dim", "7"),
        (["S=[rd=[dim=7]]"], "S/x", "../data/t"),
        (["S=[rd=[other=7]]"], "S/rd/dim", "3"),
        (["a=[q=3]", "A=[q=4]"], "A/q", "4"),
        ([], "s/X", "../data/t"),
        ([], "S/rd/Root", ".."),
        (["u=x,v"], "u", "x"),
        (["u=x,v"], "v", "true"),
        (["k=a=b"], "k", "a=b"),
        (["k=a(b)c"], "k", "a(b)c"),
        (["k=a b # c"], "k", "a b # c"),
        (["new=[a=[b=2]]"], "new/a/b", "2"),
        (["Root=1", "Root=2"], "root", "2"),
    ],
)
def test_later_arguments_win(load: Load, arguments: list[str], path: str, value: str) -> None:
    assert look(load(TEXT, *arguments), path) == value


def test_braces_discard_the_old_section(load: Load, failing: Failing) -> None:
    section = load(TEXT, "A={q=9}").section("A")
    found = failing(lambda: section.text("m"))
    assert (found.code, found.title) == ("BS0206", "required parameter 'A:m' is missing")


def test_an_argument_before_the_file_loses(tmp_path: Path) -> None:
    path = tmp_path / "f.cntk"
    path.write_text(TEXT)
    assert load_config(["Root=/r", f"configFile={path}"], Sources()).text("Root") == ".."


def test_several_files_and_a_blank_behind_the_sign(tmp_path: Path) -> None:
    (tmp_path / "a b.cntk").write_text("x = 1\ny = 1")
    (tmp_path / "c.cntk").write_text("y = 2")
    sources = Sources()
    names = f"{tmp_path}/a b.cntk+{tmp_path}/c.cntk"
    for arguments in ([f"CONFIGFILE={names}"], ["configFile=", names]):
        settings = load_config(arguments, sources)
        assert (settings.text("x"), settings.text("y")) == ("1", "2")
    assert sources.folders == [str(tmp_path)]


def test_the_current_directory_changes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f.cntk").write_text("x = 1")
    monkeypatch.chdir("/")
    settings = load_config([f"currentDirectory={tmp_path}", "configFile=f.cntk"], Sources())
    assert settings.text("x") == "1"
    assert settings.text("currentdirectory") == str(tmp_path)
    assert os.getcwd() == str(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "kind", "code", "place"),
    [
        (["configFile="], CommandLineError, "BS0201", "1:1"),
        (["configFile=", "a=b"], CommandLineError, "BS0201", "1:1"),
        (["configFile=f.cntk+"], CommandLineError, "BS0201", "1:1"),
        (["configFile=f.cntk+f.cntk"], CommandLineError, "BS0211", "1:19"),
        (["configFile=f.cntk", "configFile=./f.cntk"], CommandLineError, "BS0211", "2:12"),
        (["configFile=nope.cntk"], MissingFileError, "BS0101", "1:12"),
        (["currentDirectory=nope"], MissingFileError, "BS0222", "1:18"),
        (["k="], BrainScriptError, "BS0205", "1:1"),
        (["k=[a"], BrainScriptError, "BS0202", "1:3"),
        (["a=1", "k=[a}"], BrainScriptError, "BS0203", "2:5"),
        (['k="a'], BrainScriptError, "BS0213", "1:3"),
        (["=5"], BrainScriptError, "BS0219", "1:1"),
    ],
)
def test_command_lines_that_are_refused(
    load: Load, arguments: list[str], kind: type[BrainScriptError], code: str, place: str
) -> None:
    load("x = 1")
    with pytest.raises(kind) as caught:
        load_config(arguments, Sources())
    found = caught.value.diagnostics[0]
    assert (found.code, str(found.span)) == (code, f"<command line>:{place}")


def test_commands_name_sections_in_order(load: Load, failing: Failing) -> None:
    text = "command = b:a\na = [ x = 1 ]\nb = [ x = 2 ]\ntrain = []"
    assert [s.name for s in command_sections(load(text))] == ["b", "a"]
    assert [s.name for s in command_sections(load("train = [ x = 1 ]"))] == ["train"]
    found = failing(lambda: command_sections(load("command = trian\ntrain = []")))
    assert (found.code, found.help) == ("BS0712", "did you mean 'train'?")
