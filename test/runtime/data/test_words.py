"""Readers of sentences, of tagged words and of tables; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of

CLASSES = "0\t9\tthe\t0\n1\t7\ta\t0\n2\t5\tcat\t1\n3\t4\tsat\t2\n4\t1\t</s>\t2\n"
Samples = dict[str, NDArray[np.float32]]


def read(text: str, inputs: Sequence[InputSpec], size: int = 100) -> list[Samples]:
    """The minibatches of one epoch."""
    reader = reader_of(text, inputs)
    reader.start_epoch(0, 0, size)
    found: list[Samples] = []
    while (minibatch := reader.next()) is not None:
        got: Samples = {}
        for spec in inputs:
            got[spec.name] = np.zeros((minibatch.columns[spec.axis], *spec.dims), np.float32)
            minibatch.fill(spec.name, got[spec.name])
        found.append(got)
    return found


def sentences(folder: Path, text: str, mode: str = "class", more: str = "") -> str:
    (folder / "text").write_text(text)
    (folder / "classes").write_text(CLASSES)
    (folder / "words").write_text("the\na\ncat\nsat\n</s>\n")
    return f"""readerType = LMSequenceReader ; file = "{folder}/text" ; mode = {mode}
        wordclass = "{folder}/classes" ; features = [ dim = 0 ] ; randomize = false ; {more}
        labelIn = [ labelType = Category ; labelDim = 5 ; labelMappingFile = "{folder}/words" ]
        labels = [ labelType = NextWord ; labelDim = 5 ]"""


def test_next_words_with_classes(tmp_path: Path) -> None:
    """The label is the next word, its class, and the first word and end of the class."""
    text = sentences(tmp_path, "the cat sat </s>\ntoo short\na cat </s>\n")
    one, two = read(text, (InputSpec("features", (5,)), InputSpec("labels", (4,))), 3)
    assert one["features"].argmax(axis=1).tolist() == [0, 2, 3]
    assert one["labels"].tolist() == [[2, 1, 2, 3], [3, 2, 3, 5], [4, 2, 3, 5]]
    assert two["labels"][:, 0].tolist() == [2, 4]


def test_sentences_of_a_minibatch(tmp_path: Path) -> None:
    """So many sentences, or words with 0; no epoch is longer than the text."""
    lines = "the cat sat </s>\na cat </s>\nthe sat </s>\n"
    inputs = (InputSpec("features", (5,)), InputSpec("labels", (4,)))
    for given, sizes in (("", [3, 2, 2]), ("= 2", [5, 2]), ("= 0", [3, 4])):
        key = f"nbruttsineachrecurrentiter {given}" if given else ""
        reader = reader_of(sentences(tmp_path, lines, more=key), inputs)
        for epoch in range(2):
            reader.start_epoch(epoch, 1000, 4)
            found = iter(reader.next, None)
            assert [minibatch.samples for minibatch in found] == sizes


@pytest.mark.parametrize(("mode", "columns"), [("class", 4), ("softmax", 1)])
def test_number_of_words_left_to_their_list(tmp_path: Path, mode: str, columns: int) -> None:
    """Without labelDim, or with 0, there are as many words as the list has."""
    text = sentences(tmp_path, "the cat sat </s>\n", mode)
    inputs = (InputSpec("features", (5,)), InputSpec("labels", (columns,)))
    for given in ("labelDim = 0", ""):
        (got,) = read(text.replace("labelDim = 5", given), inputs)
        assert got["features"].argmax(axis=1).tolist() == [0, 2, 3]
    unlisted = text.replace("labelDim = 5", "").replace("labelMappingFile", "x")
    if mode == "softmax":
        with pytest.raises(BrainScriptError, match="no file lists the words"):
            read(unlisted, inputs)


def test_next_words_alone(tmp_path: Path) -> None:
    """In the mode softmax the label is the number of the next word; 0 is stored as 1e-6."""
    text = sentences(tmp_path, "cat the sat\n", "softmax")
    (got,) = read(text, (InputSpec("features", (5,)), InputSpec("labels", (1,))))
    np.testing.assert_allclose(got["labels"][:, 0], [1e-6, 3])


@pytest.mark.parametrize(
    ("text", "mode", "more"),
    [
        ("the dog sat\n", "class", ""),
        ("a b\n", "class", ""),
        ("the cat sat\n", "nce", ""),
        ("the cat sat\n", "class", "extra = [ labelType = none ; labelDim = 2 ]"),
    ],
)
def test_sentences_refused(tmp_path: Path, text: str, mode: str, more: str) -> None:
    """Unknown words, nothing to read, noise labels, too many sections."""
    inputs = (InputSpec("features", (5,)), InputSpec("labels", (4,)))
    with pytest.raises(BrainScriptError):
        read(sentences(tmp_path, text, mode, more), inputs)


def tagged(folder: Path, text: str, more: str = "") -> str:
    (folder / "tagged").write_text(text)
    (folder / "w").write_text("BOS\nEOS\nfly\nto\n<unk>\n")
    (folder / "t").write_text("O\nB-city\n")
    return f"""readerType = LUSequenceReader ; file = "{folder}/tagged" ; randomize = false ; {more}
        inputLabel = labelIn ; outputLabel = labels ; features = [ dim = 0 ]
        labelIn = [ labelType = Category ; labelDim = 5 ; token = "{folder}/w" ; endSequence = EOS ]
        labels = [ labelType = Category ; labelDim = 2 ; token = "{folder}/t" ]"""


def test_tagged_words(tmp_path: Path) -> None:
    """Words in their context, edge words standing in; unknown ones are `<unk>`."""
    text = tagged(tmp_path, "BOS O\nfly O\nRome B-city\nEOS O\nto O\n", "wordContext = 0:1")
    one, two = read(text, (InputSpec("features", (10,)), InputSpec("labels", (2,))), 4)
    assert one["features"][:, :5].argmax(axis=1).tolist() == [0, 2, 4, 1]
    assert one["features"][:, 5:].argmax(axis=1).tolist() == [2, 4, 1, 1]
    assert one["labels"].argmax(axis=1).tolist() == [0, 0, 1, 0]
    assert two["features"].sum() == 2


def test_tagged_words_with_little_said(tmp_path: Path) -> None:
    """The lists give the sizes; of two sections the first in the alphabet has the words."""
    text = tagged(tmp_path, "fly O\nto B-city\nEOS O\n", "wfile = cache ; wrecords = 1000")
    text = text.replace("inputLabel = labelIn ; outputLabel = labels ;", "")
    text = text.replace("labelDim = 5", "labelDim = 9 ; mapping = [ wrecords = 1 ]")
    text = text.replace("labelDim = 2 ;", "")
    (got,) = read(text, (InputSpec("features", (5,)), InputSpec("labels", (2,))))
    assert got["features"].argmax(axis=1).tolist() == [2, 3, 1]
    assert got["labels"].argmax(axis=1).tolist() == [0, 1, 0]


def test_words_that_stand_for_others(tmp_path: Path) -> None:
    """`wordmap` replaces words, unless the section of the words leaves that out."""
    (tmp_path / "map").write_text("hop fly\n")
    text = tagged(tmp_path, "hop O\nto O\nEOS O\n", f'wordmap = "{tmp_path}/map"')
    inputs = (InputSpec("features", (5,)), InputSpec("labels", (2,)))
    (got,) = read(text, inputs)
    assert got["features"].argmax(axis=1).tolist() == [2, 3, 1]
    (got,) = read(text.replace("endSequence", "useWordMap = false ; endSequence"), inputs)
    assert got["features"].argmax(axis=1).tolist() == [4, 3, 1]


@pytest.mark.parametrize("text", ["fly\n", "\n\n", "fly X\n"])
def test_tagged_words_refused(tmp_path: Path, text: str) -> None:
    """A line without tag, no sentence, an unknown tag."""
    inputs = (InputSpec("features", (5,)), InputSpec("labels", (2,)))
    with pytest.raises(BrainScriptError) as caught:
        read(tagged(tmp_path, text), inputs)
    assert caught.value.diagnostics[0].code == "BS0650"


def table(folder: Path, text: str, label: str, more: str = "") -> str:
    (folder / "table").write_text(text)
    (folder / "names").write_text("no\nyes\n")
    return f"""readerType = UCIFastReader ; file = "{folder}/table" ; randomize = none ; {more}
        features = [ start = 1 ; dim = 2 ] ; labels = [ start = 0 ; dim = 1 ; {label} ]"""


def test_tables(tmp_path: Path) -> None:
    """Columns of numbers, and labels by name or as numbers."""
    named = f'labelDim = 2 ; labelType = category ; labelMappingFile = "{tmp_path}/names"'
    inputs = (InputSpec("features", (2,)), InputSpec("labels", (2,)))
    (got,) = read(table(tmp_path, "yes 1 2.5\nno -3 4e1\n", named), inputs)
    assert got["features"].tolist() == [[1, 2.5], [-3, 40]]
    assert got["labels"].tolist() == [[0, 1], [1, 0]]
    plain = table(tmp_path, "7;1,5;2\n", "", 'customDelimiter = ";" ; customDecimalPoint = ","')
    (got,) = read(plain, (InputSpec("features", (2,)), InputSpec("labels", (1,))))
    assert (got["features"].tolist(), got["labels"].tolist()) == ([[1.5, 2]], [[7]])


def test_one_file_for_all_columns(tmp_path: Path) -> None:
    """The sections may name the file, all of them the same one."""
    (tmp_path / "table").write_text("7 1 2\n")
    text = """readerType = UCIFastReader ; randomize = none
        features = [ start = 1 ; dim = 2 ; file = FILE ] ; labels = [ dim = 1 ; file = FILE ]"""
    inputs = (InputSpec("features", (2,)), InputSpec("labels", (1,)))
    (got,) = read(text.replace("FILE", f'"{tmp_path}/table"'), inputs)
    assert (got["features"].tolist(), got["labels"].tolist()) == ([[1, 2]], [[7]])
    with pytest.raises(BrainScriptError) as caught:
        read(text.replace("FILE", f'"{tmp_path}/table"', 1).replace("FILE", "other"), inputs)
    assert caught.value.diagnostics[0].code == "BS0207"


@pytest.mark.parametrize("text", ["yes 1\n", "yes 1 x\n", "maybe 1 2\n", "\n"])
def test_tables_refused(tmp_path: Path, text: str) -> None:
    """Too few columns, no number, an unknown class, no rows."""
    named = f'labelDim = 2 ; labelType = category ; labelMappingFile = "{tmp_path}/names"'
    with pytest.raises(BrainScriptError) as caught:
        read(table(tmp_path, text, named), (InputSpec("features", (2,)), InputSpec("labels", (2,))))
    assert caught.value.diagnostics[0].code == "BS0651"
