"""CNTK's text format: what is accepted, what is refused, where, and what maxErrors forgives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of, text_reader

TWO = "a = [dim=2;format=dense] ; s = [dim=4;format=sparse]"
SPECS = (InputSpec("a", (2,)), InputSpec("s", (4,)))


def samples(
    folder: Path, data: str | bytes, more: str = "", warnings: list[Diagnostic] | None = None
) -> tuple[list[list[float]], list[list[float]]]:
    """All samples of the two streams in the order of the file."""
    reader = text_reader(folder, data, TWO, "randomize = false ; " + more, SPECS, warnings)
    reader.start_epoch(0, 0, 10**9)
    batch = reader.next()
    assert batch is not None
    found: list[list[list[float]]] = []
    for name, dim in (("a", 2), ("s", 4)):
        out = np.empty((batch.columns["*"], dim), np.float32)
        batch.fill(name, out)
        found.append(out.tolist())
    return found[0], found[1]


def refusal(folder: Path, data: str | bytes, more: str = "") -> Diagnostic:
    """The one diagnostic that a file is refused with."""
    with pytest.raises(BrainScriptError) as error:
        samples(folder, data, more)
    return error.value.diagnostics[0]


PLAIN = ([[1, 2], [3, 4]], [[0, 5, 0, 0], [0, 0, 0, 6]])


@pytest.mark.parametrize(
    "data",
    [
        "|a 1 2 |s 1:5\n|a 3 4 |s 3:6\n",
        "|a 1 2 |s 1:5\n|a 3 4 |s 3:6",
        "\ufeff|a 1 2 |s 1:5\n|a 3 4 |s 3:6\n",
        "|a 1 2 |s 1:5\r\n|a 3 4 |s 3:6\r\n",
        "\n \n|a 1 2|s 1:5\n|a 3 4|s 3:6\n\n \n",
        "|a\t1\t2\t|s\t1:5\n  |a 3 4 |s 3:6",
        "|s 1:5 |a 1 2\n|s 3:6 |a 3 4",
        "0|a 1 2 |s 1:5\n1|a 3 4 |s 3:6\n",
        "7 |a 1 2 |s 1:5\n8 |a 3 4 |s 3:6\n",
        "7 |a 1 2 |s 1:5\n7 |a 3 4 |s 3:6\n",
        "7 |a 1 2 |s 1:5\n|a 3 4 |s 3:6\n",
        "|a 1 2 |# a comment: 1 2 x |s 1:5\n|a 3 4 |s 3:6 |# é",
        "|a 1 2 |other 1 x ; y |s 1:5\n|a 3 4 |s 3:6 |more",
        "|a 1. +2 |s 1:5e0\n|a 30e-1 4.0E+0 |s 3:6.000\n",
        "|a 1\x0b2 |s 1:5\n|a 3\xa04 |s 3:6\n",
    ],
)
def test_spellings_of_the_same_data(data: str, tmp_path: Path):
    assert samples(tmp_path, data) == PLAIN


def test_sparse_samples_may_be_empty_and_entries_add_up(tmp_path: Path):
    _, s = samples(tmp_path, "|a 0 0 |s |# none\n|a 0 0 |s 2:1 0:3 2:0.5")
    assert s == [[0, 0, 0, 0], [3, 0, 1.5, 0]]


def test_short_dense_rows_are_filled_with_zeros_and_a_warning(tmp_path: Path):
    warnings: list[Diagnostic] = []
    a, _ = samples(tmp_path, "|a 1 |s 0:1\n|a |s 0:1", warnings=warnings)
    assert a == [[1, 0], [0, 0]]
    assert [w.code for w in warnings] == ["BS0612", "BS0612"]
    quiet: list[Diagnostic] = []
    samples(tmp_path, "|a 1 |s 0:1", "traceLevel = 0", quiet)
    assert quiet == []


def test_many_remarks_are_cut(tmp_path: Path):
    warnings: list[Diagnostic] = []
    samples(tmp_path, "|a 1 |s 0:1\n" * 1000, warnings=warnings)
    assert len(warnings) == 21
    assert warnings[-1].title.startswith("980 further remarks")


def test_ids_are_keys_and_lines_are_keys(tmp_path: Path):
    rows = "5 |a 1 2 |s 0:1\n5 |a 1 2 |s 0:1\n18446744073709551615 |a 1 2 |s 0:1\n5 |a 1 2 |s\n"
    by_id = text_reader(tmp_path, rows, TWO, inputs=SPECS).corpus
    assert by_id.keys().tolist() == [5, 2**64 - 1, 5]
    assert by_id.lengths().tolist() == [2, 1, 1]
    by_line = text_reader(tmp_path, rows, TWO, "skipSequenceIds = true", SPECS).corpus
    assert by_line.keys().tolist() == [0, 1, 2, 3]


def test_row_without_id_continues_with_a_warning(tmp_path: Path):
    warnings: list[Diagnostic] = []
    samples(tmp_path, "1 |a 1 2 |s 0:1\n 2 |a 1 2 |s 0:1\n", "maxErrors=5", warnings)
    assert [w.code for w in warnings] == ["BS0613", "BS0611"]


BAD = {
    ".5": ("|a .5 1 |s 0:1", 4, "'.5' is not a number"),
    "nan": ("|a nan 1 |s 0:1", 4, "'nan' is not a number"),
    "inf": ("|a 1 -inf |s 0:1", 6, "'-inf' is not a number"),
    "1e": ("|a 1e 1 |s 0:1", 4, "'1e' is not a number"),
    "2.e1": ("|a 2.e1 1 |s 0:1", 4, "'2.e1' is not a number"),
    "0x10": ("|a 0x10 1 |s 0:1", 4, "'0x10' is not a number"),
    "1,5": ("|a 1,5 1 |s 0:1", 4, "'1,5' is not a number"),
    "--1": ("|a --1 1 |s 0:1", 4, "'--1' is not a number"),
    "pair in dense": ("|a 0:1 1 |s 0:1", 4, "'0:1' is not a number"),
    "too many": ("|a 1 2 3 |s 0:1", 8, "more numbers than the 'dim' of stream 'a'"),
    "index": ("|a 1 2 |s 4:1", 11, "the index is not below the 'dim' of stream 's'"),
    "huge index": ("|a 1 2 |s 99999999999999999999:1", 11, "the index is not below"),
    "no colon": ("|a 1 2 |s 1", 11, "'1' is not an index:value pair"),
    "blank after colon": ("|a 1 2 |s 1: 5", 13, "'' is not a number"),
    "blank before colon": ("|a 1 2 |s 1 :5", 11, "'1' is not an index:value pair"),
    "negative index": ("|a 1 2 |s -1:5", 11, "'-1:5' is not an index:value pair"),
    "no name": ("|a 1 2 | 3 |s 0:1", 9, "a '|' without the name of a stream"),
    "no bar": ("|a 1 2 |s 0:1 \n5 x |a 1 2 |s 0:1", 3, "'|' expected before 'x'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_name_their_place(name: str, tmp_path: Path):
    row, column, title = BAD[name]
    good = "|a 1 2 |s 0:1\n"
    found = refusal(tmp_path, good + row + "\n")
    assert found.code == "BS0610"
    assert title in found.title
    line = 3 if "\n" in row else 2
    assert found.span is not None
    assert (found.span.line, found.span.column) == (line, column)
    assert found.span.file.endswith("data.ctf")


def test_columns_count_characters(tmp_path: Path):
    found = refusal(tmp_path, "|# é é |a x |s 0:1")
    assert found.span is not None
    assert found.span.column == 11


@pytest.mark.parametrize("blank", ["\n", " \r\n", "|# only a comment\n"])
def test_rows_without_samples(blank: str, tmp_path: Path):
    found = refusal(tmp_path, "|a 1 2 |s 0:1\n" + blank + "|a 1 2 |s 0:1")
    assert found.code == ("BS0610" if "#" in blank else "BS0609")
    assert found.span is not None
    assert found.span.line == 2
    warnings: list[Diagnostic] = []
    rows = "1 |a 1 2 |s 0:1\n" + blank + "2 |a 3 4 |s 0:1"
    a, _ = samples(tmp_path, rows, "maxErrors = 1", warnings)
    assert a == [[1, 2], [3, 4]]
    assert [w.code for w in warnings][-1] == "BS0611"


def test_max_errors_counts_each_mistake_once(tmp_path: Path):
    rows = "1 |a 1 2 |s 0:1\n1 |a x 2 |s y:1\n2 |a 3 4 |s 0:1\n"
    assert refusal(tmp_path, rows, "maxErrors = 1").code == "BS0610"
    a, s = samples(tmp_path, rows, "maxErrors = 2")
    assert (a, len(s)) == ([[1, 2], [3, 4]], 2)


def test_stream_missing_in_a_sequence_is_fatal(tmp_path: Path):
    rows = "1 |a 1 2 |s 0:1\n2 |a 3 4\n2 |a 5 6\n"
    found = refusal(tmp_path, rows, "maxErrors = 1000")
    assert (found.code, found.title) == ("BS0609", "sequence 2 has no sample of stream 's'")
    assert found.span is not None
    assert found.span.line == 2


def test_more_samples_than_rows_and_fewer(tmp_path: Path):
    assert "more samples" in refusal(tmp_path, "|a 1 2 |a 1 2 |s 0:1").title
    assert "fewer samples" in refusal(tmp_path, "1 |a 1 2\n1 |s 0:1").title


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "BS0608"),
        (b"\xef\xbb\xbf", "BS0608"),
        (b" \n\t\r\n ", "BS0608"),
        ("|a 1 2 |s 0:1\n".encode("utf-16"), "BS0608"),
        (b"-1 |a 1 2 |s 0:1", "BS0608"),
        (b"features 1 2", "BS0608"),
        (b"18446744073709551616 |a 1 2 |s 0:1", "BS0608"),
        (b"1 |a 1 2 |s 0:1\n99999999999999999999999 |a 1 2 |s 0:1", "BS0608"),
    ],
)
def test_files_of_another_kind(data: bytes, code: str, tmp_path: Path):
    assert refusal(tmp_path, data).code == code


def test_unreadable_files(tmp_path: Path):
    section = f'file = "{tmp_path}/absent.ctf" ; input = [ a = [dim=1;format=dense] ]'
    reader = reader_of(section, [InputSpec("a", (1,))])
    with pytest.raises(MissingFileError) as missing:
        reader.start_epoch(0, 0, 1)
    assert missing.value.diagnostics[0].code == "BS0607"
    section = f'file = "{tmp_path}" ; input = [ a = [dim=1;format=dense] ]'
    with pytest.raises(BrainScriptError) as folder:
        reader_of(section, [InputSpec("a", (1,))]).start_epoch(0, 0, 1)
    assert "not a regular file" in folder.value.diagnostics[0].title
