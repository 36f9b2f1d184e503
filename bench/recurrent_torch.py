"""The peer of `recurrent_ours.py`: `python recurrent_torch.py NETWORK BATCH THREADS STEPS`.

Prints one JSON line with the seconds of the best step: sequences padded to the longest one, and
packed without gaps.
"""

# pyright: basic, reportMissingImports=false
# (the peer lives in an environment of its own and publishes no complete types)

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import sequences
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Layer(nn.Module):
    """One recurrent layer, and the squares of its distance to a target."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(256, 512)

    def forward(self, x: Any, y: Any, lengths: Any, packed: bool) -> Any:
        """The summed criterion."""
        if not packed:
            return ((self.rnn(x)[0] - y) ** 2).sum()
        x, y = (pack_padded_sequence(v, lengths, enforce_sorted=False) for v in (x, y))
        return ((self.rnn(x)[0].data - y.data) ** 2).sum()


class Tagger(nn.Module):
    """Words to classes."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(943, 150)
        self.rnn = nn.LSTM(150, 300)
        self.out = nn.Linear(300, 129)

    def forward(self, x: Any, y: Any, lengths: Any, packed: bool) -> Any:
        """The summed criterion; the class of a padded step is -100, which counts as none."""
        x = self.words(x)
        if packed:
            x = pack_padded_sequence(x, lengths, enforce_sorted=False)
            y = pack_padded_sequence(y, lengths, enforce_sorted=False).data
            z = self.out(self.rnn(x)[0].data)
        else:
            z, y = self.out(self.rnn(x)[0]).reshape(-1, 129), y.reshape(-1)
        return nn.functional.cross_entropy(z, y, reduction="sum")


def step_of(name: str, batch: str, packed: bool) -> Callable[[], None]:
    """One training step."""
    torch.manual_seed(sequences.SEED)
    lengths = torch.from_numpy(sequences.lengths(name, batch))
    steps, count = int(lengths.max()), len(lengths)
    net = Layer() if name == "lstm" else Tagger()
    if name == "lstm":
        x, y = torch.randn(steps, count, 256), torch.randn(steps, count, 512)
    else:
        x, y = torch.randint(0, 943, (steps, count)), torch.randint(0, 129, (steps, count))
        y[torch.arange(steps)[:, None] >= lengths[None]] = -100
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        net(x, y, lengths, packed).backward()
        optimizer.step()

    return step


def main() -> None:
    """Time both ways."""
    name, batch, threads, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    found: dict[str, float] = {}
    for packed in (False, True):
        step, best = step_of(name, batch, packed), float("inf")
        for _ in range(steps + 3):
            start = time.perf_counter()
            step()
            best = min(best, time.perf_counter() - start)
        found["packed" if packed else "padded"] = best
    print(json.dumps(found))


if __name__ == "__main__":
    main()
