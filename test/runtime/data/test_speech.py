"""HTK features and master label files: what was written is read; what does not fit is refused."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, MissingFileError, Span
from brainscript.runtime.data.readers import open_reader
from brainscript.runtime.data.speech.features import open_features, with_context
from brainscript.runtime.data.speech.labels import LabelFile
from brainscript.runtime.data.speech.script import parse_line
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of, settings_of

PLACE = Span("f.cntk", 1, 1)
Frames = NDArray[np.float32]
STATES = "sil\ns1\ns2\n"
LABELS = """#!MLF!#
"*/one.lab"
0 200000 sil
200000 500000 s1
.
"*/two.lab"
0 100000 s2
100000 200000 sil
.
"""


def frames(count: int, dim: int, start: float = 0.0) -> Frames:
    return (start + np.arange(count * dim, dtype=np.float32)).reshape(count, dim)


def htk(values: Frames, order: str = ">", kind: int = 9) -> bytes:
    head = struct.pack(f"{order}iihH", len(values), 100000, 4 * values.shape[1], kind)
    return head + values.astype(f"{order}f4").tobytes()


def compressed(values: Frames) -> bytes:
    scale, offset = (
        np.full(values.shape[1], 10, np.float32),
        np.full(values.shape[1], 3, np.float32),
    )
    stored = np.round(values * scale - offset).astype(">i2")
    head = struct.pack(">iihH", len(values) + 4, 100000, 2 * values.shape[1], 9 | 0o2000)
    return head + scale.astype(">f4").tobytes() + offset.astype(">f4").tobytes() + stored.tobytes()


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Two utterances of 5 and 2 frames with 3 numbers each, and their labels."""
    (tmp_path / "one.mfc").write_bytes(htk(frames(5, 3)))
    (tmp_path / "rest.ark").write_bytes(htk(frames(9, 3, 100), "<"))
    script = f"one.mfc={tmp_path}/one.mfc[0,4]\ntwo.mfc=.../rest.ark[3,4]\n"
    (tmp_path / "train.scp").write_text(script)
    (tmp_path / "states").write_text(STATES)
    (tmp_path / "labels.mlf").write_text(LABELS)
    return tmp_path


def section(folder: Path, features: str, more: str = "", kind: str = "HTKDeserializers") -> str:
    return (
        f"readerType = {kind} ; readMethod = none ; randomize = false ; {more}\n"
        f'features = [ scpFile = "{folder}/train.scp" ; {features} ]\n'
        f'labels = [ mlfFile = "{folder}/labels.mlf" ; labelMappingFile = "{folder}/states" ;'
        " labelDim = 3 ]"
    )


def read(text: str, inputs: Sequence[InputSpec], size: int = 100) -> list[dict[str, Frames]]:
    """The minibatches of one epoch."""
    reader = reader_of(text, inputs)
    reader.start_epoch(0, 0, size)
    found: list[dict[str, Frames]] = []
    while (minibatch := reader.next()) is not None:
        got: dict[str, Frames] = {}
        for spec in inputs:
            got[spec.name] = np.zeros((minibatch.columns[spec.axis], *spec.dims), np.float32)
            minibatch.fill(spec.name, got[spec.name])
        found.append(got)
    return found


def test_frames_one_by_one(speech: Path) -> None:
    """In frame mode every frame is a sample; labels follow the frames."""
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    (got,) = read(section(speech, "dim = 3"), inputs)
    want = np.concatenate([frames(5, 3), frames(9, 3, 100)[3:5]])
    np.testing.assert_array_equal(got["features"], want)
    assert got["labels"].argmax(axis=1).tolist() == [0, 0, 1, 1, 1, 2, 0]


def test_whole_utterances(speech: Path) -> None:
    """Without frame mode a minibatch holds whole utterances."""
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    one, two = read(section(speech, "dim = 3", "frameMode = false"), inputs, 5)
    np.testing.assert_array_equal(one["features"], frames(5, 3))
    assert two["labels"].argmax(axis=1).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [("frameMode = false", ["one", "two"]), ("", ["one"] * 5 + ["two"] * 2)],
)
def test_keys_are_names_of_utterances(speech: Path, more: str, wanted: list[str]) -> None:
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    reader = reader_of(section(speech, "dim = 3", more), inputs)
    reader.start_epoch(0, 0, 100)
    minibatch = reader.next()
    assert minibatch is not None
    assert minibatch.keys == wanted


