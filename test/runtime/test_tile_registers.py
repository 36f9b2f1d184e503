"""Tile registers are asked for before a step that uses them, and a refusal is told."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.program_image import ProgramImage
from brainscript.runtime import tile_registers
from brainscript.runtime.native_library import library
from brainscript.runtime.program import Program, StateArena
from brainscript.target import choose_target

EMPTY = ProgramImage((), (), (), (), (0,), 0, (0,), 0, "bs_step", (), tiles=True)


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    tile_registers.allow_tiles.cache_clear()
    yield
    tile_registers.allow_tiles.cache_clear()


def test_a_step_that_uses_them_is_not_made_where_they_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    native = SimpleNamespace(bs_allow_tiles=lambda: errno.EPERM)
    monkeypatch.setattr(tile_registers, "library", lambda: native)
    with pytest.raises(BrainScriptError) as raised:
        Program(EMPTY, {}, StateArena())
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "BS0818"
    assert os.strerror(errno.EPERM) in diagnostic.label
    assert "avx512-bf16" in diagnostic.help


def test_the_system_answers() -> None:
    answer = library().bs_allow_tiles()
    assert answer >= 0
    if choose_target("").pairs == "amx":
        assert answer == 0


def test_the_image_keeps_it() -> None:
    assert ProgramImage.from_json(EMPTY.as_json()).tiles
    assert not ProgramImage.from_json(replace(EMPTY, tiles=False).as_json()).tiles
