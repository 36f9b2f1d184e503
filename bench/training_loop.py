"""What training adds to its steps: reading, saving, many minibatches. One JSON line for each.

    python bench/training_loop.py [--claims loop,checkpoint,long] [--minibatches 1000000]

`loop`: a minibatch of the mlp at batch 64 with its reader, against the step alone on data that
lies in it already; processor time of one thread, in turns, medians. `checkpoint`: saving a model
of 500 MB against writing as many bytes and syncing them, in turns, on the disk of --folder.
`long`: a million tiny minibatches; memory and time of the last tenth against those of the second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import data
import numpy as np

from brainscript.frontend.config import load_config
from brainscript.runtime.actions.session import Session, fresh_network
from brainscript.runtime.data.minibatch_loop import MinibatchLoop
from brainscript.runtime.model import container
from brainscript.runtime.network import Network, Reader, UpdateRule
from brainscript.runtime.program import Program
from brainscript.runtime.train.feed import feed, loop_over, set_hyper
from brainscript.runtime.train.log import Log
from brainscript.tools.wiring import Wiring

HERE = Path(__file__).resolve().parent


def opened(name: str, folder: Path) -> tuple[Network, Program, Reader]:
    """The network of a section of models.cntk, its training step and its reader."""
    from brainscript.tools.wiring import _wiring  # pyright: ignore[reportPrivateUsage]

    data.write(name, folder)
    wiring: Wiring = _wiring()
    words = [f"configFile={HERE / 'models.cntk'}", f"dataDir={folder}", f"outDir={folder}"]
    section = load_config(words, wiring.sources).section(name)
    environment = wiring.environment()
    network = fresh_network(section, Session(environment, Log(environment.stderr)))
    names = [node.name for node in (*network.facts.criteria[:1], *network.facts.metrics)]
    step = network.compile("train", names, UpdateRule())
    inputs = network.inputs_of("train", names)
    reader = environment.open_reader(section.section("reader"), inputs, True)
    assert isinstance(step, Program)
    return network, step, reader


def measure_loop(folder: Path, rounds: int) -> dict[str, object]:
    """An epoch of the mlp through the reader, and as many bare steps."""
    network, step, reader = opened("mlp64", folder)
    shape = data.SHAPES["mlp64"]
    criterion = network.facts.criteria[0]
    inputs = network.inputs_of("train", [criterion.name])
    count = shape.rows // shape.batch
    times: dict[str, list[float]] = {"read": [], "bare": []}
    for epoch in range(rounds):
        reader.start_epoch(epoch, 0, shape.batch)
        loop = loop_over(network, step, inputs, reader, criterion)
        assert isinstance(loop, MinibatchLoop)
        loop.set_rates(0.0, 0.0)
        times["read"].append(spent(partial(loop.run, count)) / count)
        reader.start_epoch(epoch, 0, shape.batch)
        minibatch = reader.next()
        assert minibatch is not None
        feed(step, inputs, minibatch)
        set_hyper(network, 0.0, 0.0, shape.batch)
        times["bare"].append(spent(partial(repeat, step, count)) / count)
    read, bare = (float(np.median(times[kind][1:])) for kind in ("read", "bare"))
    return {"loop": "mlp64", "seconds": read, "bare": bare, "slower": round(read / bare - 1, 4)}


def repeat(step: Program, count: int) -> None:
    """So many steps on the same data."""
    for _ in range(count):
        step.run()


def spent(work: Callable[[], object]) -> float:
    """The processor time of this thread."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def measure_checkpoint(folder: Path, rounds: int) -> dict[str, object]:
    """Saving 500 MB of parameters, and writing the same bytes."""
    numbers = np.random.default_rng(data.SEED)
    tensors = {f"W{i}": numbers.standard_normal((5000, 2500), np.float32) for i in range(10)}
    times: dict[str, list[float]] = {"saved": [], "written": []}
    for _ in range(rounds):
        for kind, work in (("written", write_plain), ("saved", save)):
            begun = time.perf_counter()
            work(folder / kind, tensors)
            times[kind].append(time.perf_counter() - begun)
            os.unlink(folder / kind)
    saved, written = (float(np.median(times[kind])) for kind in ("saved", "written"))
    return {"checkpoint": 500, "seconds": saved, "ratio": round(saved / written, 3)}


def save(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """As a checkpoint saves a model."""
    container.save(path, tensors, {})


def write_plain(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """The bytes alone, durable."""
    with path.open("wb") as stream:
        for tensor in tensors.values():
            stream.write(tensor.data)
        stream.flush()
        os.fsync(stream.fileno())


def measure_long(folder: Path, minibatches: int) -> dict[str, object]:
    """Time and peak memory of tenths of a long run."""
    network, step, reader = opened("tiny", folder)
    criterion = network.facts.criteria[0]
    inputs = network.inputs_of("train", [criterion.name])
    loop = loop_over(network, step, inputs, reader, criterion)
    loop.set_rates(1e-6, 0.9)
    tenths: list[tuple[float, int]] = []
    epoch = 0
    reader.start_epoch(epoch, 0, 25)
    for _ in range(10):
        begun, done = time.thread_time(), 0
        while done < minibatches // 10:
            progress = loop.run(minibatches // 10 - done)
            done += progress.minibatches
            if progress.finished:
                epoch += 1
                reader.start_epoch(epoch, 0, 25)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        tenths.append((time.thread_time() - begun, used))
    slower = tenths[-1][0] / tenths[1][0] - 1
    grown = tenths[-1][1] - tenths[1][1]
    return {"long": minibatches, "slower": round(slower, 4), "kilobytes_grown": grown}


def main() -> None:
    """Measure the claims asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", default="loop,checkpoint,long")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minibatches", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        claims: dict[str, Callable[[], dict[str, object]]] = {
            "loop": lambda: measure_loop(folder, options.rounds),
            "checkpoint": lambda: measure_checkpoint(folder, options.rounds),
            "long": lambda: measure_long(folder, options.minibatches),
        }
        for claim in options.claims.split(","):
            print(json.dumps(claims[claim]()), flush=True)


if __name__ == "__main__":
    main()
