"""Which sequences a minibatch takes, where epochs begin and end, and the samples handed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import in_order, text_reader

IN_ORDER = "randomize = false"


def batches(reader: Reader, epoch: int, size: int, minibatch: int) -> list[list[int]]:
    """The sequence numbers of each minibatch of an epoch."""
    reader.start_epoch(epoch, size, minibatch)
    found: list[list[int]] = []
    while (batch := reader.next()) is not None:
        found.append(batch.numbers.tolist())
    return found


def ragged(folder: Path, lengths: list[int], more: str = IN_ORDER) -> Reader:
    """Sequences of these lengths; every sample holds 100 * sequence + step."""
    rows = "".join(f"{s} |a {100 * s + t}\n" for s, n in enumerate(lengths) for t in range(n))
    return text_reader(folder, rows, more=more)


def test_whole_sequences_while_they_fit_and_at_least_one(tmp_path: Path):
    reader = ragged(tmp_path, [2, 3, 4, 9, 1, 1, 1])
    assert batches(reader, 0, 0, 5) == [[0, 1], [2], [3], [4, 5, 6]]
    assert batches(reader, 0, 0, 1) == [[0], [1], [2], [3], [4], [5], [6]]
    assert batches(reader, 0, 0, 100) == [[0, 1, 2, 3, 4, 5, 6]]


def test_an_epoch_takes_the_sequences_that_start_in_it(tmp_path: Path):
    reader = ragged(tmp_path, [3, 3, 3, 3])  # starts 0 3 6 9, sweep 12
    assert batches(reader, 0, 5, 4) == [[0], [1]]
    assert batches(reader, 1, 5, 4) == [[2], [3]]
    assert batches(reader, 2, 5, 4) == [[0]]  # positions 10..14: the next sweep starts at 12
    assert batches(reader, 0, 30, 7) == [[0, 1], [2, 3], [0, 1], [2, 3], [0, 1]]


def test_a_minibatch_never_crosses_the_end_of_a_sweep(tmp_path: Path):
    reader = ragged(tmp_path, [1] * 5)
    assert batches(reader, 0, 12, 3) == [[0, 1, 2], [3, 4], [0, 1, 2], [3, 4], [0, 1]]
    assert batches(reader, 1, 12, 3) == [[2, 3, 4], [0, 1, 2], [3, 4], [0, 1, 2], [3]]


def test_each_sweep_has_its_own_order_and_restarts_repeat_it(tmp_path: Path):
    reader = ragged(tmp_path, [1] * 50, more="")
    first, second = batches(reader, 0, 0, 50), batches(reader, 1, 0, 50)
    assert first != second
    assert batches(reader, 0, 0, 50) == first
    together = batches(reader, 0, 100, 50)
    assert together == first + second


def test_parts_of_a_large_minibatch_are_every_nth_sequence(tmp_path: Path):
    reader = ragged(tmp_path, [1] * 120_000)
    for first in range(3):
        reader.share = first, 3
        assert batches(reader, 0, 0, 120_000) == [list(range(first, 120_000, 3))]


def test_samples_of_ragged_sequences_are_packed_time_major(tmp_path: Path):
    reader = ragged(tmp_path, [2, 1, 3])
    reader.start_epoch(0, 0, 100)
    batch = reader.next()
    assert batch is not None
    assert (batch.samples, batch.columns, batch.padded) == (6, {"*": 6}, {"*": 6})
    assert list(batch.layouts["*"].lengths) == [2, 1, 3]
    out = np.empty((6, 1), np.float32)
    batch.fill("a", out)
    assert out[:, 0].tolist() == [200, 0, 100, 201, 1, 202]
    assert in_order(batch, out)[:, 0].tolist() == [0, 1, 100, 200, 201, 202]


def test_packed_columns_are_first_fit(tmp_path: Path):
    reader = ragged(tmp_path, [3, 4, 2, 1, 1])
    reader.start_epoch(0, 0, 100)
    batch = reader.next()
    assert batch is not None
    # Rows of 4: 3+1, 4, 2+1.
    assert (batch.columns["*"], batch.padded["*"]) == (11, 12)


def test_streams_with_their_own_axes(tmp_path: Path):
    rows = "7 |w 0:1 |l 5\n7 |w 1:2 2:3\n8 |w 2:1 2:1 |l 6\n"
    streams = "w = [dim=3;format=sparse] ; l = [dim=1;format=dense]"
    inputs = [InputSpec("w", (3,), axis="words"), InputSpec("l", (1,))]
    reader = text_reader(tmp_path, rows, streams, IN_ORDER, inputs)
    reader.start_epoch(0, 0, 10)
    batch = reader.next()
    assert batch is not None
    assert batch.columns == {"words": 3, "*": 2}
    assert batch.padded == {"words": 4, "*": 2}
    words, labels = np.empty((3, 3), np.float32), np.empty((2, 1), np.float32)
    batch.fill("w", words)
    batch.fill("l", labels)
    assert words.tolist() == [[1, 0, 0], [0, 0, 2], [0, 2, 3]]
    assert in_order(batch, words, "words").tolist() == [[1, 0, 0], [0, 2, 3], [0, 0, 2]]
    assert labels.tolist() == [[5], [6]]


def test_double_precision_keeps_all_digits(tmp_path: Path):
    inputs = [InputSpec("a", (1,), element="f64")]
    reader = text_reader(tmp_path, "|a 0.1\n|a 3.3\n", more=IN_ORDER, inputs=inputs)
    reader.start_epoch(0, 0, 10)
    batch = reader.next()
    assert batch is not None
    out = np.empty((2, 1), np.float64)
    batch.fill("a", out)
    assert out[:, 0].tolist() == [0.1, 3.3]
    strided = np.zeros((2, 2), np.float32)
    batch.fill("a", strided[:, :1])  # another type and not contiguous
    assert strided.tolist() == [[np.float32(0.1), 0], [np.float32(3.3), 0]]
    with pytest.raises(ValueError, match="no room"):
        batch.fill("a", np.empty((3, 1), np.float64))


def test_defining_stream_counts_for_the_minibatch(tmp_path: Path):
    rows = "1 |a 1 |b 1\n1 |a 2\n2 |a 3 |b 2\n3 |a 4 |b 3\n3 |a 5\n3 |a 6\n"
    streams = "a = [dim=1;format=dense] ; b = [dim=1;format=dense;definesMBSize=true]"
    reader = text_reader(tmp_path, rows, streams, IN_ORDER)
    assert reader.corpus.lengths().tolist() == [1, 1, 1]
    assert batches(reader, 0, 0, 2) == [[0, 1], [2]]
