"""The object cache: what is damaged counts as absent, what is foreign is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brainscript.codegen.cache import ObjectCache, default_folder, open_cache


def test_bytes_come_back(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "a" / "b")
    assert cache is not None
    assert cache.get("k") is None
    cache.put("k", b"object")
    assert cache.get("k") == b"object"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0
    assert [p.name for p in cache.folder.iterdir()] == ["k.o"]


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_damaged_entries_are_dropped(tmp_path: Path, cut: int) -> None:
    cache = open_cache(tmp_path)
    assert cache is not None
    cache.put("k", b"object code")
    path = cache.folder / "k.o"
    path.write_bytes(path.read_bytes()[:cut])
    assert cache.get("k") is None
    assert not path.exists()


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    assert cache is not None
    cache.put("k", b"object code")
    path = cache.folder / "k.o"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert cache.get("k") is None


def test_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    assert cache is not None
    for age, key in enumerate(("new", "middle", "old")):
        cache.put(key, bytes(100))
        os.utime(cache.folder / f"{key}.o", (1000 - age, 1000 - age))
    cache.prune(limit=300)
    assert cache.get("old") is None
    assert cache.get("new") == bytes(100)
    assert cache.get("middle") == bytes(100)


def test_no_folder_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert open_cache(tmp_path / "file" / "below") is None


def test_default_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/brainscript")


def test_what_a_killed_run_left_is_removed_in_time(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    fresh, old = tmp_path / ".fresh.tmp", tmp_path / ".old.tmp"
    for path in (fresh, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.put("kernel", b"code")
    cache.prune()
    assert fresh.exists()
    assert not old.exists()
    assert cache.get("kernel") == b"code"


def test_a_folder_is_not_looked_through_after_every_compile(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    old = tmp_path / ".old.tmp"

    def tidied() -> bool:
        old.write_bytes(b"half")
        os.utime(old, (0, 0))
        cache.tidy()
        return not old.exists()

    assert tidied()
    assert not tidied()
    os.utime(tmp_path / ".o-pruned", (0, 0))
    assert tidied()
