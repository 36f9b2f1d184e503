"""Truncated training: rows of sequences, cut into pieces that go on in the next minibatch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import in_order, reader_of

A = InputSpec("a", (1,))


def truncated_reader(folder: Path, rows: str, length: int, streams: str = "a") -> Reader:
    (folder / "d.ctf").write_text(rows)
    inputs = " ; ".join(f"{name} = [ dim = 1 ; format = dense ]" for name in streams)
    text = (
        f'[ type = "CNTKTextFormatDeserializer" ; file = "{folder}/d.ctf" ; input = [ {inputs} ] ]'
    )
    section = f"randomize = false ; truncated = true ; truncationLength = {length}"
    return reader_of(f"{section} ; deserializers = ( {text} )", [A])


def test_rows_are_refilled_and_cut(tmp_path: Path):
    rows = "".join(
        f"{s} |a {10 * s + t}\n" for s, n in enumerate((5, 2, 7, 1, 3)) for t in range(n)
    )
    reader = truncated_reader(tmp_path, rows, 3)
    for epoch in range(2):
        reader.start_epoch(epoch, 0, 7)  # two rows of three steps
        seen: list[tuple[list[int], list[int], list[int], list[float]]] = []
        while (batch := reader.next()) is not None:
            out = np.empty((batch.columns["*"], 1), np.float32)
            batch.fill("a", out)
            layout = batch.layouts["*"]
            assert batch.padded == {"*": 6}
            parts = [np.asarray(p).tolist() for p in (layout.slots, layout.begins, layout.ends)]
            seen.append((*parts, in_order(batch, out)[:, 0].tolist()))
        assert seen == [
            ([0, 1, 1], [1, 1, 1], [0, 1, 0], [0, 1, 2, 10, 11, 20]),
            ([0, 0, 1], [0, 1, 0], [1, 1, 0], [3, 4, 30, 21, 22, 23]),
            ([0, 1], [1, 0], [1, 1], [40, 41, 42, 24, 25, 26]),
        ]


def test_pieces_need_equal_lengths_in_all_streams(tmp_path: Path):
    reader = truncated_reader(tmp_path, "1 |a 1 |b 1\n1 |a 2\n", 2, "ab")
    with pytest.raises(BrainScriptError) as error:
        reader.start_epoch(0, 0, 4)
    assert error.value.diagnostics[0].code == "BS0619"


def test_pieces_end_where_the_samples_do(tmp_path: Path):
    """Rows whose sample cannot be read, and is left out, are no steps of a sequence."""
    rows = "0 |a 1\n0 |a 2\n0 |a q\n0 |a q\n1 |a 3\n2 |a 4\n2 |a q\n2 |a q\n2 |a q\n"
    (tmp_path / "d.ctf").write_text(rows)
    text = (
        f'[ type = "CNTKTextFormatDeserializer" ; file = "{tmp_path}/d.ctf" ; maxErrors = 9'
        " ; input = [ a = [ dim = 1 ; format = dense ] ] ]"
    )
    section = "randomize = false ; truncated = true ; truncationLength = 3"
    reader = reader_of(f"{section} ; deserializers = ( {text} )", [A])
    reader.start_epoch(0, 0, 3)
    seen: list[float] = []
    while (batch := reader.next()) is not None:
        out = np.empty((batch.columns["*"], 1), np.float32)
        batch.fill("a", out)
        seen += in_order(batch, out)[:, 0].tolist()
    assert seen == [1, 2, 3, 4]
