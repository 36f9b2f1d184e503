"""Everything CI runs, with one closing line `N passed, N failed`.

What runs on one core goes in two lanes beside each other, then what takes all of them.

`--long` adds the hour-long runs of the fuzz tests and the other recorded cases.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FOLDERS = ("brainscript", "frontend", "dialects", "passes", "codegen", "runtime", "tools")
SOURCES = (*FOLDERS, "test", "examples", "bench")


@dataclass(frozen=True)
class Step:
    """One program to run; `passed` and `failed` find its counts, or it counts as one test."""

    name: str
    command: tuple[str, ...]
    passed: str = ""
    failed: str = ""


Lane = list[Step]


def lanes() -> tuple[Lane, Lane]:
    """What runs on one core, cheap checks first."""
    python = sys.executable
    lit = (str(BIN / "lit"), "-j1", "--timeout", "60", "test")
    checks = [
        Step("ruff check", (str(BIN / "ruff"), "check", *SOURCES)),
        Step("ruff format", (str(BIN / "ruff"), "format", "--check", *SOURCES)),
        Step("codespell", (str(BIN / "codespell"), *SOURCES, "docs", "README.md")),
        Step("tree", (python, "test/check_tree.py")),
        Step("docs", (python, "docs/generate.py", "--check")),
        Step("pyright", (str(BIN / "pyright"), "--pythonpath", python)),
    ]
    failed = r"(?:Failed|Timed Out|Unresolved)\s*:\s*(\d+)"
    return checks, [Step("lit", lit, r"Passed\s*:\s*(\d+)", failed)]


def wide(workers: int, *, long: bool) -> Lane:
    """What takes all cores; a third of the recorded cases unless there is time."""
    python = sys.executable
    pytest = (python, "-m", "pytest", f"-n{workers}", "--dist=worksteal", "test")
    total = r"(?=.* in [\d.]+s)"
    golden = (python, "test/run_golden.py", *(() if long else ("--third",)))
    return [
        Step("pytest", pytest, rf"(\d+) passed{total}", rf"(\d+) (?:failed|error){total}"),
        Step("golden", golden, r"(\d+) passed", r"(\d+) failed"),
    ]


def run_lane(lane: Lane) -> list[tuple[int, int]]:
    """Run the steps of a lane one after the other."""
    return [run(step) for step in lane]


def run(step: Step) -> tuple[int, int]:
    """Run a step, show its output, and count."""
    print(f"== {step.name} ...", flush=True)
    start = time.monotonic()
    done = subprocess.run(step.command, cwd=ROOT, capture_output=True, text=True)
    output = done.stdout + done.stderr
    passed = (
        sum(map(int, re.findall(step.passed, output))) if step.passed else int(not done.returncode)
    )
    failed = sum(map(int, re.findall(step.failed, output))) if step.failed else 0
    if done.returncode and not failed:
        failed = 1
    shown = output.rstrip() if done.returncode else "\n".join(output.rstrip().splitlines()[-6:])
    counts = f"{passed} passed, {failed} failed in {time.monotonic() - start:.0f} s"
    print(f"== {step.name}\n{shown}\n   {counts}", flush=True)
    return passed, failed


def main() -> int:
    """Run all steps; the exit code is 1 when anything failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--long", action="store_true", help="fuzz for an hour instead of seconds")
    long = options.parse_args().long
    if long:
        os.environ["BS_FUZZ_SECONDS"] = "3600"
    with ThreadPoolExecutor() as pool:
        counts = [count for lane in pool.map(run_lane, lanes()) for count in lane]
    counts += run_lane(wide(min(4, os.cpu_count() or 1), long=long))
    passed, failed = (sum(column) for column in zip(*counts, strict=True))
    summary = f"{passed} passed, {failed} failed"
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "summary.txt").write_text(summary + "\n")
    print(summary)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
