"""Speed of the text reader: one JSON line for each kind of data, in MB/s of one thread.

    python bench/reading.py [--rounds 7] [--megabytes 64]

The time is that of the thread that parses, system calls included, without a cache: the first
sweep of a run. A last line is for the second run, which finds the data parsed in the cache.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from brainscript.runtime.data.corpus import Stream, TextFile, read_text
from brainscript.runtime.data.ready.parsed import ParsedCache

SEED = 20240229
DENSE = (Stream("labels", "labels", 10, False), Stream("features", "features", 784, False))
SPARSE = (Stream("S0", "S0", 943, True), Stream("S2", "S2", 129, True))


def dense_rows(numbers: np.random.Generator) -> Iterator[str]:
    """Images as numbers with four decimals, classes as ten numbers."""
    while True:
        hot = int(numbers.integers(0, 10))
        labels = " ".join("1" if hot == k else "0" for k in range(10))
        values = " ".join(f"{v:.4f}" for v in numbers.standard_normal(784))
        yield f"|labels {labels} |features {values}\n"


def byte_rows(numbers: np.random.Generator) -> Iterator[str]:
    """Images as bytes, four of five black."""
    while True:
        values = numbers.integers(0, 256, 784) * (numbers.random(784) < 0.2)
        labels = " ".join("1" if k == int(values[0]) % 10 else "0" for k in range(10))
        yield f"|labels {labels} |features {' '.join(map(str, values))}\n"


def word_rows(numbers: np.random.Generator) -> Iterator[str]:
    """Sentences of one-hot words and tags."""
    sentence = 0
    while True:
        for _ in range(int(numbers.integers(5, 20))):
            word, tag = numbers.integers(0, 943), numbers.integers(0, 129)
            yield f"{sentence} |S0 {word}:1 |S2 {tag}:1\n"
        sentence += 1


KINDS: dict[str, tuple[Callable[[np.random.Generator], Iterator[str]], tuple[Stream, ...]]] = {
    "dense 784": (dense_rows, DENSE),
    "dense 784, bytes": (byte_rows, DENSE),
    "sparse one-hot": (word_rows, SPARSE),
}


def write(path: Path, rows: Iterator[str], size: int) -> None:
    """A file of about `size` bytes, which repeats after 4 MB."""
    block: list[str] = []
    length = 0
    while length < min(size, 4_000_000):
        block.append(next(rows))
        length += len(block[-1])
    with path.open("w") as stream:
        for _ in range(max(1, size // length)):
            stream.writelines(block)


def speed(file: TextFile, rounds: int) -> float:
    """Megabytes a second of the thread that reads, the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.thread_time()
        data, _ = read_text(file, 4)
        best = min(best, time.thread_time() - begun)
        del data
    return Path(file.path).stat().st_size / best / 1e6


def main() -> None:
    """Time all kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.ctf"
        for kind, (rows, streams) in KINDS.items():
            write(path, rows(np.random.default_rng(SEED)), options.megabytes * 1_000_000)
            file = TextFile(str(path), streams)
            show(kind, speed(file, options.rounds))
        kind, (_, streams) = list(KINDS.items())[-1]
        kept = replace(TextFile(str(path), streams), cache=ParsedCache(Path(folder)))
        read_text(kept, 4)
        while not list(Path(folder).glob("*.data")):
            time.sleep(0.1)
        show(f"{kind}, kept", speed(kept, 3))


def show(kind: str, speed: float) -> None:
    """Print one line."""
    print(json.dumps({"reading": kind, "megabytes_per_second": round(speed)}), flush=True)


if __name__ == "__main__":
    main()
