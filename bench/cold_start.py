"""From the text of a config to the end of its first minibatch: one JSON line, seconds.

    python bench/cold_start.py [--rounds 5]

`cold` starts with empty caches, `warm` finds the program there; `imports` is what Python needs to
import the libraries that each of them uses. Every run is a process of its own that trains the mlp
on one minibatch of 64 samples, reading of the data and saving of the model included.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import data

HERE = Path(__file__).resolve().parent
COLD_IMPORTS = "import numpy, llvmlite.binding, xdsl.passes, xdsl.parser, safetensors"
WARM_IMPORTS = "import numpy, llvmlite.binding"


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """Wall seconds of a process that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


def train_once(folder: Path) -> list[str]:
    """The command that trains the mlp on one minibatch."""
    paths = [f"dataDir={folder}", f"outDir={folder / 'out'}", "command=mlp64"]
    short = [f"mlp64=[reader=[file={folder / 'one.ctf'}]]", "mlp64=[SGD=[maxEpochs=1]]"]
    config = f"configFile={HERE / 'models.cntk'}"
    return [sys.executable, "-m", "brainscript.tools.bs_jit", config, *paths, *short]


def main() -> None:
    """Time cold and warm starts, and the imports alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.write("mlp64", folder)
        lines = (folder / "mlp.ctf").read_text().splitlines(keepends=True)
        (folder / "one.ctf").write_text("".join(lines[:64]))
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        times: dict[str, list[float]] = {"cold": [], "warm": [], "imports": [], "few imports": []}
        for _ in range(rounds):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            times["cold"].append(seconds_of(train_once(folder), environment))
            times["warm"].append(seconds_of(train_once(folder), environment))
            for key, text in (("imports", COLD_IMPORTS), ("few imports", WARM_IMPORTS)):
                times[key].append(seconds_of([sys.executable, "-c", text], environment))
    medians = {key: round(statistics.median(values), 3) for key, values in times.items()}
    cold = round(medians["cold"] - medians["imports"], 3)
    warm = round(medians["warm"] - medians["few imports"], 3)
    print(json.dumps({**medians, "cold above imports": cold, "warm above imports": warm}))


if __name__ == "__main__":
    main()
