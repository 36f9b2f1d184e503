"""LibSVMBinaryReader: rows of sparse features and dense labels; damaged files are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of

Q, D, L = InputSpec("Q", (5,)), InputSpec("D", (4,)), InputSpec("L", (2,))
FIRST = InputSpec("DSSMLabel", (3,))
BATCHES = (
    ([(0, 1.0), (4, 2.0)], [(3, 0.5)], [2, 0], [1, 0], [[1, 2], [3, 4]]),
    ([(2, 3.0)], [(1, 1.5)], [1], [1], [[5, 6]]),
)
"""Entries of the rows of Q and of D, how many each row has, and the rows of L."""


def file_of(form: str = "f", names: tuple[str, ...] = ("Q", "D", "L")) -> bytes:
    """Two batches of rows, three in all."""
    head = struct.pack("<qqii", 3, 2, 2, 1)
    for name, size in zip(names, (5, 4, 2), strict=True):
        head += struct.pack("<i", len(name)) + name.encode() + struct.pack("<i", size)
    packed: list[bytes] = []
    for q, d, of_q, of_d, labels in BATCHES:
        batch = struct.pack("<i", len(of_q))
        for entries, counts in ((q, of_q), (d, of_d)):
            batch += struct.pack(f"<i{len(entries)}{form}", len(entries), *(v for _, v in entries))
            batch += struct.pack(f"<{len(entries)}i", *(i for i, _ in entries))
            batch += np.cumsum([0, *counts]).astype("<i4").tobytes()
        packed.append(batch + np.array(labels, f"<{form}").tobytes())
    return head + struct.pack("<qq", 0, len(packed[0])) + b"".join(packed)


def read(data: bytes, folder: Path, *inputs: InputSpec, more: str = "") -> list[np.ndarray]:
    """The samples of each input in one epoch, which is asked to be longer than the data."""
    (folder / "rows").write_bytes(data)
    text = f'readerType = LibSVMBinaryReader ; file = "{folder}/rows" ; randomize = Auto ; {more}'
    reader = reader_of(text, inputs)
    reader.start_epoch(0, 1000, 4)
    batch = reader.next()
    assert batch is not None
    assert reader.next() is None
    found = [np.zeros((3, *spec.dims), np.float32) for spec in inputs]
    for spec, samples in zip(inputs, found, strict=True):
        batch.fill(spec.name, samples)
    return found


@pytest.mark.parametrize("form", ["f", "d"])
def test_rows(tmp_path: Path, form: str) -> None:
    """Floats or doubles, in the order of the file; of DSSMLabel the first class is right."""
    q, d, labels, first = read(file_of(form), tmp_path, Q, D, L, FIRST)
    assert q.tolist() == [[1, 0, 0, 0, 2], [0, 0, 0, 0, 0], [0, 0, 3, 0, 0]]
    assert d.tolist() == [[0, 0, 0, 0.5], [0, 0, 0, 0], [0, 1.5, 0, 0]]
    assert labels.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert first.tolist() == [[1, 0, 0]] * 3


def test_another_name(tmp_path: Path) -> None:
    """A section with `rename` says what a stream of the file is called."""
    data = file_of(names=("query", "D", "DSSMLabel"))
    label = InputSpec("DSSMLabel", (2,))
    q, given = read(data, tmp_path, Q, label, more="query = [ rename = Q ]")
    assert q[2].tolist() == [0, 0, 3, 0, 0]
    assert given.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_damaged(tmp_path: Path) -> None:
    """A file cut short anywhere, or with a byte changed, is refused or read."""
    whole = file_of()
    for end in range(len(whole)):
        with pytest.raises(BrainScriptError):
            read(whole[:end], tmp_path, Q, D, L)
    codes: set[str] = set()
    for at in range(len(whole)):
        for flip in (1, 128):
            damaged = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
            try:
                read(damaged, tmp_path, Q)
            except BrainScriptError as error:
                codes.add(error.diagnostics[0].code)
    assert codes == {"BS0604", "BS0605", "BS0620"}
