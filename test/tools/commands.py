"""The commands as processes of their own, and a network small enough to train in no time."""

from __future__ import annotations

import atexit
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TypeVar

from brainscript.runtime.program_cache import package_fingerprint
from test.forkserver import started

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "examples" / "digits" / "digits.cntk"
SAMPLES = 40
Found = TypeVar("Found")

CONFIG = """\
command = train
modelPath = "out/m.model"
traceLevel = 1
numCPUThreads = 1
train = {
    action = "train"
    BrainScriptNetworkBuilder = {
        x = Input {2}
        y = Input {1}
        W = ParameterTensor {(3:2), init='uniform'}
        h = Tanh (W * x)
        z = ParameterTensor {(1:3)} * h
        ce = SquareError (y, z)
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
    }
    SGD = {
        epochSize = 0 ; minibatchSize = 4 ; maxEpochs = 3
        learningRatesPerMB = 0.1 ; momentumPerMB = 0.9
    }
    reader = {
        readerType = "CNTKTextFormatReader"
        file = "train.ctf"
        input = { x = { dim = 2 ; format = "dense" } ; y = { dim = 1 ; format = "dense" } }
    }
}
"""


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The variables of a run in `folder`; its cache and its crash folders stay in there."""
    wanted = {
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "BS_CRASH_DIR": str(folder / "crash"),
    }
    kept = {k: v for k, v in os.environ.items() if k not in ("BS_CRASH", "BS_TARGET")}
    return {**kept, **wanted, **changes}


def words_of(command: str, *words: str) -> list[str]:
    """The command line of `bs-opt` or `bs-jit` under the running Python."""
    module = f"brainscript.tools.{command.replace('-', '_')}"
    return [sys.executable, "-m", module, *words]


@cache
def forked() -> list[str]:
    """The words before `bs-opt` or `bs-jit` that run them without their start-up."""
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    folder = until_the_end.enter_context(tempfile.TemporaryDirectory())
    return until_the_end.enter_context(started(folder, environment(Path(folder))))


def run(
    folder: Path,
    command: str,
    *words: str,
    text: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` to its end; no run may show a traceback.

    It is a process from the start where `variables` are given, else one that is forked.
    """
    done = subprocess.run(
        words_of(command, *words) if variables is not None else [*forked(), command, *words],
        cwd=folder,
        env=dict(variables) if variables is not None else environment(folder),
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "Traceback" not in done.stderr
    return done


def processor_time() -> float:
    """The seconds that the ended child processes have computed: no load changes them much."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def undisturbed(action: Callable[[], Found]) -> Found:
    """What `action` finds while no file of the package is saved: that would start caches anew."""
    while True:
        before = package_fingerprint.__wrapped__()
        found = action()
        if package_fingerprint.__wrapped__() == before:
            return found


def write_case(folder: Path, *changes: tuple[str, str], samples: int = SAMPLES) -> Path:
    """Write the config, changed as told, and its data; the path of the config."""
    text = CONFIG
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "tiny.cntk"
    path.write_text(text)
    draw = random.Random(1)
    pairs = [(draw.random(), draw.random()) for _ in range(samples)]
    rows = [f"|x {a:.3f} {b:.3f} |y {a * b:.3f}\n" for a, b in pairs]
    (folder / "train.ctf").write_text("".join(rows))
    return path


def leftovers(folder: Path) -> list[str]:
    """Temporary files anywhere in `folder`."""
    return sorted(str(p) for p in folder.rglob("*.tmp"))
