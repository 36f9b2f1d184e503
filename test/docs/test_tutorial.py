"""Every `console` block of the documentation is run, and what it shows must be what comes out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from test.tools.commands import forked

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
CHAPTERS = sorted(TUTORIAL.glob("*.md"))
PAGES = (
    "commands.md",
    "language/differences.md",
    "language/editing.md",
    "migrate.md",
    "readers.md",
    "refused.md",
    "training.md",
)
OTHERS = [ROOT / "docs" / name for name in PAGES]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GAP = "..."


@dataclass(frozen=True)
class Example:
    """A command and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def examples(page: str) -> list[Example]:
    """The commands of a page with what is shown of their output."""
    found: list[Example] = []
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            found.append(Example(command, tuple(line.rstrip() for line in shown)))
    return found


def missing(shown: tuple[str, ...], output: str) -> str | None:
    """The first line shown that the output does not have in its place.

    Lines follow each other directly, except across a line `...`; within a line `...` stands for
    any text. Output after the last line shown counts as elided.
    """
    lines = [line.rstrip() for line in output.splitlines()]
    position, free = 0, False
    for line in shown:
        if line.strip() == GAP:
            free = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split(GAP))))
        places = range(position, len(lines)) if free else range(position, position + 1)
        hits = (p for p in places if p < len(lines) and pattern.fullmatch(lines[p]))
        if (hit := next(hits, None)) is None:
            return line
        position, free = hit + 1, False
    return None


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `bs-opt` and `bs-jit` are those of this tree, and compiled code is shared."""
    folder = tmp_path_factory.mktemp("commands")
    for name in ("bs-opt", "bs-jit"):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(forked())} {name} "$@"\n')
        path.chmod(0o755)
    words = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    quiet = {"NO_COLOR": "1", "BS_CRASH": "0", "XDG_CACHE_HOME": str(folder / "cache")}
    return {**os.environ, **words, **quiet}


@pytest.mark.parametrize("chapter", [*CHAPTERS, *OTHERS], ids=lambda path: path.stem)
def test_chapter(chapter: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    work = tmp_path / "tutorial"
    shutil.copytree(TUTORIAL, work)
    for example in examples(chapter.read_text()):
        done = subprocess.run(
            ["sh", "-c", example.command],
            cwd=work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        line = missing(example.shown, done.stdout)
        assert line is None, f"$ {example.command}\nshould show\n{line}\nbut says\n{done.stdout}"
        assert done.returncode == 0, example.command
        assert "Traceback" not in done.stdout, done.stdout


def test_every_chapter_is_listed() -> None:
    listed = re.findall(r"\]\((\w[\w-]*\.md)\)", (TUTORIAL / "index.md").read_text())
    assert listed == [path.name for path in CHAPTERS if path.name != "index.md"]


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (("a", "b"), None),
        (("a", "c"), "c"),
        (("a", "...", "c d"), None),
        (("...", "b", "...", "a"), "a"),
        (("b",), "b"),
        (("a", "b", "c...d"), None),
    ],
)
def test_lines_are_looked_for_in_order(shown: tuple[str, ...], wrong: str | None) -> None:
    assert missing(shown, "a\nb\nc d\n") == wrong


def test_commands_are_cut_at_the_prompt() -> None:
    page = "text\n```console\n$ one\nx\n$ two\n```\n```\n$ three\n```\n"
    assert examples(page) == [Example("one", ("x",)), Example("two", ())]
