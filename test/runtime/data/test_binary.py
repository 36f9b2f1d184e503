"""CNTKBinaryReader files: what was written is read; damaged files are refused."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import in_order, reader_of

MAGIC = 0x636E746B5F62696E
Sequence = tuple[list[list[float]], list[dict[int, float]]]


def dense_block(samples: list[list[float]]) -> bytes:
    values = np.array(samples, "<f4")
    return struct.pack("<I", len(samples)) + values.tobytes()


def sparse_block(samples: list[dict[int, float]]) -> bytes:
    entries = [item for sample in samples for item in sample.items()]
    values = np.array([v for _, v in entries], "<f4").tobytes()
    rows = np.array([r for r, _ in entries], "<i4").tobytes()
    counts = np.array([len(sample) for sample in samples], "<i4").tobytes()
    return struct.pack("<II", len(samples), len(entries)) + values + rows + counts


def file_of(chunks: list[list[Sequence]], magic: int = MAGIC, version: int = 1) -> bytes:
    """A file with the streams 'x' (dense, 2) and 's' (sparse, 5)."""
    out = struct.pack("<QI", magic, version)
    table = b""
    for chunk in chunks:
        samples = sum(max(len(x), len(s)) for x, s in chunk)
        table += struct.pack("<qII", len(out), len(chunk), samples)
        out += b"".join(struct.pack("<I", max(len(x), len(s))) for x, s in chunk)
        out += b"".join(dense_block(x) for x, _ in chunk)
        out += b"".join(sparse_block(s) for _, s in chunk)
    header = struct.pack("<QII", MAGIC, len(chunks), 2)
    header += struct.pack("<BI", 0, 1) + b"x" + struct.pack("<BI", 0, 2)
    header += struct.pack("<BI", 1, 1) + b"s" + struct.pack("<BI", 0, 5)
    return out + header + table + struct.pack("<q", len(out))


CHUNKS: list[list[Sequence]] = [
    [([[1, 2], [3, 4]], [{0: 1}, {}]), ([[5, 6]], [{4: 2, 1: 3}])],
    [([[7, 8]], [{2: 1}])],
]
INPUTS = (InputSpec("x", (2,)), InputSpec("s", (5,)))


def read(folder: Path, data: bytes, more: str = "") -> tuple[list[list[float]], list[list[float]]]:
    """All samples of both streams in the order of the file."""
    path = folder / "data.cbf"
    path.write_bytes(data)
    section = f'readerType = CNTKBinaryReader ; file = "{path}" ; randomize = false ; {more}'
    reader = reader_of(section, INPUTS)
    reader.start_epoch(0, 0, 10**6)
    found: list[list[list[float]]] = [[], []]
    while (batch := reader.next()) is not None:
        for place, spec in enumerate(INPUTS):
            out = np.empty((batch.columns["*"], *spec.dims), np.float32)
            batch.fill(spec.name, out)
            found[place] += in_order(batch, out).tolist()
    return found[0], found[1]


def refusal(folder: Path, data: bytes, more: str = "") -> Diagnostic:
    with pytest.raises(BrainScriptError) as error:
        read(folder, data, more)
    return error.value.diagnostics[0]


def test_samples_of_all_chunks(tmp_path: Path):
    x, s = read(tmp_path, file_of(CHUNKS))
    assert x == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert s == [[1, 0, 0, 0, 0], [0] * 5, [0, 3, 0, 0, 2], [0, 0, 1, 0, 0]]


def test_chunks_of_the_file_are_those_of_the_order(tmp_path: Path):
    (tmp_path / "d.cbf").write_bytes(file_of([*CHUNKS, CHUNKS[0]]))
    corpus = reader_of(f'readerType = cntkbinaryreader ; file = "{tmp_path}/d.cbf"', INPUTS).corpus
    assert corpus.chunk_starts().tolist() == [0, 2, 3, 5]
    assert corpus.lengths().tolist() == [2, 1, 1, 2, 1]
    assert corpus.keys().tolist() == [0, 1, 2, 3, 4]


def test_streams_may_be_renamed(tmp_path: Path):
    (tmp_path / "d.cbf").write_bytes(file_of(CHUNKS))
    inputs = [InputSpec("features", (2,))]
    section = f'readerType = CNTKBinaryReader ; file = "{tmp_path}/d.cbf"'
    reader_of(section + " ; input = [ features = [ alias = x ] ]", inputs).start_epoch(0, 0, 1)
    with pytest.raises(BrainScriptError) as error:
        reader_of(section, inputs)
    assert error.value.diagnostics[0].code == "BS0604"


def test_refused_files(tmp_path: Path):
    good = file_of(CHUNKS)
    for data in (
        b"",
        b"x" * 100,
        good[:-1],
        good[:40],
        file_of(CHUNKS, 5),
        file_of(CHUNKS, MAGIC, 2),
    ):
        assert refusal(tmp_path, data).code == "BS0620"
    out_of_range = file_of([[([[1, 2]], [{5: 1}])]])
    assert "a sparse index" in refusal(tmp_path, out_of_range).title
    wrong_length = bytearray(good)
    wrong_length[12] = 9
    assert "the lengths of sequences" in refusal(tmp_path, bytes(wrong_length)).title


def test_precision_must_be_that_of_the_run(tmp_path: Path):
    (tmp_path / "d.cbf").write_bytes(file_of(CHUNKS))
    inputs = [InputSpec("x", (2,), element="f64")]
    reader = reader_of(f'readerType = CNTKBinaryReader ; file = "{tmp_path}/d.cbf"', inputs)
    with pytest.raises(BrainScriptError) as error:
        reader.start_epoch(0, 0, 1)
    assert error.value.diagnostics[0].code == "BS0621"


def test_absent_file(tmp_path: Path):
    with pytest.raises(MissingFileError):
        reader_of(f'readerType = CNTKBinaryReader ; file = "{tmp_path}/none"', INPUTS)


def test_mutated_and_truncated_files(tmp_path: Path):
    source = random.Random(3)
    good = file_of(CHUNKS * 3)
    spoiled = [good[:length] for length in range(0, len(good), 5)]
    for _ in range(400):
        data = bytearray(good)
        for _ in range(source.randint(1, 3)):
            at = source.randrange(len(data))
            data[at : at + 4] = source.choice(
                [
                    bytes([source.randrange(256)]),
                    b"\xff\xff\xff\xff",
                    b"\0\0\0\0",
                    b"\x7f\xff\xff\xff",
                ]
            )[: len(data) - at]
        spoiled.append(bytes(data))
    for data in spoiled:
        try:
            read(tmp_path, data)
        except BrainScriptError:
            continue
