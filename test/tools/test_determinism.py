"""The same config gives the same bytes: whatever the hash seed, the threads and the cache."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from test.tools.commands import environment, run, undisturbed, write_case

TIMES = re.compile(r"time = \S+s|epochTime=\S+s|samplesPerSecond = \S+")
WIDE = (
    (
        "W = ParameterTensor {(3:2), init='uniform'}",
        "W = ParameterTensor {(70:2), init='gaussian'}",
    ),
    ("Tanh (W * x)", "Tanh (W * x + ParameterTensor {70})"),
    ("(1:3)", "(1:70)"),
    ("minibatchSize = 4", "minibatchSize = 16 ; numMBsToShowResult = 3"),
    ("numCPUThreads = 1\n", ""),
)
"""A net large enough for its work to be split among threads."""


@dataclass(frozen=True)
class Result:
    """What a run leaves."""

    log: str
    model: bytes
    checkpoint: bytes


def result(folder: Path, *words: str, **variables: str) -> Result:
    """Train in `folder` from the start."""
    changed = environment(folder, **variables)
    words = ("tiny.cntk", "train=[makeMode=false]", *words)
    done = run(folder, "bs-jit", *words, variables=changed)
    assert done.returncode == 0, done.stderr
    out = folder / "out"
    log = TIMES.sub("", done.stderr)
    return Result(log, (out / "m.model").read_bytes(), (out / "m.model.ckp").read_bytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("net")
    write_case(place, *WIDE, samples=200)
    return place


@pytest.fixture(scope="module")
def expected(folder: Path) -> Result:
    """The result with a cold cache and one thread."""
    return result(folder, "numCPUThreads=1", PYTHONHASHSEED="0")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seeds(seed: str, folder: Path, expected: Result) -> None:
    assert result(folder, "--no-cache", PYTHONHASHSEED=seed) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_a_warm_cache(threads: int, folder: Path, expected: Result) -> None:
    assert result(folder, f"numCPUThreads={threads}") == expected


def test_text_of_all_levels(folder: Path) -> None:
    words = ("bs-opt", "tiny.cntk", "--emit", "llvm")
    seeds = [environment(folder, PYTHONHASHSEED=str(seed)) for seed in (0, 1)]
    first, second = (run(folder, *words, variables=variables) for variables in seeds)
    assert first.returncode == 0
    assert first.stdout == second.stdout


def test_a_warm_start_needs_no_compiler(folder: Path, expected: Result) -> None:
    """The objects are linked by LLVM's linker; nothing is parsed, lowered or emitted."""
    script = """
import sys
from brainscript.tools import bs_jit
code = bs_jit.main(["tiny.cntk", "train=[makeMode=false]"])
heavy = ("xdsl", "brainscript.dialects", "brainscript.passes", "brainscript.codegen.emit",
         "brainscript.codegen.workers")
print(*sorted(name for name in sys.modules if name.startswith(heavy)))
sys.exit(code)
"""
    line = [sys.executable, "-c", script]
    variables = environment(folder)

    def start() -> subprocess.CompletedProcess[str]:
        result(folder)
        return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True)

    done = undisturbed(start)
    assert (done.returncode, done.stdout.split()) == (0, [])
    assert (folder / "out" / "m.model").read_bytes() == expected.model
