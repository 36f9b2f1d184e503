"""Model files with flipped bytes, cut off, or with absurd lengths: a diagnostic or a network.

Each round reads one damaged copy of a model of every kind and looks at all its values and at the
network. Anything but a `BrainScriptError` fails, and so does memory beyond the file's size.
"""

from __future__ import annotations

import os
import random
import struct
import tracemalloc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.weights import load_weights, save_npz, save_safetensors
from brainscript.runtime.model.writing import write_graph
from brainscript.runtime.train.saving.files import Manifest, load_manifest

SOURCE = """
features = Input {3}
labels = Input {2}
h = Tanh (LinearLayer {2} (features) + PastValue (2, h, timeStep=2))
z = LinearLayer {2} (h) .* Constant (2)
ce = CrossEntropyWithSoftmax (labels, z)
criterionNodes = (ce)
outputNodes = (z)
"""
IMAGE = """
x = Input {(4:3:1)}
c = ConvolutionalLayer {2, (2:2), pad=true} (x)
z = Softmax (LinearLayer {3} (MaxPoolingLayer {(2:2)} (c)))
outputNodes = (z)
"""
KINDS = ("cntk1", "cntk2", "container", "dbn", "npz", "safetensors", "onnx", "manifest")
EXCHANGED = ("attention.onnx", "parts.onnx")
"""Graphs that were not written here."""
NAMED = ("npz", "safetensors", "onnx", "manifest", *EXCHANGED)
"""The kinds that are read by the name of the file."""
LONG = "BS_FUZZ_SECONDS" in os.environ
SPARE = 200 << 20
LENGTHS = (0, 0xFFFFFFFFFFFFFFFF, 1 << 31, (1 << 31) - 1, (1 << 63) - 1)


@cache
def original(kind: str, folder: Path) -> bytes:
    """A small model of this kind."""
    path = folder / f"good.{kind}"
    if kind == "dbn":
        return dbn()
    if kind == "manifest":
        manifest = Manifest(3, {}, {"sample": 120, "states": [1, 2, 3], "rate": 0.5})
        for name in ("a.model", "a.model.2", "a.model.state"):
            manifest.files[name] = {"bytes": 4711, "sha256": "0123456789abcdef" * 4}
        manifest.save(path)
        return path.read_bytes()
    if kind == "onnx":
        pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
        model = bs.compile(IMAGE)
        model.export_onnx(path)
        return path.read_bytes()
    if kind in EXCHANGED:
        pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
        from test.runtime.model import test_exchange, test_exchange_samples

        graph = getattr(test_exchange_samples, kind.removesuffix(".onnx"))
        test_exchange.written(path, *graph())
        return path.read_bytes()
    model = bs.compile(SOURCE)
    model.save(path)
    if kind in ("npz", "safetensors"):
        save = save_npz if kind == "npz" else save_safetensors
        save(path, model.parameters)
    elif kind != "container":
        found = load_model(path)
        write_graph(path, kind, describe_module(found.module()), found.values)
    return path.read_bytes()


def dbn() -> bytes:
    def matrix(rows: int, cols: int) -> bytes:
        head = b"BMATx\0" + struct.pack("<ii", rows, cols)
        return head + np.arange(1, rows * cols + 1, dtype="<f4").tobytes() + b"EMAT"

    layer = b"rbmgaussbernoulli\0" + matrix(4, 3) + matrix(3, 1) + matrix(4, 1)
    last = b"perceptron\0" + matrix(3, 2) + matrix(2, 1) + matrix(3, 1)
    head = b"DBN\nmade by hand\0BDBN" + struct.pack("<ii", 0, 2) + matrix(2, 1) + matrix(2, 1)
    return head + b"BNET" + layer + last + b"ENET" + matrix(2, 1) + b"EDBN"


