"""A published training log of CNTK, recomputed: equal but for the last digit of a few losses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "simple2d"
PROGRESS = re.compile(r"Minibatch\[.*?\]: Cross\w+ = (\S+) \* 250; Eval\w+ = (\S+) \* 250;")

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded data is not beside the tree"
)


def run(folder: Path, *words: str) -> str:
    """The log of training with overrides."""
    config = ROOT / "test" / "recorded" / "simple2d.cntk"
    command = [sys.executable, "-m", "brainscript.tools.bs_jit", f"configFile={config}"]
    paths = [f"dataDir={DATA}", f"outDir={folder}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *paths, *words], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """The losses and errors that the log of training in single precision shows."""
    return PROGRESS.findall(run(tmp_path_factory.mktemp("single")))


def test_progress_is_what_was_published(single: list[tuple[str, str]]) -> None:
    published: list[dict[str, Any]] = json.loads((DATA / "published_figures.json").read_text())[
        "progress"
    ]
    assert len(single) == len(published) == 120
    pairs = list(zip(single, published, strict=True))
    assert [err for (_, err), _ in pairs] == [line["err"] for _, line in pairs]
    assert sum(ce == line["ce"] for (ce, _), line in pairs) >= 98
    assert max(abs(float(ce) - float(line["ce"])) for (ce, _), line in pairs) <= 2e-6


def test_double_precision_follows_the_same_path(
    single: list[tuple[str, str]], tmp_path: Path
) -> None:
    double = PROGRESS.findall(run(tmp_path, "precision=double"))
    assert [err for _, err in single] == [err for _, err in double]
    assert (
        max(abs(float(a) - float(b)) for (a, _), (b, _) in zip(single, double, strict=True)) < 1e-5
    )
