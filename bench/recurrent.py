"""Training steps over sequences against PyTorch: one JSON line for each network and batch.

    python bench/recurrent.py [--networks lstm,tagger] [--rounds 5] [--peer-python PYTHON]

`lstm` is one layer, 256 inputs and 512 cells, on 32 sequences of up to 20 steps; `tagger` an
embedding of 943 words in 150 numbers, 300 cells and 129 classes, on 25 sequences of 5 to 30 steps.
In a batch `equal` all sequences are as long, in `ragged` they are not; PyTorch pads them or packs
them (`pack_padded_sequence`), and the faster one counts. Contenders take turns, each round in a
fresh process on `--threads` threads; the best step of a round counts, and the median of the rounds.
Nothing else may run on the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
NETWORKS = ("lstm", "tagger")
BATCHES = ("equal", "ragged")


def seconds(python: str, script: str, words: list[str]) -> dict[str, float]:
    """What one process measures: contender -> seconds of a step."""
    command = [python, str(HERE / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(network: str, batch: str, options: argparse.Namespace) -> dict[str, object]:
    """The medians of all contenders, and our ratio to the faster way of the peer."""
    times: dict[str, list[float]] = {}
    words = [network, batch, str(options.threads), str(options.steps)]
    for _ in range(options.rounds):
        for python, script in (
            (sys.executable, "recurrent_ours.py"),
            (options.peer_python, "recurrent_torch.py"),
        ):
            for who, value in seconds(python, script, words).items():
                times.setdefault(who, []).append(value)
    medians = {who: float(np.median(values)) for who, values in times.items()}
    mine = medians.pop("brainscript")
    best = min(medians.values())
    ratio = round(best / mine, 3)
    return {"network": network, "batch": batch, "seconds": mine, "ratio": ratio, "peers": medians}


def main() -> None:
    """Time all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="of a contender in a round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    for network in options.networks.split(","):
        for batch in BATCHES:
            print(json.dumps(compare(network, batch, options)), flush=True)


if __name__ == "__main__":
    main()
