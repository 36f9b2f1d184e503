"""Training step against PyTorch and JAX: one JSON line for each network, ratios from one run.

    python bench/training.py [--networks mlp64,tiny] [--rounds 5] [--peer-python PYTHON]

Contenders take turns, each round in a fresh process, and the medians over the rounds count. Ours is
the wall time of the epoch loop of `bs-jit train` from the second epoch on over its minibatches, as
the log gives it; the peers' is the wall time of as many steps on arrays in memory. Nothing else may
run on the machine. `of_step` is the ratio to a peer's median step: what disturbs an epoch, but not
most of its steps, counts there against us alone.

Beside the ratio stands what the processor allows: `peak`, the multiply-adds per second of
registers alone in the same rounds; `of_peak`, the share that our products of matrices reach if
all else took no time; and `bound`, the ratio at which they would take all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import data
import numpy as np
from peak import Peak

HERE = Path(__file__).resolve().parent
PEERS = ("torch", "torch-compile", "jax")
EPOCH = re.compile(r"Finished Epoch\[\s*(\d+) of \d+\]: \[Training\].*epochTime=([\d.e+-]+)s")


def ours(name: str, folder: Path, threads: int) -> float:
    """Seconds of a minibatch in our epoch loop, from the second epoch on (median over epochs)."""
    words = ["configFile=" + str(HERE / "models.cntk"), f"command={name}"]
    paths = [f"dataDir={folder}", f"outDir={folder / 'out'}", f"numCPUThreads={threads}"]
    command = [sys.executable, "-m", "brainscript.tools.bs_jit", *words, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    times = [float(seconds) for epoch, seconds in EPOCH.findall(done.stderr) if int(epoch) > 1]
    if not times:
        sys.exit(f"no epochs in the log of {name}:\n{done.stderr}")
    shape = data.SHAPES[name]
    return float(np.median(times)) / -(-shape.rows // shape.batch)


def theirs(
    python: str, peer: str, name: str, seconds: float, threads: int
) -> tuple[float, float] | None:
    """Seconds of a step of one peer, in an epoch and alone, or None when it is not installed."""
    command = [python, str(HERE / "peers.py"), peer, name, str(seconds), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:]
        print(f"{peer} left out: {' '.join(reason)}", file=sys.stderr)
        return None
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["step"]


def products(name: str) -> float:
    """Multiplications and additions of the matrix products in a step.

    Each matrix of weights is in three, the first one in two: nobody needs the gradient of data.
    """
    shape = data.SHAPES[name]
    sizes = (shape.features, *shape.hidden, shape.classes)
    weights = [one * two for one, two in pairwise(sizes)]
    return 2.0 * shape.batch * (3 * sum(weights) - weights[0])


def compare(name: str, options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The medians of all contenders on one network, and our ratio to the best peer."""
    data.write(name, folder)
    mine: list[float] = []
    times: dict[str, list[tuple[float, float]]] = {}
    peers = [p for p in PEERS if p in options.peers]
    peak, peaks = Peak(), list[float]()
    for _ in range(options.rounds):
        peaks.append(peak.rate(options.threads))
        mine.append(ours(name, folder, options.threads))
        for peer in list(peers):
            seconds = theirs(options.peer_python, peer, name, options.seconds, options.threads)
            if seconds is None:
                peers.remove(peer)
            else:
                times.setdefault(peer, []).append(seconds)
    own = float(np.median(mine))
    medians = {who: np.median(all_times, axis=0).tolist() for who, all_times in times.items()}
    best = min(medians, key=lambda peer: medians[peer][0], default="")
    row: dict[str, object] = {"network": name, "seconds": own, "best": best}
    highest = float(np.median(peaks))
    least = products(name) / highest * 1e-9
    row |= {"peak": round(highest, 1), "of_peak": round(least / own, 3)}
    if best:
        epoch = medians[best][0]
        row |= {"ratio": round(epoch / own, 3), "bound": round(epoch / least, 3)}
        row |= {"of_step": round(min(m[1] for m in medians.values()) / own, 3)}
    return row | {"peers": {who: epoch for who, (epoch, _) in medians.items()}}


def main() -> None:
    """Time all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(data.SHAPES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a peer in a round")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            print(json.dumps(compare(name, options, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
