"""Loading, saving and cloning of models: one JSON line for each claim.

    python bench/models.py [--rounds 5] [--size 480]

`load`: `bs.load` of a model container of so many MB, over reading its bytes (both from the cache
of the operating system, taken in turns, the fastest of each counts), and the memory that the
process needs beyond that of a small model, over the size of the file. `clone`: one call of
CloneFunction of each mode in a network of a thousand nodes, in milliseconds of the pass.
`checkpoint`: saving the same model over writing its bytes, both with fsync. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import brainscript as bs

LAYERS = 4
MODES = ("learnable", "constant", "shared")
CHAIN = 199


def network(width: int) -> str:
    """Layers without bias, as wide as they are deep."""
    lines = [f"x0 = Input {{{width}}}"]
    for n in range(LAYERS):
        lines.append(f"W{n} = ParameterTensor {{({width}:{width}), initValue=0.5}}")
        lines.append(f"x{n + 1} = Sigmoid (W{n} * x{n})")
    return "\n".join([*lines, f"outputNodes = (x{LAYERS})"])


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_raw(path: Path, data: bytes) -> None:
    """The bytes on the disk, and nothing else."""
    with path.open("wb", buffering=0) as stream:
        stream.write(data)
        os.fsync(stream.fileno())


def peak(path: Path) -> int:
    """The most memory, in bytes, of a process that loads a model."""
    code = "import sys, brainscript as bs; net = bs.load(sys.argv[1])"
    code += "; print(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=True)
    line = next(t for t in done.stdout.decode().splitlines() if t.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def load_and_save(folder: Path, size: int, rounds: int) -> None:
    """Two lines: loading over reading, saving over writing."""
    width = int((size * 1e6 / 4 / LAYERS) ** 0.5)
    big, small, raw = folder / "big.model", folder / "small.model", folder / "raw"
    bs.compile(network(8)).save(small)
    model = bs.compile(network(width))
    model.save(big)
    bytes_of_file = big.stat().st_size
    loads, reads, saves, writes = ([0.0] * rounds for _ in range(4))
    for i in range(rounds):
        saves[i] = seconds(lambda: model.save(big))
        data = big.read_bytes()
        writes[i] = seconds(lambda content=data: write_raw(raw, content))
        del data
    for i in range(rounds):
        reads[i] = seconds(big.read_bytes)
        loads[i] = seconds(lambda: bs.load(big))
    memory = (peak(big) - peak(small)) / bytes_of_file
    load, read = min(loads), min(reads)
    line = {"MB": bytes_of_file // 10**6, "load s": round(load, 3), "read s": round(read, 3)}
    print(json.dumps({**line, "load over read": round(load / read, 2), "memory": round(memory, 2)}))
    save, write = min(saves), min(writes)
    line = {"checkpoint s": round(save, 3), "write s": round(write, 3)}
    print(json.dumps({**line, "checkpoint over write": round(save / write, 2)}))


def clone_text(mode: str) -> str:
    """A chain of a thousand nodes, and one call of a clone of all of it."""
    lines = ["x = Input {4}", "y = Input {4}", "h0 = Pass (x)"]
    for n in range(CHAIN):
        lines.append(f"W{n} = ParameterTensor {{(4:4)}} ; b{n} = ParameterTensor {{4}}")
        lines.append(f"h{n + 1} = Tanh (W{n} * h{n} + b{n})")
    lines.append(f'f = BS.Network.CloneFunction (x, h{CHAIN}, parameters="{mode}")')
    return "\n".join([*lines, "z = f (y)", f"outputNodes = (z : h{CHAIN})"])


def clones(folder: Path, rounds: int) -> None:
    """The cost of the pass, of each mode."""
    found: dict[str, float] = {}
    for mode in MODES:
        path = folder / f"{mode}.bs"
        path.write_text(clone_text(mode))
        command = [sys.executable, "-m", "brainscript.tools.bs_opt", str(path), "--emit", "net"]
        times: list[float] = []
        for _ in range(rounds):
            done = subprocess.run(
                [*command, "--timing"], capture_output=True, text=True, check=True
            )
            line = next(t for t in done.stderr.splitlines() if "net-clone-function" in t)
            times.append(1000 * float(line.split()[0]))
        found[mode] = round(min(times), 1)
    print(json.dumps({"nodes": 5 * CHAIN + 5, "clone ms": found}))


def main() -> None:
    """All claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=480, help="of the model, in MB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        load_and_save(Path(name), options.size, options.rounds)
        clones(Path(name), options.rounds)


if __name__ == "__main__":
    main()
