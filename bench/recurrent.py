"""Training steps over sequences against their peers: one JSON line for each network and batch.

    python bench/recurrent.py [--networks lstm,tagger,bidirectional,ctc] [--rounds 3]
        [--threads 2] [--clock wall|cpu] [--peer-python PYTHON]

`lstm` is one layer, 256 inputs and 512 cells, on 32 sequences of up to 20 steps; `tagger` an
embedding of 943 words in 150 numbers, 300 cells and 129 classes, on 25 sequences of 5 to 30 steps;
`bidirectional` three layers of 256 cells in both directions on 16 sequences of 5 to 30 steps; `ctc`
the criterion alone, its value and its gradient for the scores, on 32 sequences of 100 to 400 frames
of 80 classes. In a batch `equal` all sequences are as long as the longest, in `ragged` their
lengths are spread evenly. PyTorch pads them or packs them (`pack_padded_sequence`); for the tagger
it is also compiled, and JAX scans. The fastest way counts.

Contenders take turns, each round in a fresh process on `--threads` threads; the best step of a
round counts, and the median of the rounds. With the clock `wall` nothing else may run on the
machine; `cpu` is the time of the process, for one thread only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CASES = {
    "lstm": ("equal", "ragged"),
    "tagger": ("ragged",),
    "bidirectional": ("ragged",),
    "ctc": ("ragged",),
}
"""The batches of each network."""


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
    words = [network, batch, str(options.threads), str(options.steps), options.clock]
    scripts = [(sys.executable, "recurrent_ours.py"), (options.peer_python, "recurrent_torch.py")]
    if network == "tagger":
        scripts.append((options.peer_python, "recurrent_jax.py"))
    for _ in range(options.rounds):
        for python, script in scripts:
            for who, value in seconds(python, script, words).items():
                times.setdefault(who, []).append(value)
    medians = {who: float(np.median(values)) for who, values in times.items()}
    mine = medians.pop("brainscript")
    best = min(medians.values())
    ratio = round(best / mine, 3)
    found = {"network": network, "batch": batch, "threads": options.threads, "clock": options.clock}
    return {**found, "seconds": mine, "ratio": ratio, "peers": medians}


def main() -> None:
    """Time all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="of a contender in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    if options.clock == "cpu" and options.threads != 1:
        parser.error("--clock cpu is for --threads 1")
    for network in options.networks.split(","):
        for batch in CASES[network]:
            print(json.dumps(compare(network, batch, options)), flush=True)


if __name__ == "__main__":
    main()