def look(path: Path) -> None:
    """Read everything; what is not refused must be whole."""
    if path.suffix == ".manifest":
        load_manifest(path)
        return
    if path.suffix in (".npz", ".safetensors"):
        for array in load_weights(path).values():
            assert array.nbytes <= path.stat().st_size + SPARE
        return
    model = load_model(path)
    for name in model.values:
        assert model.values[name].nbytes <= path.stat().st_size + SPARE
    model.module()


def flipped(data: bytes, places: Iterator[int] | range, chance: random.Random) -> Iterator[bytes]:
    for at in places:
        copy = bytearray(data)
        copy[at] ^= chance.randrange(1, 256)
        yield bytes(copy)


def absurd(data: bytes, places: Iterator[int] | range) -> Iterator[bytes]:
    for at in places:
        for length in LENGTHS:
            yield data[:at] + struct.pack("<Q", length) + data[at + 8 :]


def damaged(kind: str, data: bytes, chance: random.Random) -> Iterator[bytes]:
    """Damaged copies: all of them in the long run, a sample in the short one."""
    header = min(len(data), 4096 if LONG else 96)
    rounds = 300 if LONG else 30
    step = 1 if LONG else max(1, len(data) // 30)
    yield from flipped(data, range(header), chance)
    yield from flipped(data, (chance.randrange(len(data)) for _ in range(rounds)), chance)
    yield from (data[:size] for size in range(0, len(data), step))
    some = range(len(data) - 8) if LONG else [chance.randrange(len(data) - 8) for _ in range(12)]
    yield from absurd(data, iter(some))


@pytest.mark.timeout(3600 if LONG else 60)
@pytest.mark.parametrize("kind", KINDS + EXCHANGED)
def test_damage_is_told(kind: str, tmp_path: Path) -> None:
    data = original(kind, tmp_path)
    path = tmp_path / f"bad.{kind if kind in NAMED else 'model'}"
    path.write_bytes(data)
    look(path)
    chance = random.Random(kind)
    refused: list[tuple[int, str]] = []
    for copy in damaged(kind, data, chance):
        path.write_bytes(copy)
        try:
            look(path)
        except BrainScriptError as error:
            refused.append((error.exit_code, error.diagnostics[0].title))
    assert len(refused) > 20
    assert all(code in (1, 4) and title for code, title in refused)


def test_lengths_are_checked_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "bad.dnn"
    data = original("cntk1", tmp_path)
    tracemalloc.start()
    for copy in absurd(data, range(0, len(data) - 8, 157)):
        path.write_bytes(copy)
        try:
            load_model(path)
        except BrainScriptError:
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(data) + SPARE // 4


def nested(depth: int) -> bytes:
    """A dictionary in a dictionary, and so on."""
    inner = b"\x08\x02"
    for _ in range(depth):
        value = b"\x08\x02\x10\x0a\x62" + varint(len(inner)) + inner
        entry = b"\x0a\x01a\x12" + varint(len(value)) + value
        inner = b"\x08\x02\x12" + varint(len(entry)) + entry
    return inner


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (nested(5000), "nest deeper"),
        (b"\x08\x02\x12" + b"\xff" * 9 + b"\x7f", "bytes are left"),
        ("BCN\0BVersion\0".encode("utf-16-le") + b"\xff" * 8, "EVersion"),
        (b"B\0C\0N\0\0\0" + b"\xff" * 60, "claims"),
        (b"\x80\x04pickle", "pickle"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_model(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.model"
    path.write_bytes(data)
    with pytest.raises(BrainScriptError) as caught:
        load_model(path)
    title = caught.value.diagnostics[0].title
    assert words in title or "damaged" in title


def test_a_network_that_does_not_begin_like_one(tmp_path: Path) -> None:
    data = original("container", tmp_path)
    path = tmp_path / "bad.model"
    path.write_bytes(data.replace(b"builtin.module", b"`uiltin.module", 1))
    assert path.read_bytes() != data
    with pytest.raises(BrainScriptError, match="cannot parse"):
        load_model(path).module()