def test_the_window_and_the_pieces_of_older_configs(speech: Path) -> None:
    """`randomize` in samples, and rows of pieces as long as a minibatch."""
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    older = "frameMode = false ; truncated = true ; nbruttsineachrecurrentiter = 2"
    parts = read(section(speech, "dim = 3", older), inputs, 3)
    assert [len(part["features"]) for part in parts] == [5, 2]
    text = section(speech, "dim = 3").replace("readMethod = none ; randomize = false", "%s")
    whole = reader_of(text % "randomize = 100", inputs).order
    assert (whole.randomize, whole.window, whole.in_samples) == (True, 100, True)
    assert not reader_of(text % "readMethod = none", inputs).order.randomize


def test_utterances_for_a_writer(speech: Path) -> None:
    """With a writer in sight HTKMLFReader gives whole utterances, in the order of the list."""
    text = (
        "readerType = HTKMLFReader ; writer = [ writerType = HTKMLFWriter ]\n"
        f'features = [ scpFile = "{speech}/train.scp" ; dim = 3 ]'
    )
    reader = reader_of(text, (InputSpec("features", (3,)),))
    reader.start_epoch(0, 0, 100)
    minibatch = reader.next()
    assert minibatch is not None
    assert list(minibatch.layouts["*"].lengths) == [5, 2]


@pytest.mark.parametrize(
    "how", ["dim = 3 ; contextWindow = 3", "dim = 9", "dim=3;contextWindow=1:1"]
)
def test_context(speech: Path, how: str) -> None:
    """Neighbours stand beside a frame, oldest first; the window may follow from `dim`."""
    inputs = (InputSpec("features", (9,)), InputSpec("labels", (3,)))
    (got,) = read(section(speech, how), inputs)
    np.testing.assert_array_equal(got["features"][0], [0, 1, 2, 0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(got["features"][4], [9, 10, 11, 12, 13, 14, 12, 13, 14])


def test_context_of_one_frame() -> None:
    """The only frame is its own neighbour."""
    assert with_context(frames(1, 2), 2, 1).tolist() == [[0, 1] * 4]


def test_vector_of_a_speaker(speech: Path) -> None:
    """`expandToUtterance` repeats one frame; the second script pairs by position."""
    (speech / "who.mfc").write_bytes(htk(frames(2, 2, 7)))
    lines = f"a={speech}/who.mfc[0,0]\nb={speech}/who.mfc[1,1]\n"
    (speech / "who.scp").write_text(lines)
    more = f'who = [ scpFile = "{speech}/who.scp" ; dim = 2 ; expandToUtterance = true ]'
    inputs = (InputSpec("features", (3,)), InputSpec("who", (2,)), InputSpec("labels", (3,)))
    (got,) = read(section(speech, "dim = 3", more, "HTKMLFReader"), inputs)
    assert got["who"][:, 0].tolist() == [7, 7, 7, 7, 7, 9, 9]


COMPOSITE = """
    randomize = false
    deserializers = (
      [ type = %(features)s ; module = HTKDeserializers ; input = [ features = [
          scpFile = "%(folder)s/train.scp" ; dim = 3 ] ] ] :
      [ type = %(labels)s ; input = [ labels = [ mlfFile = "%(folder)s%(slash)slabels.mlf"
          labelMappingFile = "%(folder)s%(slash)sstates" ; labelDim = 3
          phoneBoundaries = true %(more)s ] ] ] )
    """
TYPES = {"features": "HTKFeatureDeserializer", "labels": "HTKMLFDeserializer"}


@pytest.mark.parametrize(
    "given",
    [
        {**TYPES, "slash": "/", "more": ""},
        {**TYPES, "slash": "\\", "more": ""},
        {
            "features": "HTKDeserializer",
            "labels": "MLFDeserializer",
            "slash": "/",
            "more": "; scpFile = none",
        },
    ],
    ids=["today", "paths of Windows", "old names"],
)
def test_composite_block(given: dict[str, str], speech: Path) -> None:
    """The deserializers of a composite block join by the name of the utterance."""
    text = COMPOSITE % {**given, "folder": speech}
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    (got,) = read(text, inputs)
    assert sorted(got["labels"].max(axis=1).tolist()) == [1, 1, 1, 2, 2, 2, 2]
    settings = settings_of(text)
    open_reader(settings, inputs)
    assert not settings.unknown_keys()


def test_labels_named_before_the_features(speech: Path) -> None:
    """The order of deserializers is free: what utterances there are, the features say."""
    text = f"""randomize = false ; deserializers = (
        [ type = HTKMLFDeserializer ; input = [ labels = [ mlfFile = "{speech}/labels.mlf"
            labelMappingFile = "{speech}/states" ; labelDim = 3 ] ] ] :
        [ type = HTKFeatureDeserializer
            input = [ features = [ scpFile = "{speech}/train.scp" ; dim = 3 ] ] ] )"""
    (got,) = read(text, (InputSpec("features", (3,)), InputSpec("labels", (3,))))
    assert len(got["features"]) == len(got["labels"]) == 7
    assert got["features"][got["labels"].argmax(axis=1) == 2].tolist() == [[109, 110, 111]]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("HTKMLFBinaryDeserializer", "use HTKMLFDeserializer with the MLF file"),
        ("latticeDeserializer", "training on lattices is not available"),
        ("HTKMLFDeserialiser", "did you mean 'HTKMLFDeserializer'?"),
    ],
)
def test_other_deserializers(name: str, remedy: str) -> None:
    """The remedy says what to do without them."""
    given = {**TYPES, "labels": name, "slash": "/", "more": "", "folder": "x"}
    with pytest.raises(BrainScriptError) as caught:
        open_reader(settings_of(COMPOSITE % given), ())
    assert caught.value.diagnostics[0].help.startswith(remedy)


