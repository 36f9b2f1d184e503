"""Data that is there before it is asked for: read ahead, and kept parsed between runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.data import corpus as corpora
from brainscript.runtime.data.corpus import Corpus, Stream, TextFile, read_text
from brainscript.runtime.data.minibatch import Reader
from brainscript.runtime.data.randomise import Order
from brainscript.runtime.data.ready import parsed
from brainscript.runtime.data.ready.ahead import ReadAhead
from brainscript.runtime.data.ready.parsed import ParsedCache
from brainscript.runtime.network import InputSpec

STREAMS = (Stream("a", "a", 3, False), Stream("s", "s", 9, True))
TEXT = "".join(
    f"{i // 3} |a {i}.5 -{i} 1e-{i % 9} |s {i % 9}:{i} {(i + 4) % 9}:1\n" for i in range(3000)
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextFile:
    """A file whose data is kept in a folder of its own, by the thread that reads it."""
    monkeypatch.setattr(parsed, "LEAST_BYTES", 1)
    monkeypatch.setattr(parsed.Thread, "start", threading.Thread.run)
    (tmp_path / "cache").mkdir()
    (tmp_path / "t.ctf").write_text(TEXT)
    cache = ParsedCache(tmp_path / "cache")
    return TextFile(str(tmp_path / "t.ctf"), STREAMS, chunk_bytes=9999, cache=cache)


def entries(file: TextFile) -> list[Path]:
    assert file.cache is not None
    return sorted(file.cache.folder.iterdir())


def values(found: Corpus) -> list[object]:
    """Everything that a reader can see of the data."""
    inputs = [InputSpec("a", (3,)), InputSpec("s", (9,))]
    dtype = np.dtype(np.float32)
    reader = Reader(lambda: found, Order(False), inputs, {"a": 0, "s": 1}, dtype)
    reader.start_epoch(0, 0, 10**6)
    batch = reader.next()
    assert batch is not None
    seen: list[object] = [x.tolist() for x in (found.keys(), found.lengths(), found.chunk_starts())]
    for name, dim in (("a", 3), ("s", 9)):
        out = np.empty((batch.columns["*"], dim), dtype)
        batch.fill(name, out)
        seen.append(out.tolist())
    return [*seen, found.single(0)]


def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often text was parsed from now on."""
    calls, made = [0], corpora.library()

    class Counting:
        def __getattr__(self, name: str) -> object:
            calls[0] += name == "bs_text_read"
            return getattr(made, name)

    monkeypatch.setattr(corpora, "library", Counting)
    return lambda: calls[0]


def test_data_that_was_kept_is_the_same(file: TextFile, monkeypatch: pytest.MonkeyPatch):
    first, warnings = read_text(file, 4)
    assert not warnings
    assert len(entries(file)) == 1
    assert entries(file)[0].stat().st_mode & 0o077 == 0
    parsed_texts = unread(monkeypatch)
    again, _ = read_text(file, 4)
    assert parsed_texts() == 0
    assert values(again) == values(first)
    assert values(again) == values(read_text(replace(file, cache=None), 4)[0])


def test_another_way_to_read_is_another_entry(file: TextFile):
    read_text(file, 4)
    read_text(file, 8)
    read_text(replace(file, skip_ids=True), 4)
    read_text(replace(file, chunk_bytes=100), 4)
    read_text(replace(file, streams=STREAMS[:1]), 4)
    assert len(entries(file)) == 5


