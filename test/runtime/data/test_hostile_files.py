"""Spoiled data files: a diagnostic or data, never a crash, a hang or another exception."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.data.corpus import Stream, TextFile, read_text
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import text_reader

STREAMS = "a = [dim=3;format=dense] ; s = [dim=9;format=sparse] ; d = [dim=1;format=dense;alias=L]"
SPECS = (InputSpec("a", (3,), "x"), InputSpec("s", (9,), "y"), InputSpec("d", (1,), "z"))
SEED_ROWS = (
    "17 |a 0.5 1 -2e-3 |s 3:1 8:0.5 |L 7 |# first\n17 |a 1 2 3\n18 |s 0:1 |a 4 5 6 |L 1\n" * 8,
    "|a 1 2 3 |s 1:1 |L 2\n" * 20,
)
TOKENS = (
    b"|",
    b"\n",
    b":",
    b" ",
    b"-",
    b".",
    b"e",
    b"9" * 30,
    b"\0",
    b"\xff\xfe",
    b"|#",
    b"|a ",
    b"1e9",
)


def mutated(data: bytes, source: random.Random) -> bytes:
    """A few bytes changed, inserted, removed or doubled."""
    out = bytearray(data)
    for _ in range(source.randint(1, 6)):
        at = source.randrange(len(out) + 1) if out else 0
        action = source.randrange(5)
        if action == 0:
            out[at : at + 1] = bytes([source.randrange(256)])
        elif action == 1:
            out[at:at] = source.choice(TOKENS)
        elif action == 2:
            del out[at : at + source.randint(1, 20)]
        elif action == 3:
            out[at:at] = out[at : at + source.randint(1, 40)]
        else:
            del out[at:]
    return bytes(out)


def use(folder: Path, data: bytes, more: str) -> None:
    """Read everything there is, if the file is accepted."""
    try:
        reader = text_reader(folder, data, STREAMS, more, SPECS)
        for epoch in range(2):
            reader.start_epoch(epoch, 0, 5)
            while (batch := reader.next()) is not None:
                for spec in SPECS:
                    out = np.empty((batch.columns[spec.axis], *spec.dims), np.float32)
                    batch.fill(spec.name, out)
    except BrainScriptError:
        return


@pytest.mark.parametrize("more", ["", "maxErrors = 1000", "skipSequenceIds = true ; maxErrors = 9"])
def test_mutated_files(more: str, tmp_path: Path):
    source = random.Random(more)
    for round_number in range(400):
        data = mutated(SEED_ROWS[round_number % 2].encode(), source)
        use(tmp_path, data, more + " ; chunkSizeInBytes = 64")


def test_every_truncation_of_a_file(tmp_path: Path):
    data = SEED_ROWS[0][:120].encode()
    for length in range(len(data)):
        use(tmp_path, data[:length], "maxErrors = 100")


def test_random_bytes(tmp_path: Path):
    source = random.Random(1)
    for prefix in (b"", b"|a ", b"1 |a 1 2 3 |s 0:1 |L 1\n"):
        for _ in range(100):
            use(tmp_path, prefix + source.randbytes(300), "maxErrors = 100000")


def test_words_for_ids(tmp_path: Path):
    """Rows whose ids are words, mutated: each word is one key, or there is a diagnostic."""
    source, path = random.Random(5), tmp_path / "t"
    streams = (Stream("a", "a", 3, False), Stream("L", "L", 2, False))
    read = 0
    for _ in range(400):
        path.write_bytes(mutated(b"x1 |a 1 2 3 |L 1\nx1 |a 4\n\xc3\xa9|a 1 |L 2 2\n", source))
        with suppress(BrainScriptError):
            corpus, _ = read_text(TextFile(str(path), streams, 64, 99), 4, symbolic=True)
            ids, read = corpus.ids(), read + 1
            assert set(corpus.keys().tolist()) == set(range(len(ids) or corpus.sequences))
    assert read > 100


def test_rows_longer_than_a_block(tmp_path: Path):
    row = b"|a 1 2 3 |# " + b"x" * (9 << 20) + b"\n"
    use(tmp_path, row + b"|s 1:1 |L 1\n", "")
    reader = text_reader(tmp_path, row * 2, "a = [dim=3;format=dense]", "", [InputSpec("a", (3,))])
    assert reader.corpus.sequences == 2
