"""Seconds of one thread and peak memory from source to a validated network, each in a new process.

`python bench/compile.py` prints one line of JSON: for each input the CPU time in seconds, the
memory in MB and the exit code. Nothing comes from a cache. Limits: a network of 152 layers and one
of the size of Inception-v3 4 s, 600 MB; the digits 0.8 s; hostile texts 2 s, 500 MB; help 0.4 s.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TURNS = 3
"""How often each is measured; the least time counts."""
DOUBLING = [
    "a0 = 0123456789",
    *(f"a{i} = $a{i - 1}$$a{i - 1}$" for i in range(1, 31)),
    "train = [ BrainScriptNetworkBuilder = { x = '$a30$' } ]",
]
HOSTILE = {
    "sum.bs": "x = Input {2}\ny = Constant (1" + " + 1" * 100_000 + ") .* x",
    "nested.bs": "a = " + "(" * 100_000 + "1" + ")" * 100_000,
    "doubling.cntk": "\n".join(DOUBLING),
}
PLACES = {
    "resnet152": "test/configs/resnet152/ResNet152.cntk",
    "inception_v3": "test/configs/inception_v3/inception.cntk",
    "digits": "examples/digits/digits.cntk",
}


def measure(module: str, words: list[str], folder: Path) -> dict[str, float]:
    """One command in a new process, in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "BS_CRASH": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", f"brainscript.tools.{module}", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    seconds = round(used.ru_utime + used.ru_stime, 3)
    return {"seconds": seconds, "mb": used.ru_maxrss // unit, "exit": process.returncode}


def best(module: str, words: list[str], folder: Path) -> dict[str, float]:
    """The turn that took the least time."""
    return min((measure(module, words, folder) for _ in range(TURNS)), key=lambda m: m["seconds"])


def main() -> None:
    """Measure all and print the line."""
    found = {
        name: best("bs_jit", [Path(place).name, "--dry-run", "--no-cache"], (ROOT / place).parent)
        for name, place in PLACES.items()
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in HOSTILE.items():
            (folder / file).write_text(text)
            found[file.partition(".")[0]] = best("bs_opt", [file, "--emit", "net"], folder)
        found["help"] = best("bs_opt", ["--help"], folder)
    print(json.dumps({"bench": "compile", "turns": TURNS, **found}))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