def test_compressed_and_bytes(tmp_path: Path) -> None:
    """Compressed files and idx files of bytes."""
    path = tmp_path / "c.mfc"
    path.write_bytes(compressed(frames(4, 3)))
    np.testing.assert_allclose(open_features(str(path), None).read(0, 3, None), frames(4, 3))
    idx = tmp_path / "t10k-images-idx3-ubyte"
    idx.write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 2, 2) + bytes(range(8)))
    assert open_features(str(idx), None).read(1, 1, None).tolist() == [[4, 5, 6, 7]]


def test_lines_of_a_script() -> None:
    """Keys without extension, ranges, whole files, prefixes."""
    utterance = parse_line("a/b.mfc=x.ark[2,7]", "/d", "")
    assert utterance
    assert (utterance.key, utterance.first, utterance.last) == ("a/b", 2, 7)
    whole = parse_line(".../b.mfc", "/d", "")
    assert whole
    assert (whole.path, whole.last) == ("/d/b.mfc", None)
    prefixed = parse_line("b.mfc", "/d", "/p")
    assert prefixed
    assert prefixed.path == "/p/b.mfc"
    assert parse_line("a=b[3,2]", "/d", "") is None


WRONG = {
    "range beyond the file": ("one=one.mfc[0,9]\n", LABELS, "BS0630"),
    "missing file": ("one=nowhere.mfc[0,1]\n", LABELS, "BS0607"),
    "key twice": ("one=one.mfc[0,1]\none=one.mfc[2,3]\n", LABELS, "BS0631"),
    "empty script": ("\n", LABELS, "BS0631"),
    "length of labels": ("one=one.mfc[0,3]\n", LABELS, "BS0616"),
    "no header": ("one=one.mfc[0,4]\n", LABELS[8:], "BS0632"),
    "unknown state": ("one=one.mfc[0,4]\n", LABELS.replace("s1", "s7"), "BS0632"),
    "gap": ("one=one.mfc[0,4]\n", LABELS.replace("200000 500000", "300000 600000"), "BS0632"),
    "no end": ("one=one.mfc[0,4]\n", LABELS[:-2], "BS0632"),
    "nothing in common": ("three=one.mfc[0,4]\n", LABELS, "BS0614"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(speech: Path, name: str) -> None:
    """A diagnostic with its code each."""
    script, labels, code = WRONG[name]
    (speech / "train.scp").write_text(script.replace("=", f"={speech}/"))
    (speech / "labels.mlf").write_text(labels)
    inputs = (InputSpec("features", (3,)), InputSpec("labels", (3,)))
    with pytest.raises((BrainScriptError, MissingFileError)) as caught:
        read(section(speech, "dim = 3"), inputs)
    assert caught.value.diagnostics[0].code == code


def test_hostile_headers(tmp_path: Path) -> None:
    """Every byte of a header turned over: frames within the file, or a diagnostic."""
    good = bytearray(htk(frames(4, 3)))
    for place in range(12):
        for flip in (1, 0x80, 0xFF):
            bad = bytearray(good)
            bad[place] ^= flip
            path = tmp_path / f"{place}-{flip}.mfc"
            path.write_bytes(bad)
            with suppress(BrainScriptError):
                file = open_features(str(path), None)
                assert file.frames == 0 or len(file.read(0, file.frames - 1, None)) == file.frames


def test_classes_without_names(tmp_path: Path) -> None:
    """Without a list of names the fourth column is the class."""
    path = tmp_path / "l.mlf"
    path.write_text('#!MLF!#\n"u.lab"\n0 3 x 1\n3 4 x 0\n.\n')
    labels = LabelFile(str(path), 2, None, PLACE).read()["u"]
    assert labels.by_frame().tolist() == [1, 1, 1, 0]
