"""The order of sequences against the procedure written out in plain Python."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainscript.runtime import native_library
from brainscript.runtime.data.corpus import Corpus
from brainscript.runtime.data.randomise import Order, order_of
from brainscript.runtime.generators import Generator
from brainscript.runtime.native_library import library
from test.runtime.data.support import settings_of, text_reader


def sweep_order(corpus: Corpus, order: Order, sweep: int) -> NDArray[np.uint32]:
    """The numbers of all sequences in the order of one sweep."""
    out = np.empty(corpus.sequences, np.uint32)
    options = order.native()
    status = library().bs_sweep_order(corpus.handle, ctypes.byref(options), sweep, out.ctypes.data)
    assert status == native_library.DONE
    return out


class Random:
    """`rand(b, e) = b + next() mod (e - b)` on the raw generator."""

    def __init__(self, seed: int):
        self.words = iter(Generator(seed).words(200000).tolist())

    def __call__(self, begin: int, end: int) -> int:
        return begin + next(self.words) % (end - begin)


def windows(sizes: list[int], order: Order) -> list[tuple[int, int]]:
    """The window of each chunk, in chunks of the shuffled list."""
    n, half = len(sizes), order.window // 2
    starts = [sum(sizes[:i]) for i in range(n + 1)]
    found: list[tuple[int, int]] = []
    begin, end = 0, 1
    for i in range(n):
        if not order.in_samples:
            begin = max(i - half, 0)
            end = begin + max(order.window, 1)
            if end > n:
                begin, end = max(n - order.window, 0), n
        else:
            while starts[i] - starts[begin] > half:
                begin += 1
            end = max(end, i + 1)
            while end < n and starts[end + 1] - starts[i] < half:
                end += 1
        found.append((begin, end))
    return found


def reference(starts: list[int], lengths: list[int], order: Order, sweep: int) -> list[int]:
    """The randomised order of one sweep."""
    seed, n = order.seed + sweep, len(starts) - 1
    rand = Random(seed)
    chunks = list(range(n))
    for i in range(n):
        j = rand(0, n)
        chunks[i], chunks[j] = chunks[j], chunks[i]
    samples = [sum(lengths[starts[c] : starts[c + 1]]) for c in chunks]
    window = windows(samples, order)
    items = [(s, place) for place, c in enumerate(chunks) for s in range(starts[c], starts[c + 1])]
    place_at = [place for _, place in items]
    rand = Random(seed)

    def legal(origin: int, place: int) -> bool:
        return window[place][0] <= origin < window[place][1]

    for t in range(len(items)):
        begin, end = window[place_at[t]]
        first = place_at.index(begin)
        last = len(place_at) - 1 - place_at[::-1].index(end - 1)
        while True:
            j = rand(first, last + 1)
            if legal(items[j][1], place_at[t]) and legal(items[t][1], place_at[j]):
                break
        items[t], items[j] = items[j], items[t]
    return [s for s, _ in items]


ROWS = "".join(f"{i} |a {i}\n" * (1 + i * i % 3) for i in range(200))


@pytest.mark.parametrize(
    "order",
    [
        Order(window=1),
        Order(window=2),
        Order(window=3, seed=5),
        Order(window=1000),
        Order(window=0),
        Order(window=60, in_samples=True),
        Order(window=7, in_samples=True, seed=2),
        Order(window=2**62, in_samples=True),
    ],
)
def test_order_is_the_written_procedure(order: Order, tmp_path: Path):
    corpus = text_reader(tmp_path, ROWS, more="chunkSizeInBytes = 100").corpus
    starts, lengths = corpus.chunk_starts().tolist(), corpus.lengths().tolist()
    assert corpus.chunks > 20
    for sweep in (0, 1, 7):
        found = sweep_order(corpus, order, sweep).tolist()
        assert found == reference(starts, lengths, order, sweep)
        assert sorted(found) == list(range(200))


def test_one_chunk_swaps_over_everything(tmp_path: Path):
    corpus = text_reader(tmp_path, ROWS).corpus
    assert corpus.chunks == 1
    words, expected = Generator(3).words(200).tolist(), list(range(200))
    for t in range(200):
        j = words[t] % 200
        expected[t], expected[j] = expected[j], expected[t]
    assert sweep_order(corpus, Order(), 3).tolist() == expected


def test_file_order(tmp_path: Path):
    corpus = text_reader(tmp_path, ROWS).corpus
    assert sweep_order(corpus, Order(randomize=False), 9).tolist() == list(range(200))


def test_chunks_hold_as_many_bytes_as_fit(tmp_path: Path):
    # Rows of 7 bytes; the third sequence alone is larger than a chunk.
    rows = "1 |a 1\n2 |a 2\n" + "3 |a 3\n" * 4 + "4 |a 4\n5 |a 5"
    corpus = text_reader(tmp_path, rows, more="chunkSizeInBytes = 20").corpus
    assert corpus.chunk_starts().tolist() == [0, 2, 3, 5]


@pytest.mark.parametrize(
    ("keys", "composite", "expected"),
    [
        ("", False, Order(True, 128)),
        ("randomize = false", False, Order(False, 128)),
        ("randomize = none", False, Order(False, 128)),
        ("randomize = auto", False, Order(True, 128)),
        ("randomizationWindow = 5", False, Order(True, 5)),
        ("randomizationWindow = 5 ; randomizationSeed = 3", True, Order(True, 5, True, 3)),
        ("sampleBasedRandomizationWindow = true", False, Order(True, 2**62, True)),
        ("sampleBasedRandomizationWindow = false ; randomizationWindow = 9", True, Order(True, 9)),
        ("", True, Order(True, 128)),
    ],
)
def test_keys_of_the_order(keys: str, composite: bool, expected: Order):
    assert order_of(settings_of(keys), 32 << 20, True, composite=composite) == expected
