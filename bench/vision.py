"""Networks for images against PyTorch: one JSON line for each network and batch.

    python bench/vision.py [--cases resnet20:128,lenet:64] [--rounds 3] [--peer-python PYTHON]

A training step of `lenet` and `resnet20`, and the value of `resnet50` (normalisation folded into
convolutions on our side). PyTorch runs eager, eager with `channels_last`, and through
torch.compile, and the fastest counts; `memory` is what our process takes for the step over what
the eager one takes. Contenders take turns, each round in fresh processes on `--threads` threads;
the best step of a round counts, and the median of the rounds. On a machine that others use,
`--clock cpu` with one thread is the figure to trust.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CASES = "resnet20:128,lenet:64,resnet50:1,resnet50:8"
WAYS = ("eager", "channels_last", "compile")


def measure(python: str, script: str, words: list[str]) -> dict[str, float]:
    """What one process measures; a way that a peer does not have is left out."""
    command = [python, str(HERE / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        print(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}", file=sys.stderr)
        return {}
    return json.loads(done.stdout.splitlines()[-1])


def compare(case: str, options: argparse.Namespace) -> dict[str, object]:
    """The medians of all contenders, and our ratio to the best one."""
    name, batch = case.split(":")
    words = [name, batch, str(options.threads), str(options.steps), options.clock]
    times: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    contenders = [(sys.executable, "vision_ours.py", words)]
    ways: list[str] = options.ways.split(",") if options.ways else []
    contenders += [(options.peer_python, "vision_torch.py", [*words, way]) for way in ways]
    for _ in range(options.rounds):
        for contender in contenders:
            found = measure(*contender)
            size = found.pop("MB", 0.0)
            for who, seconds in found.items():
                times.setdefault(who, []).append(seconds)
                memory[who] = size
    medians = {who: float(np.median(values)) for who, values in times.items()}
    mine = medians.pop("brainscript")
    row: dict[str, object] = {"network": name, "batch": int(batch), "seconds": round(mine, 5)}
    if medians:
        best = min(medians, key=lambda who: medians[who])
        row |= {"best": best, "ratio": round(medians[best] / mine, 3)}
    if memory.get("eager"):
        row["memory"] = round(memory["brainscript"] / memory["eager"], 3)
    peers = {who: round(value, 5) for who, value in medians.items()}
    return row | {"clock": options.clock, "threads": options.threads, "peers": peers}


def main() -> None:
    """Time all cases."""
    parser = argparse.ArgumentParser(description="networks for images against PyTorch")
    parser.add_argument("--cases", default=CASES)
    parser.add_argument("--ways", default=",".join(WAYS), help="of PyTorch; '' for none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8, help="of a contender in a round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", default="wall", choices=("wall", "cpu"))
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    for case in options.cases.split(","):
        print(json.dumps(compare(case, options)), flush=True)


if __name__ == "__main__":
    main()
