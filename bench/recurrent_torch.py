"""The peer of `recurrent_ours.py`: `python recurrent_torch.py NETWORK BATCH THREADS STEPS CLOCK`.

Prints one JSON line with the seconds of the best step: sequences padded to the longest one, packed
without gaps, and, for the tagger, padded through torch.compile.
"""

# pyright: basic, reportMissingImports=false
# (the peer lives in an environment of its own and publishes no complete types)

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import sequences
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

LAYERS: dict[str, tuple[int, int, int, bool]] = {
    "lstm": (256, 512, 1, False),
    "bidirectional": (256, 256, 3, True),
}
"""Inputs, cells, layers, and whether there are cells for both directions."""


class Layers(nn.Module):
    """Recurrent layers, and the squares of their distance to a target."""

    def __init__(self, inputs: int, cells: int, layers: int, both: bool) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, cells, layers, bidirectional=both)

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


class Alignment(nn.Module):
    """CTC of scores; padded steps lie behind the end of their sequence, so they do not count."""

    def __init__(self, batch: str) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(sequences.CLASSES))
        self.labels = [torch.from_numpy(found) for found in sequences.labels(batch)]

    def forward(self, x: Any, y: Any, lengths: Any, packed: bool) -> Any:
        """The summed criterion."""
        logs = (x + self.bias).log_softmax(-1)
        sizes = torch.tensor([len(found) for found in self.labels])
        return nn.functional.ctc_loss(logs, y, lengths, sizes, reduction="sum")


def network_of(name: str, batch: str, lengths: Any) -> tuple[Any, Any, Any]:
    """The network, its inputs and its targets."""
    steps, count = int(lengths.max()), len(lengths)
    if name == "ctc":
        net = Alignment(batch)
        return net, torch.randn(steps, count, sequences.CLASSES), torch.cat(net.labels)
    if name == "tagger":
        x, y = torch.randint(0, 943, (steps, count)), torch.randint(0, 129, (steps, count))
        y[torch.arange(steps)[:, None] >= lengths[None]] = -100
        return Tagger(), x, y
    inputs, cells, layers, both = LAYERS[name]
    y = torch.randn(steps, count, cells * (1 + both))
    return Layers(inputs, cells, layers, both), torch.randn(steps, count, inputs), y


def step_of(name: str, batch: str, packed: bool, compiled: bool = False) -> Callable[[], None]:
    """One training step."""
    torch.manual_seed(sequences.SEED)
    lengths = torch.from_numpy(sequences.lengths(name, batch))
    net, x, y = network_of(name, batch, lengths)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6, momentum=0.9)
    loss: Any = torch.compile(net) if compiled else net

    def step() -> None:
        optimizer.zero_grad()
        loss(x, y, lengths, packed).backward()
        optimizer.step()

    return step


def main() -> None:
    """Time all ways."""
    name, batch, threads, steps, clock = sys.argv[1:]
    torch.set_num_threads(int(threads))
    ways = {"padded": (False, False)}
    if name != "ctc":
        ways["packed"] = (True, False)
    if name == "tagger":
        ways["compiled"] = (False, True)
    found = {
        way: sequences.best_of(step_of(name, batch, *how), int(steps), clock)
        for way, how in ways.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
