"""Text printed at one level and read back gives the same as the direct run at the next."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from brainscript.passes.pipeline import LEVELS, PIPELINES
from brainscript.tools import bs_opt
from test.tools.commands import DIGITS

INPUTS = Path(__file__).parent / "Inputs"
SOURCES = [DIGITS, *sorted(INPUTS.glob("*.bs"))]
TO_TEXT = [name for name, _ in LEVELS] + ["llvm"]
GONE = {
    "bs-prune": "bs.apply bs.lambda bs.value bs.record bs.if bs.yield",
    "bs-instantiate-parameters": "bs.apply bs.lambda bs.value bs.parameter",
    "bs-to-net": "bs.",
    "net-infer-shapes": "bs.",
}
"""What must not be found any more after a pass."""


@dataclass
class Shell:
    """`bs-opt` within this process."""

    patch: pytest.MonkeyPatch
    streams: pytest.CaptureFixture[str]

    def run(self, *words: str, text: str = "") -> tuple[str, str]:
        """What the command prints to both streams; it must succeed."""
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        code = bs_opt.main([*words, "--color", "never"])
        streams = self.streams.readouterr()
        assert (code, streams.err if code else "") == (0, "")
        return streams.out, streams.err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capfd)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_from_each_level_to_the_next(path: Path, shell: Shell) -> None:
    text, _ = shell.run(str(path), "--emit", "bs")
    assert (
        shell.run("-", "-p", "evaluate", text=text)[0] == shell.run(str(path), "--emit", "net")[0]
    )
    for goal in TO_TEXT[1:]:
        direct, _ = shell.run(str(path), "--emit", goal)
        again, _ = shell.run("-", "--emit", goal, text=text)
        assert again == direct, f"{path.name}: {goal} from text differs"
        text = direct


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_text_after_each_pass(path: Path, shell: Shell) -> None:
    direct, log = shell.run(str(path), "-p", "evaluate", "--print-ir-after=all")
    parts = re.split(r"^// ----- IR after (\S+) ----- //\n", log, flags=re.MULTILINE)
    after = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert tuple(after) == PIPELINES["evaluate"]
    text, _ = shell.run(str(path), "--emit", "bs")
    for name in PIPELINES["evaluate"]:
        text, _ = shell.run("-", "-p", name, text=text)
        assert after[name].rstrip("\n") == text.rstrip("\n")
        for gone in GONE.get(name, "").split():
            assert f"{gone}" not in re.sub(r'"[^"]*"', "", text)
    assert text == direct


def test_steps_of_every_kind(shell: Shell) -> None:
    path = str(INPUTS / "statistics.bs")
    text, _ = shell.run(path, "--emit", "net")
    for step in ("train", "test", "write", "precompute"):
        words = ("--emit", "sched", "--step", step)
        assert shell.run("-", *words, text=text) == shell.run(path, *words)
