"""Random data for the timings, as CTF text for us and as arrays for the peers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20240229


@dataclass(frozen=True)
class Shape:
    """One network's data: rows in the file, features, classes, minibatch size."""

    file: str
    rows: int
    features: int
    classes: int
    batch: int
    hidden: tuple[int, ...]
    activation: str


SHAPES = {
    "mlp64": Shape("mlp", 12288, 784, 10, 64, (512, 256), "relu"),
    "mlp1024": Shape("mlp", 12288, 784, 10, 1024, (512, 256), "relu"),
    "tiny": Shape("tiny", 50000, 2, 2, 25, (50,), "sigmoid"),
    "speech": Shape("speech", 2048, 363, 9000, 256, (2048,) * 6, "sigmoid"),
}


def batches(name: str, count: int = 8) -> list[tuple[Any, Any]]:
    """Minibatches for a peer: float32 features [batch, features] and int64 classes [batch]."""
    shape = SHAPES[name]
    numbers = np.random.default_rng(SEED)
    size = (shape.batch, shape.features)
    return [
        (
            numbers.standard_normal(size, np.float32),
            numbers.integers(0, shape.classes, shape.batch),
        )
        for _ in range(count)
    ]


def write(name: str, folder: Path) -> None:
    """Write the CTF file of this network unless it is there; sparse labels beyond 100 classes."""
    shape = SHAPES[name]
    path = folder / f"{shape.file}.ctf"
    if path.exists():
        return
    numbers = np.random.default_rng(SEED)
    with path.open("w") as file:
        for _ in range(shape.rows):
            values = " ".join(f"{v:.4f}" for v in numbers.standard_normal(shape.features))
            hot = int(numbers.integers(0, shape.classes))
            dense = " ".join("1" if hot == k else "0" for k in range(shape.classes))
            labels = f"{hot}:1" if shape.classes > 100 else dense
            file.write(f"|labels {labels} |features {values}\n")
