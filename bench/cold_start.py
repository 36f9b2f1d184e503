"""From the text of a config to the end of its first minibatch: one JSON line, seconds.

    python bench/cold_start.py [--network mlp64|tagger|resnet20] [--rounds 5] [--clock wall|cpu]

`cold` starts with empty caches, `warm` finds the program there; `imports` is what Python needs to
import the libraries that each of them uses. Every run is a process of its own that trains the
network on one minibatch, reading of the data and saving of the model included: 64 samples for the
mlp, 25 sequences of 5 to 30 words for the tagger, 128 images for the residual network. Python has
compiled its files to bytecode in a run before the first one that counts. The clock `cpu` adds up
what all processes of a run have used, for a machine that has other work. With the clock `wall`,
`compile above imports` and `load above imports` are cold and warm starts without the minibatch
itself, by the log's `epochTime`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import data
import numpy as np
import sequences

HERE = Path(__file__).resolve().parent
COLD_IMPORTS = "import numpy, llvmlite.binding, xdsl.passes, xdsl.parser, safetensors"
WARM_IMPORTS = "import numpy, llvmlite.binding"


def of_children() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


CLOCKS = {"wall": time.perf_counter, "cpu": of_children}


EPOCH = re.compile(r"epochTime=([\d.e+-]+)s")


def seconds_of(command: list[str], environment: dict[str, str], clock: str) -> tuple[float, float]:
    """Seconds of a process that must succeed, and those of its minibatch, 0 without one."""
    start = CLOCKS[clock]()
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    seconds, found = CLOCKS[clock]() - start, EPOCH.search(done.stderr)
    return seconds, float(found[1]) if found else 0.0


def write_mlp(folder: Path) -> list[str]:
    """The lines of a minibatch of the mlp."""
    data.write("mlp64", folder)
    return (folder / "mlp.ctf").read_text().splitlines(keepends=True)[:64]


def write_tagger(folder: Path) -> list[str]:
    """The lines of a minibatch of the tagger: words and their classes, both sparse."""
    random = np.random.default_rng(sequences.SEED)
    return [
        f"{number} |w {random.integers(943)}:1 |t {random.integers(129)}:1\n"
        for number, length in enumerate(sequences.lengths("tagger", "ragged"))
        for _ in range(length)
    ]


def write_images(folder: Path) -> list[str]:
    """The lines of a minibatch of images of 32 x 32 points, and their classes."""
    random = np.random.default_rng(sequences.SEED)
    one_hot = np.eye(10, dtype=int)[random.integers(0, 10, 128)]
    return [
        f"|features {' '.join(f'{v:.3f}' for v in random.standard_normal(3072))}"
        f" |labels {' '.join(map(str, label))}\n"
        for label in one_hot
    ]


NETWORKS = {"mlp64": write_mlp, "tagger": write_tagger, "resnet20": write_images}


def train_once(network: str, folder: Path) -> list[str]:
    """The command that trains a network on one minibatch."""
    paths = [f"dataDir={folder}", f"outDir={folder / 'out'}", f"command={network}"]
    short = [f"{network}=[reader=[file={folder / 'one.ctf'}]]", f"{network}=[SGD=[maxEpochs=1]]"]
    config = f"configFile={HERE / 'models.cntk'}"
    return [sys.executable, "-m", "brainscript.tools.bs_jit", config, *paths, *short]


def main() -> None:
    """Time cold and warm starts, and the imports alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--network", choices=NETWORKS, default="mlp64")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.ctf").write_text("".join(NETWORKS[options.network](folder)))
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"XDG_CACHE_HOME": str(folder / "cache")}
        environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        train = train_once(options.network, folder)
        commands = {"cold": train, "warm": train}
        commands["imports"] = [sys.executable, "-c", COLD_IMPORTS]
        commands["few imports"] = [sys.executable, "-c", WARM_IMPORTS]
        times: dict[str, list[float]] = {key: [] for key in commands}
        steps: dict[str, list[float]] = {key: [] for key in commands}
        for command in commands.values():
            seconds_of(command, environment, options.clock)
        for _ in range(options.rounds):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            for key, command in commands.items():
                seconds, step = seconds_of(command, environment, options.clock)
                times[key].append(seconds)
                steps[key].append(step)
    medians = {key: round(statistics.median(values), 3) for key, values in times.items()}
    cold = round(medians["cold"] - medians["imports"], 3)
    warm = round(medians["warm"] - medians["few imports"], 3)
    above = {"cold above imports": cold, "warm above imports": warm}
    if options.clock == "wall":
        above["compile above imports"] = round(cold - statistics.median(steps["cold"]), 3)
        above["load above imports"] = round(warm - statistics.median(steps["warm"]), 3)
    print(json.dumps({"network": options.network, "clock": options.clock, **medians, **above}))


if __name__ == "__main__":
    main()
