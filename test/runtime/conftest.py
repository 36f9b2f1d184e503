"""A configuration run in an empty folder against the numpy network."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.frontend.config import parse_config
from brainscript.frontend.source import Sources, SourceText
from brainscript.runtime.actions.run import run_all
from brainscript.settings import Settings
from test.runtime.fake_network import FakeWorld

CONFIG = """
command = t
traceLevel = 1
modelPath = "m.dnn"
minibatchSize = 20
t = {
    action = "train"
    BrainScriptNetworkBuilder = { z = 1 }
    reader = { readerType = "CNTKTextFormatReader" }
    SGD = { learningRatesPerMB = 0.5 ; maxEpochs = 3 ; numMBsToShowResult = 2 %s }
}
"""


class Run:
    """What a run left behind: its log, its output, its world."""

    def __init__(self, world: FakeWorld, log: str, out: str):
        self.world, self.log, self.out = world, log, out

    def lines(self, start: str) -> list[str]:
        return [line for line in self.log.splitlines() if line.lstrip().startswith(start)]


def settings_of(text: str) -> Settings:
    return parse_config(SourceText("f.cntk", text), Sources())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Text of a config -> what its commands did, in an empty folder of their own."""
    monkeypatch.chdir(tmp_path)

    def go(text: str, count: int = 50) -> Run:
        log, out = io.StringIO(), io.StringIO()
        world = FakeWorld(log, out, count)
        run_all(settings_of(text), world.environment)
        return Run(world, log.getvalue(), out.getvalue())

    return go