def test_a_file_that_changes_is_read_again(file: TextFile):
    """Even with the old size and time."""
    read_text(file, 4)
    facts, path = os.stat(file.path), Path(file.path)
    path.write_text(TEXT.replace("7.5", "8.5"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert path.stat().st_size == facts.st_size
    found, _ = read_text(file, 4)
    assert values(found) == values(read_text(replace(file, cache=None), 4)[0])
    assert len(entries(file)) == 2


def overwrite(path: str, place: int) -> None:
    """One digit of a file is another one now; its size and its time are the old ones."""
    facts = os.stat(path)
    with open(path, "r+b") as stream:
        stream.seek(place)
        old = stream.read(1)
        stream.seek(place)
        stream.write(b"8" if old == b"7" else b"7")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_a_change_in_place_is_seen_wherever_it_is(file: TextFile, monkeypatch: pytest.MonkeyPatch):
    """Also between the places whose content is looked at: a file cannot be changed unnoticed."""
    monkeypatch.setattr(parsed, "SAMPLE", 64)
    for part in (1, 3, 7):
        read_text(file, 4)
        place = TEXT.index("|a ", len(TEXT) * part // 8) + len("|a ")
        time.sleep(0.02)
        overwrite(file.path, place)
        found, _ = read_text(file, 4)
        assert values(found) == values(read_text(replace(file, cache=None), 4)[0])
    assert len(entries(file)) == 4


def test_a_change_while_the_text_is_read_leaves_no_entry(
    file: TextFile, monkeypatch: pytest.MonkeyPatch
):
    """What was read may be half of each: the next run reads the file again."""
    made = corpora.library()

    class Changing:
        def __getattr__(self, name: str) -> object:
            if name == "bs_text_read":
                time.sleep(0.02)
                overwrite(file.path, TEXT.index("|a ", len(TEXT) // 3) + len("|a "))
            return getattr(made, name)

    with monkeypatch.context() as patched:
        patched.setattr(corpora, "library", Changing)
        read_text(file, 4)
    assert not entries(file)
    read_text(file, 4)
    assert len(entries(file)) == 1


@pytest.mark.parametrize("place", [0, 9, 40, 200, -3000, -1])
def test_an_entry_that_is_damaged_is_read_again(file: TextFile, place: int):
    first, _ = read_text(file, 4)
    path = entries(file)[0]
    data = bytearray(path.read_bytes())
    data[place] ^= 64
    path.write_bytes(data)
    again, warnings = read_text(file, 4)
    assert [w.code for w in warnings] == ["BS0622"]
    assert values(again) == values(first)
    assert not read_text(file, 4)[1]


@pytest.mark.parametrize("size", [0, 7, 32, 300, -9])
def test_an_entry_that_is_cut_short_is_read_again(file: TextFile, size: int):
    first, _ = read_text(file, 4)
    path = entries(file)[0]
    path.write_bytes(path.read_bytes()[:size])
    again, warnings = read_text(file, 4)
    assert [w.code for w in warnings] == ["BS0622"]
    assert values(again) == values(first)


def test_text_with_remarks_is_not_kept(file: TextFile):
    Path(file.path).write_text(TEXT + "9999 |a 1 |s 0:1\n")
    for _ in range(2):
        assert [w.code for w in read_text(file, 4)[1]] == ["BS0612"]
    assert not entries(file)


def test_entries_not_used_for_longest_go_first(file: TextFile):
    assert file.cache is not None
    for streams in (STREAMS, STREAMS[:1], STREAMS[1:]):
        read_text(replace(file, streams=streams), 4)
    sizes = {p: p.stat().st_size for p in entries(file)}
    for age, path in enumerate(sorted(sizes, key=lambda p: sizes[p])):
        os.utime(path, (age, age))
    file.cache.prune(max(sizes.values()))
    assert entries(file) == [max(sizes, key=lambda p: sizes[p])]


def test_a_file_on_a_full_disk_is_not_kept(file: TextFile, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parsed, "ROOM", 1 << 60)
    read_text(file, 4)
    assert not entries(file)


def test_reading_ahead_gives_warnings_and_errors_where_the_data_is_used(file: TextFile):
    shown: list[Diagnostic] = []
    found, started = read_text(file, 4)[0], threading.Event()

    def read(warnings: list[Diagnostic]) -> Corpus:
        warnings.append(Diagnostic("BS0611", "a remark", severity="warning"))
        started.set()
        return found

    ahead = ReadAhead(read, shown.append)
    ahead.start()
    ahead.start()
    started.wait(10)
    assert not shown
    assert ahead() is found
    assert [w.title for w in shown] == ["a remark"]

    def fail(warnings: list[Diagnostic]) -> Corpus:
        raise BrainScriptError(Diagnostic("BS0607", "no such file"))

    broken = ReadAhead(fail, shown.append)
    broken.start()
    with pytest.raises(BrainScriptError, match="no such file"):
        broken()
