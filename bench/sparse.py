"""Training steps with sparse inputs against PyTorch: one JSON line for each network.

    python bench/sparse.py [--networks tagger,words,lm,large,dssm] [--rounds 3] [--dense]

`tagger` is an embedding of 943 words in 150 numbers, 300 cells and 129 classes on 25 sequences of 5
to 30 steps, `words` the same with 50,000 words; `lm` and `large` predict the next one of 10,000 and
50,000 words with an embedding of 150, 200 cells and a full softmax; `dssm` compares two bags of 20
of 49,292 trigrams, 300 wide, 1,024 pairs a step. PyTorch has embeddings with dense and with sparse
gradients and packed sequences; the faster counts. `--dense` times our step on the same inputs
declared dense as well. Contenders take turns on one thread; seconds are processor time, the least
of the steps, the median of the rounds. `bytes` is the arena of our step.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
NETWORKS = ("tagger", "words", "lm", "large", "dssm")


def measure(script: str, words: list[str]) -> dict[str, float]:
    """What one process measures: contender -> seconds of a step."""
    command = [sys.executable, str(HERE / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(network: str, options: argparse.Namespace) -> dict[str, object]:
    """The medians of all contenders, and our ratio to the fastest one of the peer."""
    found: dict[str, list[float]] = {}
    runs = [("sparse_ours.py", "sparse"), ("sparse_torch.py", "all")]
    if options.dense:
        runs.append(("sparse_ours.py", "dense"))
    for _ in range(options.rounds):
        for script, way in runs:
            for who, value in measure(script, [network, way, str(options.steps)]).items():
                found.setdefault(who, []).append(value)
    medians = {who: float(np.median(values)) for who, values in found.items()}
    mine, size = medians.pop("brainscript"), medians.pop("bytes")
    peers = {who: value for who, value in medians.items() if not who.startswith("dense")}
    return {
        "network": network,
        "seconds": mine,
        "ratio": round(min(peers.values()) / mine, 3),
        "peers": peers,
        "bytes": int(size),
        **{who: value for who, value in medians.items() if who not in peers},
    }


def main() -> None:
    """Time all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="of a contender in a round")
    parser.add_argument("--dense", action="store_true", help="also time inputs declared dense")
    options = parser.parse_args()
    for network in options.networks.split(","):
        print(json.dumps(compare(network, options)), flush=True)


if __name__ == "__main__":
    main()
