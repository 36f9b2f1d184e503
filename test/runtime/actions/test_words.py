"""`writeWordAndClass` and `createLabelMap`: the lists they write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions.words import choose, classes_of, count_words
from test.runtime.conftest import Run

WORDS = """command = w
w = [ action = writeWordAndClass ; inputFile = "text" ; outputVocabFile = "out/v" ; cutoff = 0
  outputMappingFile = "out/m" ; outputWord2Cls = "out/c" ; outputCls2Index = "out/i"
  beginSequence = "<s>" ; endSequence = "</s>" ; vocabSize = 4 ; nbrClass = 2 %s ]
"""
TABLE = """command = m
m = [ action = createLabelMap ; section = t ]
t = [ reader = [ readerType = UCIFastReader ; file = "table" ; features = [ start = 1 ; dim = 1 ]
  labels = [ start = 0 ; dim = 1 ; labelDim = 3 ; labelMappingFile = "map" ] ] ]
"""


def test_counting() -> None:
    """Tokens are added where they are missing; equal ones count once a sentence."""
    lines = ["a b", "<s> a </s>", ""]
    assert count_words(lines, "<s>", "</s>") == {"<s>": 2, "a": 2, "b": 1, "</s>": 2}
    assert count_words(["a b", "b </s>"], "</s>", "</s>") == {"a": 1, "b": 2, "</s>": 2}


def test_choosing() -> None:
    """The most frequent words above the cutoff; the others are counted as unknown."""
    counts = count_words(["a a a b b c d"], "x", "x")
    assert choose(counts, 3, 0, "<unk>") == [("a", 3), ("<unk>", 3), ("b", 2)]
    counts = count_words(["a a a b b c d"], "x", "x")
    assert choose(counts, 9, 1, "<unk>") == [("a", 3), ("<unk>", 3), ("b", 2)]


def test_classes() -> None:
    """Classes have about equal shares of the square roots of the counts."""
    counts = [(str(n), n) for n in (10, 7, 6, 5, 4, 3)]
    assert classes_of(counts, 2) == (0, 0, 1, 1, 1, 1)
    assert classes_of(counts, 0) == ()
    assert classes_of([("a", 5)], 3) == (1,)


def test_files(run: Callable[..., Run], tmp_path: Path) -> None:
    """All four lists; with makeMode they are not written again."""
    (tmp_path / "text").write_text("a a a b\na c\n")
    run(WORDS % "")
    read = {name: (tmp_path / "out" / name).read_text() for name in "vmci"}
    assert read["v"].splitlines()[0] == "     0\t     4\ta\t0"
    assert read["m"].split() == ["a", "</s>", "<s>", "<unk>"]
    assert read["i"].split()[0] == "0"
    assert len(read["c"].split()) == 4
    (tmp_path / "text").write_text("z\n")
    run(WORDS % "")
    assert (tmp_path / "out" / "v").read_text() == read["v"]
    with pytest.raises(BrainScriptError, match="no word"):
        run(WORDS.replace("cutoff = 0", "cutoff = 5") % "; makeMode = false")


def test_label_map(run: Callable[..., Run], tmp_path: Path) -> None:
    """The classes of a table in the order in which they come."""
    (tmp_path / "table").write_text("yes 1\nno 2\nyes 3\n")
    run(TABLE)
    assert (tmp_path / "map").read_text() == "yes\nno\n"
