"""The commands that the README shows run as they stand, in the folder of the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from test.tools.commands import ROOT, environment, run

COMMANDS = re.findall(r"^    bs-opt (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("words", COMMANDS)
def test_command_of_the_readme(tmp_path: Path, words: str) -> None:
    first, *rest = [part.split() for part in words.split("|")]
    variables = environment(tmp_path)
    done = run(ROOT, "bs-opt", *first, variables=variables)
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr
    for command, *arguments in rest:
        assert (command, len(rest)) == ("bs-opt", 1)
        (tmp_path / "printed").write_text(done.stdout)
        arguments[arguments.index("-")] = str(tmp_path / "printed")
        done = run(ROOT, "bs-opt", *arguments, variables=variables)
        assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


def test_the_readme_shows_commands() -> None:
    assert len(COMMANDS) == 3
