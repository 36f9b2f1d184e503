"""The cache of programs: what is stored comes back, what is damaged is never used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brainscript.codegen.cache import open_cache
from brainscript.diagnostic import Diagnostic
from brainscript.program_image import ProgramImage, Slot, StateSlot
from brainscript.runtime import program_cache
from brainscript.runtime.program_cache import Entry, ProgramCache, decode, encode, program_key
from brainscript.target import forced_target

ENTRY = Entry({"image": {"axes": ["*"]}, "text": "Länge"}, {"a": b"\x00\x01", "b": b""})
IMAGE = ProgramImage(
    axes=("*",),
    inputs=(Slot("x", (3, 2), "f32", 0, (0, 24)),),
    outputs=(Slot("W", (2,), "f64", -1, (), 0),),
    states=(StateSlot("W", (2,), "f64", "parameter"),),
    arena=(0, 24),
    workspace=128,
    flops=(10, 1000),
    barriers=3,
    step="bs_step",
    objects=("a", "b"),
)


class Store:
    """A cache in a folder of its own and what it said."""

    def __init__(self, folder: Path):
        objects = open_cache(folder / "cache")
        assert objects is not None
        self.said: list[Diagnostic] = []
        self.cache = ProgramCache(objects, self.said.append)

    def file(self) -> Path:
        return next(self.cache.folder.glob("*.program"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_an_entry_comes_back(store: Store) -> None:
    assert store.cache.get("k") is None
    store.cache.put("k", ENTRY)
    assert store.cache.get("k") == ENTRY
    assert not store.said
    assert store.cache.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [0, 9, 60, -1])
def test_a_changed_byte_is_noticed(store: Store, place: int) -> None:
    store.cache.put("k", ENTRY)
    data = bytearray(store.file().read_bytes())
    data[place] ^= 1
    store.file().write_bytes(bytes(data))
    assert store.cache.get("k") is None
    assert [d.code for d in store.said] == ["BS0814"]
    assert not list(store.cache.folder.glob("*.program"))


@pytest.mark.parametrize("size", [0, 3, 20, 45])
def test_a_cut_file_is_noticed(store: Store, size: int) -> None:
    store.cache.put("k", ENTRY)
    store.file().write_bytes(store.file().read_bytes()[:size])
    assert store.cache.get("k") is None
    assert len(store.said) == 1


def test_old_entries_go_first(store: Store) -> None:
    store.cache.put("old", ENTRY)
    store.cache.put("new", ENTRY)
    os.utime(store.cache.folder / "old.program", (1, 1))
    store.cache.prune(limit=store.file().stat().st_size)
    assert store.cache.get("old") is None
    assert store.cache.get("new") == ENTRY


def test_a_folder_that_went_is_no_error(store: Store) -> None:
    store.cache.folder.rmdir()
    store.cache.put("k", ENTRY)
    assert store.cache.get("k") is None


def test_the_key_depends_on_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    target = forced_target("avx2")
    base = program_key(["a", "bc"], target)
    assert base == program_key(["a", "bc"], target)
    others = [
        program_key(["ab", "c"], target),
        program_key(["a", "bc", ""], target),
        program_key(["a", "bc"], forced_target("baseline")),
    ]
    monkeypatch.setattr(program_cache, "package_fingerprint", lambda: "another")
    others.append(program_key(["a", "bc"], target))
    assert len({base, *others}) == 5


def test_the_image_survives_as_json() -> None:
    data = decode(encode(Entry(IMAGE.as_json()))).data
    assert ProgramImage.from_json(data) == IMAGE


def test_an_image_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        ProgramImage.from_json(IMAGE.as_json() | {"format": 0})


def test_threads_are_worth_it_only_for_enough_work() -> None:
    assert IMAGE.threads((10,), 2) == 1
    assert IMAGE.threads((100_000,), 2) == 2
