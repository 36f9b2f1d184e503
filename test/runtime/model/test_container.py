"""The model container: what is written is read, what is damaged is refused."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

from brainscript.diagnostic import BrainScriptError, MissingFileError
from brainscript.runtime.model import container

TENSORS = {
    "h1.W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "h1.b": np.array([0.5], dtype=np.float64),
}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "m.dnn"
    container.save(path, TENSORS, {"bs.net": "net"})
    return path


def code_of(path: Path) -> str:
    with pytest.raises(BrainScriptError) as caught:
        container.load(path)
    assert str(path) in caught.value.diagnostics[0].title
    return caught.value.diagnostics[0].code


def with_header(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_what_is_saved_is_loaded_again(stored: Path):
    found = container.load(stored)
    assert found.metadata["bs.net"] == "net"
    assert list(found.tensors) == ["h1.W", "h1.b"]
    for name, array in TENSORS.items():
        assert np.array_equal(found.tensors[name], array)
        assert found.tensors[name].dtype == array.dtype


def test_the_safetensors_library_reads_it_too(stored: Path):
    found = load(stored.read_bytes())
    assert sorted(found) == ["h1.W", "h1.b"]
    assert all(np.array_equal(found[name], array) for name, array in TENSORS.items())


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(MissingFileError):
        container.load(tmp_path / "none.dnn")


def test_every_truncation_and_every_flipped_bit_of_the_values_is_refused(stored: Path):
    data = stored.read_bytes()
    for length in range(len(data)):
        stored.write_bytes(data[:length])
        assert code_of(stored) in ("BS0502", "BS0503")
    for at in range(len(data) - 32, len(data)):
        stored.write_bytes(data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :])
        assert code_of(stored) == "BS0503"
    stored.write_bytes(data + b"x")
    assert code_of(stored) == "BS0503"


def test_a_pickle_is_named_and_not_opened(tmp_path: Path):
    path = tmp_path / "p.dnn"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(BrainScriptError, match="pickle"):
        container.load(path)
    path.write_bytes(b"")
    assert code_of(path) == "BS0502"


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
META = {"bs.format": "1"}


@pytest.mark.parametrize(
    ("header", "data", "code"),
    [
        (b'{"a":{},"a":{}}', b"", "BS0503"),
        (b"[1]" + b" " * 8, b"", "BS0502"),
        (b"{" * 3000, b"", "BS0503"),
        ({"__metadata__": {}}, b"", "BS0504"),
        ({"__metadata__": {"bs.format": "2"}}, b"", "BS0505"),
        ({"__metadata__": META, "a": ENTRY | {"shape": [1 << 40]}}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY | {"shape": [1 << 62]}}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY | {"shape": [-1]}}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY | {"dtype": "BOOL"}}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY | {"data_offsets": [1, 5]}}, b"12345", "BS0503"),
        ({"__metadata__": META, "a": ENTRY | {"data_offsets": "x"}}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY, "b": ENTRY}, b"1234", "BS0503"),
        ({"__metadata__": META, "a": ENTRY}, b"12345", "BS0503"),
        ({"__metadata__": META, "a": 5}, b"", "BS0503"),
    ],
)
def test_malformed_headers(tmp_path: Path, header: Any, data: bytes, code: str):
    assert code_of(with_header(tmp_path / "x.dnn", header, data)) == code


def test_a_header_length_beyond_the_file_allocates_nothing(tmp_path: Path):
    path = tmp_path / "x.dnn"
    path.write_bytes((1 << 62).to_bytes(8, "little") + b"{}")
    assert code_of(path) == "BS0503"


def test_a_failed_save_keeps_the_old_file(stored: Path, monkeypatch: pytest.MonkeyPatch):
    before = stored.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BrainScriptError, match="No space left"):
        container.save(stored, {"a": np.zeros(3)}, {})
    assert stored.read_bytes() == before
    assert [p.name for p in stored.parent.iterdir()] == ["m.dnn"]


def test_what_was_written_is_known_again(stored: Path):
    made = container.save(stored, TENSORS, {"bs.net": '"bs.sha256":"' + "0" * 64})
    assert made.bytes == stored.stat().st_size
    assert container.written(stored) == made
    data = stored.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    assert hashlib.sha256(data[:start]).hexdigest() == made.sha256
    for place in (9, start - 2, start, len(data) - 1):
        stored.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert container.written(stored) != made
    for size in (0, 5, start, len(data) - 1):
        stored.write_bytes(data[:size])
        assert container.written(stored) != made
