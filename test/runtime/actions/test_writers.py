"""The section `writer` of the action write: feature files and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.writers.sinks import sinks_of
from brainscript.runtime.data.speech.features import open_features
from brainscript.runtime.network import Array, NodeSpec
from test.runtime.conftest import CONFIG, Run, settings_of

Go = Callable[..., Run]
Z = NodeSpec("z", "Plus", (3,), "*")
VALUES = np.array([[0, 2, 1], [3, 1, 2], [1, 1, 0]], np.float32)


def write(
    text: str, values: Array = VALUES, lengths: Sequence[int] = (2, 1), node: NodeSpec = Z
) -> list[Diagnostic]:
    """Two sequences through the sink of one node; gives the warnings."""
    warnings: list[Diagnostic] = []
    writer = settings_of(f"writer = [ {text} ]").section("writer")
    (sink,) = sinks_of(writer, [node], warnings.append)
    sink.minibatch(values, lengths, 0)
    sink.end()
    return warnings


def code_of(text: str, **more: object) -> str:
    with pytest.raises(BrainScriptError) as caught:
        write(text, **more)  # type: ignore[arg-type]  # passed on as they are
    return caught.value.diagnostics[0].code


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lists of files and a list of words, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    Path("two.scp").write_text("out/a.mfc\n\nb=out/deep/b.mfc\n")
    Path("one.scp").write_text(".../only.mfc\n")
    Path("words").write_text("red\ngreen\nblue\n")


def test_a_feature_file_for_each_sequence():
    """Header and numbers are big-endian, of kind USER, every 10 ms; the reader gives them back."""
    given = "writerType = HTKMLFWriter ; z = [ scpFile = two.scp ; dim = 3 ; type = Real ]"
    assert not write(given)
    data = Path("out/a.mfc").read_bytes()
    assert data[:12].hex(" ", 2) == "0000 0002 0001 86a0 000c 0009"
    file = open_features("out/a.mfc", None)
    assert np.array_equal(file.read(0, 1, None), VALUES[:2])
    assert np.array_equal(open_features("out/deep/b.mfc", None).read(0, 0, None), VALUES[2:])


def test_lists_that_do_not_fit():
    given = "writerType = HTKMLFReader ; z = [ file = %s ]"
    assert code_of(given % "one.scp") == "BS0731"
    assert Path("only.mfc").is_file()
    assert [w.code for w in write(given % "two.scp", VALUES, (3,))] == ["BS0731"]
    (warning,) = write(given % "two.scp", VALUES * np.float32("nan"))
    assert "not finite" in warning.title


def test_what_a_writer_cannot_do():
    speech = "writerType = HTKMLFWriter ; "
    assert code_of("a = 1") == "BS0711"
    assert code_of("writerType = LMSequenceWriter") == "BS0711"
    assert code_of(speech) == "BS0206"
    assert code_of(speech + "z = [ scpFile = two.scp ; dim = 4 ]") == "BS0207"
    assert code_of(speech + "z = [ scpFile = none.scp ]") == "BS0607"
    wide = NodeSpec("z", "Plus", (9000,), "*")
    assert code_of(speech + "z = [ scpFile = two.scp ]", node=wide) == "BS0721"
    Path("taken").mkdir()
    words = "writerType = LUSequenceWriter ; z = [ file = taken ; token = words %s ]"
    assert code_of(words % "") == "BS0722"
    assert code_of(words % "; nbest = 0") == "BS0207"


def test_words():
    """The best word of each sample, or the best ones; a blank line ends a sequence."""
    given = "writerType = LUSequenceWriter ; z = [ file = tags.txt ; token = words ; nbest = %d ]"
    write(given % 1)
    assert Path("tags.txt").read_text() == "green\nred\n\nred\n\n"
    write(given % 2)
    assert Path("tags.txt").read_text() == "green blue\nred blue\n\nred green\n\n"


def test_the_action_writes_with_a_writer(run: Go):
    """Nodes are those of the writer's own list; every frame is a sequence here."""
    Path("all.scp").write_text("".join(f"f{i}.mfc\n" for i in range(50)))
    section = "outputNodeNames = z ; z = [ scpFile = all.scp ]"
    text = 'x = { action = "write" ; reader = { a = 1 } ; writer = [ writerType = HTKMLFWriter ; '
    done = run((CONFIG % "").replace("command = t", "command = t:x") + f"{text}{section} ] }}")
    assert done.lines("Total Samples Evaluated = 50")
    assert open_features("f49.mfc", None).dim == 3
