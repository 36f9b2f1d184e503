"""Sections of readers against the inputs of a network, before and while data is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import InputSpec
from test.runtime.data.support import reader_of, text_reader

A2 = InputSpec("a", (2,))


def refusal(section: str, *inputs: InputSpec) -> Diagnostic:
    """What a reader section is refused with."""
    with pytest.raises(BrainScriptError) as error:
        reader_of(section, inputs)
    return error.value.diagnostics[0]


def section(streams: str, more: str = "") -> str:
    return f"file = none.ctf ; {more} ; input = [ {streams} ]"


@pytest.mark.parametrize(
    ("streams", "inputs", "code", "words"),
    [
        ("b = [dim=2;format=dense]", (A2,), "BS0604", "stream for the network's input 'a'"),
        ("a = [dim=3;format=dense]", (A2,), "BS0605", "dim 3, the network's input has 2"),
        ("a = [dim=2;format=dense]", (InputSpec("a", (2,), sparse=True),), "BS0606", "dense"),
        ("a = [dim=2;format=thick]", (A2,), "BS0603", "unknown format 'thick'"),
        ("a = [dim=0;format=dense]", (A2,), "BS0603", "'dim' is 0"),
        ("a = [dim=3000000000;format=sparse]", (A2,), "BS0603", "the most is 2147483647"),
        ("a = [dim=2]", (A2,), "BS0206", "format"),
        ("a = [format=dense]", (A2,), "BS0206", "dim"),
        ("", (A2,), "BS0603", "'input' declares no stream"),
        ("a = [dim=2;format=dense] ; b = [dim=2;format=dense;alias=a]", (A2,), "BS0603", "alias"),
        ("a = [dim=2;format=dense;alias=x|y]", (A2,), "BS0603", "cannot be the name"),
    ],
)
def test_refused_streams(streams: str, inputs: tuple[InputSpec, ...], code: str, words: str):
    found = refusal(section(streams), *inputs)
    assert found.code == code
    assert words in found.title
    assert found.span is not None


def test_alias_of_another_section_is_explained():
    found = refusal(section("b = [dim=2;format=dense;alias=a]"), A2)
    assert found.help == "section 'b' has this name as alias; call the section 'a'"


def test_all_misfits_are_reported_together():
    with pytest.raises(BrainScriptError) as error:
        reader_of(section("a = [dim=3;format=dense]"), [A2, InputSpec("b", (1,))])
    assert [d.code for d in error.value.diagnostics] == ["BS0605", "BS0604"]


def test_only_the_product_of_the_dims_counts():
    streams = "a = [dim=6;format=dense] ; spare = [dim=1;format=sparse]"
    reader_of(section(streams), [InputSpec("a", (3, 2))])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BinaryReader", "convert the data"),
        ("Kaldi2Reader", "write the features as HTK files"),
        ("CNTKTextFormatRaeder", "did you mean 'CNTKTextFormatReader'?"),
        ("Parquet", "use CNTKTextFormatReader"),
    ],
)
def test_other_readers(name: str, words: str):
    found = refusal(f"readerType = {name}", A2)
    assert found.code == "BS0602"
    assert words in found.help


def test_reader_names_in_any_case():
    reader_of(section("a = [dim=2;format=dense]", "readerType = cntktextformatreader"), [A2])


def test_numbers_of_keys_are_checked():
    for key in ("maxErrors = -1", "chunkSizeInBytes = 0", "randomizationWindow = -3"):
        assert refusal(section("a = [dim=2;format=dense]", key), A2).code == "BS0603"


def deserializers(folder: Path, left: str, right: str) -> str:
    (folder / "l.ctf").write_text(left)
    (folder / "r.ctf").write_text(right)
    parts = [
        f'[ type = CNTKTextFormatDeserializer ; file = "{folder}/{n}.ctf" ;'
        f" input = [ {s} = [dim=1;format=dense] ] ]"
        for n, s in (("l", "a"), ("r", "b"))
    ]
    return f"deserializers = ( {parts[0]} : {parts[1]} ) ; randomize = false"


ONES = (InputSpec("a", (1,)), InputSpec("b", (1,)))


def test_join_drops_sequences_without_partner(tmp_path: Path):
    warnings: list[Diagnostic] = []
    text = deserializers(tmp_path, "1 |a 1\n2 |a 2\n3 |a 3\n", "3 |b 30\n1 |b 10\n9 |b 90\n")
    reader = reader_of(text, ONES, warnings)
    assert reader.corpus.keys().tolist() == [1, 3]
    reader.start_epoch(0, 0, 10)
    batch = reader.next()
    assert batch is not None
    assert batch.keys == ["1", "3"]
    assert [w.code for w in warnings] == ["BS0615"]


def test_join_without_common_keys(tmp_path: Path):
    reader = reader_of(deserializers(tmp_path, "1 |a 1\n", "2 |b 2\n"), ONES)
    with pytest.raises(BrainScriptError) as error:
        reader.start_epoch(0, 0, 1)
    found = error.value.diagnostics[0]
    assert found.code == "BS0614"
    assert [note.text for note in found.notes] == [
        "the first key of 'a' is '1'",
        "the first key of 'b' is '2'",
    ]


def test_other_deserializers_and_truncation():
    assert refusal("deserializers = ( [ type = LatticeDeserializer ] )", A2).code == "BS0602"
    both = "truncated = true ; truncationLength = 2 ; frameMode = true"
    stream = "a = [dim=2;format=dense]"
    text = f'[ type = "CNTKTextFormatDeserializer" ; file = "f" ; input = [ {stream} ] ]'
    assert refusal(f"{both} ; deserializers = ( {text} )", A2).code == "BS0619"
    assert refusal("readers = x:y", A2).code == "BS0206"


def test_lengths_on_one_axis_must_agree(tmp_path: Path):
    streams = "a = [dim=1;format=dense] ; b = [dim=1;format=dense]"
    rows = "1 |a 1 |b 1\n2 |a 2 |b 2\n2 |a 3\n"
    with pytest.raises(BrainScriptError) as error:
        text_reader(tmp_path, rows, streams, inputs=ONES).start_epoch(0, 0, 1)
    found = error.value.diagnostics[0]
    assert found.code == "BS0616"
    assert "sequence 2 has 2 and 1 samples" in found.title
    own_axis = (ONES[0], InputSpec("b", (1,), axis="other"))
    text_reader(tmp_path, rows, streams, inputs=own_axis).start_epoch(0, 0, 1)


def test_frame_mode_wants_single_samples(tmp_path: Path):
    reader = text_reader(tmp_path, "1 |a 1\n1 |a 2\n", more="frameMode = true")
    with pytest.raises(BrainScriptError) as error:
        reader.start_epoch(0, 0, 1)
    assert error.value.diagnostics[0].code == "BS0617"
    text_reader(tmp_path, "1 |a 1\n2 |a 2\n", more="frameMode = true").start_epoch(0, 0, 1)
