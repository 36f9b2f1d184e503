"""The peer of `sparse_ours.py`: `python sparse_torch.py NETWORK all STEPS`.

Prints one JSON line: seconds of the best step of one thread, with dense gradients of the embedding
and with sparse ones.
"""

# pyright: basic, reportMissingImports=false
# (the peer lives in an environment of its own and publishes no complete types)

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import sequences
import sparse_data
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Words(nn.Module):
    """Words to classes."""

    def __init__(self, w: sparse_data.Words, sparse: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(w.vocabulary, w.embedding, sparse=sparse)
        self.rnn = nn.LSTM(w.embedding, w.cells)
        self.out = nn.Linear(w.cells, w.classes)

    def forward(self, x: Any, y: Any, lengths: Any) -> Any:
        """The summed criterion."""
        x = pack_padded_sequence(self.words(x), lengths, enforce_sorted=False)
        y = pack_padded_sequence(y, lengths, enforce_sorted=False).data
        z = self.out(self.rnn(x)[0].data)
        return nn.functional.cross_entropy(z, y, reduction="sum")


class Towers(nn.Module):
    """Two bags of trigrams and their cosine."""

    def __init__(self, sparse: bool) -> None:
        super().__init__()
        size = (sparse_data.TRIGRAMS, sparse_data.WIDTH)
        bags = [nn.EmbeddingBag(*size, mode="sum", sparse=sparse) for _ in range(2)]
        tops = [nn.Linear(sparse_data.WIDTH, sparse_data.TOP, bias=False) for _ in range(2)]
        self.bags, self.tops = nn.ModuleList(bags), nn.ModuleList(tops)

    def forward(self, x: Any, y: Any, lengths: Any) -> Any:
        """The summed criterion."""
        pairs = zip(self.bags, self.tops, (x, y), strict=True)
        a, b = (torch.tanh(top(torch.tanh(bag(v)))) for bag, top, v in pairs)
        return (1 - nn.functional.cosine_similarity(a, b)).sum()


def drawn(limit: int, shape: tuple[int, ...], seed: int) -> Any:
    """Random words."""
    count = int(torch.tensor(shape).prod())
    return torch.from_numpy(sparse_data.draw(limit, count, seed)).reshape(shape)


def step_of(name: str, sparse: bool) -> Callable[[], None]:
    """One training step."""
    torch.manual_seed(sequences.SEED)
    lengths = torch.from_numpy(sparse_data.lengths())
    if name == "dssm":
        net: Any = Towers(sparse)
        shape = (sparse_data.PAIRS, sparse_data.IN_A_BAG)
        x, y = (drawn(sparse_data.TRIGRAMS, shape, seed) for seed in range(2))
    else:
        w = sparse_data.WORDS[name]
        net, shape = Words(w, sparse), (int(lengths.max()), len(lengths))
        x, y = drawn(w.vocabulary, shape, 0), drawn(w.classes, shape, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        net(x, y, lengths).backward()
        optimizer.step()

    return step


def main() -> None:
    """Time both ways."""
    name, _, steps = sys.argv[1:]
    torch.set_num_threads(1)
    ways = {"torch": False, "torch sparse": True}
    found = {
        way: sequences.best_of(step_of(name, sparse), int(steps), "cpu")
        for way, sparse in ways.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
