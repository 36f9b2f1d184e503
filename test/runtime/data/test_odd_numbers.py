"""Numbers in side files that are no plain decimal digits, or too large: a diagnostic each."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError, Span
from brainscript.runtime.data.images.maps import class_of
from brainscript.runtime.data.images.matrices import mean_image
from brainscript.runtime.data.sources import read_lines, words_of
from brainscript.runtime.data.speech.features import open_features, with_context
from brainscript.runtime.data.speech.labels import LabelFile
from brainscript.runtime.data.speech.script import parse_line
from brainscript.runtime.data.words.vocabulary import read_classes
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of

PLACE = Span("f.cntk", 1, 1)
ODD = ("\u00b2", "9" * 5000, "9" * 19, "-1", "1_0", "")


@pytest.mark.parametrize("odd", ODD)
def test_refused(odd: str, tmp_path: Path) -> None:
    """Classes of pictures and of frames, sizes of mean images, classes of words."""
    path = tmp_path / "odd"
    with pytest.raises(BrainScriptError):
        class_of("map:1", odd, 3, PLACE)
    path.write_text(f"#!MLF!#\n0 1 s {odd}\n.\n".replace("#\n", '#\n"*/a.lab"\n'))
    with pytest.raises(BrainScriptError):
        LabelFile(str(path), 3, None, PLACE).read()
    path.write_text(f"<o><Row>{odd}</Row><Col>1</Col><Channel>1</Channel></o>")
    with pytest.raises(BrainScriptError):
        mean_image(str(path), PLACE)
    path.write_text(f"0\t1\tword\t{odd}\n")
    with pytest.raises(BrainScriptError):
        read_classes(str(path), "", PLACE)


@pytest.mark.parametrize("end", ODD)
def test_times_of_labels(end: str, tmp_path: Path) -> None:
    """A stretch whose end is no number is refused, one that ends before its begin is unusable."""
    path = tmp_path / "labels"
    path.write_text(f'#!MLF!#\n"*/a.lab"\n0 {end} s 1\n.\n')
    file = LabelFile(str(path), 3, None, PLACE)
    if end == "-1":
        assert (file.read(), file.unusable) == ({}, ["a"])
        return
    with pytest.raises(BrainScriptError):
        file.read()


def test_ranges_of_frames() -> None:
    """What is no range of two plain numbers belongs to the name of the archive."""
    for odd in ("9" * 5000, "\u0661"):
        found = parse_line(f"a=b[0,{odd}]", "", "")
        assert found is not None
        assert (found.path, found.last) == (f"b[0,{odd}]", None)


def test_no_frames(tmp_path: Path) -> None:
    """An utterance without frames has none with their neighbours either."""
    assert with_context(np.empty((0, 3), np.float32), 1, 1).shape == (0, 9)
    with pytest.raises(BrainScriptError, match="null byte"):
        open_features(f"{tmp_path}/a\0b", PLACE)


def test_archives_written_anew(tmp_path: Path) -> None:
    """The second reader of a process sees the file as it is by then."""
    script = tmp_path / "t.scp"
    script.write_text(f"a.mfc={tmp_path}/a.mfc\n")
    for count in (2, 5):
        head = struct.pack(">iihH", count, 100000, 4, 9)
        (tmp_path / "a.mfc").write_bytes(head + np.arange(count, dtype=">f4").tobytes())
        text = f'readerType = HTKMLFReader ; x = [ scpFile = "{script}" ; dim = 1 ]'
        assert reader_of(text, [InputSpec("x", (1,))]).corpus.samples == count


def test_columns(tmp_path: Path) -> None:
    """Digits with `_` are no number; a part that the rows do not have is told before its room."""
    (tmp_path / "t").write_text("1_0 2\n")
    for keys in ("start = 0 ; dim = 1", "start = 1 ; dim = 100000000000000000"):
        text = f'readerType = UCIFastReader ; file = "{tmp_path}/t" ; x = [ {keys} ]'
        with pytest.raises(BrainScriptError, match=r"no number|has 2 columns"):
            _ = reader_of(text, []).corpus


def test_rows_below_zero(tmp_path: Path) -> None:
    """A batch of a packed file that counts -1 rows."""
    head = struct.pack("<qqii", 3, 1, 1, 0) + struct.pack("<i1si", 1, b"x", 3)
    (tmp_path / "t").write_bytes(head + struct.pack("<q", 0) + struct.pack("<ii", -1, 0))
    text = f'readerType = LibSVMBinaryReader ; file = "{tmp_path}/t"'
    with pytest.raises(BrainScriptError, match="neither of floats nor of doubles"):
        _ = reader_of(text, [InputSpec("x", (3,))]).corpus


def test_lines_and_words(tmp_path: Path) -> None:
    """Signs that end lines, or stand between words, only for Python."""
    path = tmp_path / "t"
    path.write_bytes("a\u00a0b c\u2028d\r\ne\x85f\t g\x0ch\rlast".encode())
    lines = read_lines(str(path), PLACE)
    assert lines == ["a\u00a0b c\u2028d", "e\x85f\t g\x0ch", "last"]
    assert words_of(lines[0]) == ["a\u00a0b", "c\u2028d"]
    assert words_of(f" {lines[1]} ") == ["e\x85f", "g", "h"]
    for text, expected in (("", []), ("\n", [""]), ("a\n\n", ["a", ""])):
        path.write_text(text)
        assert read_lines(str(path), PLACE) == expected
    with pytest.raises(BrainScriptError, match="null byte"):
        read_lines("a\0b", PLACE)
