"""What is said of a missing file: a name like it, the folder that is absent, odd quotes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brainscript.nearby import file_help


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("trian.ctf", "did you mean 'train.ctf'?"),
        ("data/Train.CTF", "did you mean 'data/train.ctf'?"),
        ("zzz", "relative paths begin at '{here}'"),
        ("dat/train.ctf", "there is no folder 'dat'; relative paths begin at '{here}'"),
        ("data/a/b/c", "there is no folder 'data/a'; relative paths begin at '{here}'"),
        ("/nowhere/a/b", "there is no folder '/nowhere'"),
        ("\N{LEFT DOUBLE QUOTATION MARK}a", 'which is no quotation mark: write "'),
        ("train.ctf/a", "there is no folder 'train.ctf'; relative paths begin at '{here}'"),
    ],
)
def test_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for folder in ("", "data"):
        (tmp_path / folder / "train.ctf").touch()
    assert said.format(here=os.getcwd()) in file_help(asked)
