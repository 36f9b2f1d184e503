"""Keys of sequences: numbers or words, the same in all files of a reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.data.minibatch import Minibatch
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of

A, B, F = (InputSpec(name, (1,)) for name in ("a", "b", "f"))
WORDS = "useNumericSequenceKeys = false"


def text(folder: Path, stream: str, rows: str, more: str = "") -> str:
    """A deserializer of rows of one stream."""
    path = folder / f"{stream}.ctf"
    path.write_text(rows)
    return (
        f'[ type = CNTKTextFormatDeserializer ; file = "{path}" ; {more}\n'
        f" input = [ {stream} = [dim=1;format=dense] ] ]"
    )


def speech(folder: Path, lengths: Sequence[int] = (3, 2)) -> str:
    """A deserializer of utterances `one`, `two`, ... whose frames hold 0, 1, 2, ..."""
    frames = np.arange(sum(lengths), dtype=">f4")
    head = np.array([len(frames), 100000], ">i4").tobytes() + np.array([4, 9], ">i2").tobytes()
    (folder / "all.ark").write_bytes(head + frames.tobytes())
    lines, start = "", 0
    for name, length in zip(("one", "two", "three"), lengths, strict=False):
        lines += f"{name}.mfc={folder}/all.ark[{start},{start + length - 1}]\n"
        start += length
    (folder / "s").write_text(lines)
    return (
        "[ type = HTKFeatureDeserializer ; module = HTKDeserializers\n"
        f' input = [ f = [ scpFile = "{folder}/s" ; dim = 1 ] ] ]'
    )


def first(parts: Sequence[str], inputs: Sequence[InputSpec], more: str = "") -> Minibatch:
    """All data of a block as one minibatch."""
    block = f"randomize = false ; {more}\ndeserializers = ( {' : '.join(parts)} )"
    reader = reader_of(block, inputs)
    reader.start_epoch(0, 0, 1000)
    batch = reader.next()
    assert batch is not None
    return batch


def values(batch: Minibatch, name: str) -> list[float]:
    out = np.empty((batch.columns["*"], 1), np.float32)
    batch.fill(name, out)
    return out[:, 0].tolist()


def refusal(*given: object) -> str:
    with pytest.raises(BrainScriptError) as caught:
        first(*given)  # pyright: ignore[reportArgumentType]
    found = caught.value.diagnostics[0]
    return f"{found.code} {found.title}"


def test_words_are_keys(tmp_path: Path):
    """A row without one continues; the same word later is a sequence again."""
    rows = "b/1 |a 1\nb/1 |a 2\n |a 3\ncafé|a 4\n7 |a 5\nb/1\t|a 6\n"
    batch = first([text(tmp_path, "a", rows)], [A], WORDS)
    assert list(batch.keys) == ["b/1", "café", "7", "b/1"]
    assert sorted(values(batch, "a")) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("more", [WORDS, f"{WORDS} ; hashSequenceKeys = true"])
def test_texts_are_joined_by_words(tmp_path: Path, more: str):
    parts = [
        text(tmp_path, "a", "x |a 1\ny |a 2\nz |a 3\n"),
        text(tmp_path, "b", "z |b 30\nx |b 10\n0 |b 90\n"),
    ]
    batch = first(parts, [A, B], more)
    assert list(batch.keys) == ["x", "z"]
    assert values(batch, "a") == [1, 3]
    assert values(batch, "b") == [10, 30]


def test_utterances_and_texts_are_joined_by_name(tmp_path: Path):
    """Keys are words where speech is among the files, unless the block says otherwise."""
    parts = [speech(tmp_path), text(tmp_path, "a", "two |a 7\n |a 8\none |a 1\n |a 2\n |a 3\n")]
    batch = first(parts, [F, A])
    assert list(batch.keys) == ["one", "two"]
    assert values(batch, "f") == [0, 3, 1, 4, 2]
    assert values(batch, "a") == [1, 7, 2, 8, 3]
    assert refusal(parts, [F, A], "useNumericSequenceKeys = true").startswith("BS0623")


def test_frames_and_samples_are_joined(tmp_path: Path):
    """A text of single samples has the first frame of each utterance."""
    parts = [speech(tmp_path), text(tmp_path, "a", "two |a 7\none |a 1\n")]
    batch = first(parts, [F, A], "frameMode = true")
    assert list(batch.keys) == ["one", "two"]
    assert values(batch, "f") == [0, 3]
    assert values(batch, "a") == [1, 7]


def test_lines_without_keys_count(tmp_path: Path):
    """Their numbers are keys, as numbers or as words."""
    parts = [text(tmp_path, "a", "|a 1\n|a 2\n"), text(tmp_path, "b", "1 |b 20\n0 |b 10\n")]
    for more in ("", WORDS):
        assert values(first(parts, [A, B], more), "b") == [10, 20]
    rows = "x |a 1\nx |a 2\n"
    batch = first([text(tmp_path, "a", rows, "skipSequenceIds = true")], [A], WORDS)
    assert list(batch.keys) == ["0", "1"]


def test_numbers_are_wanted_unless_told(tmp_path: Path):
    rows = text(tmp_path, "a", "x |a 1\n")
    assert refusal([rows], [A]).startswith("BS0608 the first row has neither")


def test_remarks_name_the_sequence(tmp_path: Path):
    more = [text(tmp_path, "a", "u |a 1\nv |a 2\n |a x\n", "maxErrors = 9")]
    assert list(first(more, [A], WORDS).keys) == ["u", "v"]
    both = "input = [ a = [dim=1;format=dense] ; b = [dim=1;format=dense] ]"
    (tmp_path / "t").write_text("utt-1 |a 1 |b 1\nutt-2 |a 2\n")
    part = f'[ type = CNTKTextFormatDeserializer ; file = "{tmp_path}/t" ; {both} ]'
    assert "sequence utt-2 has no sample" in refusal([part], [A, B], WORDS)
    pair = [text(tmp_path, "a", "u |a 1\n |a 2\n"), text(tmp_path, "b", "u |b 1\n")]
    assert "sequence u has 2 and 1 samples" in refusal(pair, [A, B], WORDS)
