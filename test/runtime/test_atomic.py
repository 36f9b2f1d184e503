"""Files that are replaced whole: what else may stand at their path, and what is told of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from brainscript import atomic
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.weights import save_npz, save_safetensors


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    atomic.write_text(pipe, "text")
    reader.join(60)
    assert read == [b"text"]
    assert pipe.is_fifo()


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(Path("disk") / "file")
    for text in ("one", "two"):
        atomic.write_text(tmp_path / "link", text)
        assert (tmp_path / "disk" / "file").read_text() == text
    assert (tmp_path / "link").is_symlink()
    assert sorted(os.listdir(tmp_path / "disk")) == ["file"]


def test_a_folder_is_told(tmp_path: Path) -> None:
    arrays = {"a": np.zeros(3, np.float32)}
    for save in (save_npz, save_safetensors):
        with pytest.raises(BrainScriptError) as caught:
            save(tmp_path, arrays)
        assert (
            caught.value.diagnostics[0].title == f"'{tmp_path}' cannot be written: Is a directory"
        )
        assert not caught.value.diagnostics[0].help


def test_weights_go_to_a_folder_that_is_made(tmp_path: Path) -> None:
    save_npz(tmp_path / "new" / "w.npz", {"a": np.zeros(3, np.float32)})
    assert sorted(os.listdir(tmp_path / "new")) == ["w.npz", "w.npz.json"]
