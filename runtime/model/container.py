"""The model container: safetensors with the network as text in its metadata.

Layout: 8 bytes header length (little endian), a JSON header, the tensors. A tensor's key is its
BrainScript name, its bytes are row-major in the reversed shape. Metadata: `bs.format`, `bs.net`
(level-2 text), `bs.roots`, `bs.axes` (JSON), `bs.sha256` of everything after the header, and
whatever the caller adds. Every length is checked against the file before anything is read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from brainscript.atomic import replacing
from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.nearby import file_help
from brainscript.runtime.model.file_values import FileValues, Slice
from brainscript.runtime.model.model_file import ModelFile

FORMAT = "1"
HEADER_LIMIT = 100_000_000
LARGE = 16 << 20
"""Bytes of a file that a disk takes longer to write than a thread to sum up."""
TYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}
NAMES = {dtype: name for name, dtype in TYPES.items()}
Values = NDArray[Any]
Entry = tuple[np.dtype[Any], tuple[int, ...], int, int]
"""A tensor in the header: its type, its shape, where it begins and ends."""


@dataclass(frozen=True)
class Container:
    """The tensors of a file by name, in the file's order, and its metadata."""

    tensors: dict[str, Values]
    metadata: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Written:
    """What a file holds: its length, and the SHA-256 of its header, which has that of the rest."""

    bytes: int
    sha256: str


def save(path: str | Path, tensors: Mapping[str, Values], metadata: Mapping[str, str]) -> Written:
    """Write the container atomically; on failure the old file keeps its bytes.

    The checksum of the tensors is found by another thread while they are written and the system
    makes them durable; the header that holds it comes last.
    """
    arrays = {name: _little(tensors[name]) for name in sorted(tensors)}
    unknown = "0" * 2 * hashlib.sha256().digest_size
    header = _header(arrays, {**metadata, "bs.format": FORMAT, "bs.sha256": unknown})
    key = b'"bs.sha256":"'
    begin = header.index(key) + len(key)
    size = len(header) + sum(array.nbytes for array in arrays.values())
    with ThreadPoolExecutor(1, "checksum") as pool:
        checksum = pool.submit(_digest, arrays)
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as stream:
                stream.write(header)
                for array in arrays.values():
                    stream.write(array.data)
                if size >= LARGE:
                    stream.flush()
                    os.fsync(stream.fileno())
                found = checksum.result().encode()
                header = header[:begin] + found + header[begin + len(found) :]
                stream.seek(0)
                stream.write(header)
        except OSError as error:
            raise write_error(path, error) from None
    return Written(size, hashlib.sha256(header).hexdigest())


def written(path: str | Path) -> Written | None:
    """What `save` gave for a file as it is now; None when its tensors are not what it says."""
    size = os.stat(path).st_size
    with open(path, "rb") as stream:
        head = stream.read(8)
        length = min(int.from_bytes(head, "little"), HEADER_LIMIT)
        header = head + stream.read(min(length, size))
        tensors = hashlib.file_digest(stream, "sha256").hexdigest()
    if f'"bs.sha256":"{tensors}"'.encode() not in header:
        return None
    return Written(size, hashlib.sha256(header).hexdigest())


def _digest(arrays: Mapping[str, Values]) -> str:
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(array.data)
    return digest.hexdigest()


def write(path: str | Path, tensors: Mapping[str, Values], metadata: Mapping[str, str]) -> None:
    """Write any safetensors file atomically."""
    arrays = {name: _little(tensor) for name, tensor in tensors.items()}
    header = _header(arrays, metadata)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(header)
            for array in arrays.values():
                stream.write(array.data)
    except OSError as error:
        raise write_error(path, error) from None


def load(path: str | Path) -> Container:
    """Read a container; the arrays are read-only views of one block."""
    data = _read(path)
    header, start = _checked_header(path, data)
    texts = _texts(path, header.pop("__metadata__", {}))
    _check_format(path, texts)
    block = memoryview(data)[start:]
    tensors = _tensors(path, header, block, start)
    expected = texts.get("bs.sha256")
    if expected is not None and hashlib.sha256(block).hexdigest() != expected:
        raise _damaged(path, "the checksum of its tensors differs", start)
    return Container(tensors, texts)


def open_tensors(file: ModelFile) -> tuple[FileValues, dict[str, str]]:
    """As `load`, but the tensors stay in the file until they are asked for.

    Raises the same errors, that of a wrong checksum when the first tensor is used.
    """
    head = file.read(0, min(file.size, 9))
    length = min(int.from_bytes(head[:8], "little"), HEADER_LIMIT, max(0, file.size - 8))
    data = head if head[8:9] != b"{" else file.read(0, 8 + length)
    header, start = _checked_header(file.path, data, file.size)
    texts = _texts(file.path, header.pop("__metadata__", {}))
    _check_format(file.path, texts)
    values = FileValues(file)
    for name, (kind, shape, begin, _) in _places(file.path, header, file.size - start, start):
        values.add(name, Slice(start + begin, shape, kind))
    if "bs.sha256" in texts:
        values.seal(start, texts["bs.sha256"])
    return values, texts


def read_tensors(path: str | Path) -> dict[str, Values]:
    """The tensors of any safetensors file, whatever its metadata says."""
    data = _read(path)
    header, start = _checked_header(path, data)
    header.pop("__metadata__", None)
    return _tensors(path, header, memoryview(data)[start:], start)


def _little(array: Values) -> Values:
    kind = array.dtype.newbyteorder("<")
    if kind not in NAMES:
        raise TypeError(f"tensors of type {array.dtype} cannot be stored")
    return np.ascontiguousarray(array, dtype=kind).reshape(array.shape)


def _header(arrays: Mapping[str, Values], metadata: Mapping[str, str]) -> bytes:
    table: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    at = 0
    for name, array in arrays.items():
        end = at + array.nbytes
        table[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, end],
        }
        at = end
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        title = f"there is no model file '{path}'"
        raise MissingFileError(Diagnostic("BS0501", title, help=file_help(path))) from None
    except OSError as error:
        title = f"the model file '{path}' cannot be read: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0507", title)) from None


def _texts(path: str | Path, metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict):
        raise _damaged(path, "its metadata is not a record", 8)
    return {str(k): str(v) for k, v in cast(dict[str, Any], metadata).items()}


def _checked_header(
    path: str | Path, data: bytes, size: int | None = None
) -> tuple[dict[str, Any], int]:
    """The header as a record without duplicate keys, and where the tensors begin."""
    _refuse_foreign(path, data)
    size = len(data) if size is None else size
    length = int.from_bytes(data[:8], "little")
    if length > HEADER_LIMIT or 8 + length > size:
        raise _damaged(path, f"its header claims {length} bytes of {size}", 0)
    try:
        text = data[8 : 8 + length].decode("utf-8")
        header = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"its header is malformed: {error}", 8) from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a record", 8)
    return cast(dict[str, Any], header), 8 + length


def _refuse_foreign(path: str | Path, data: bytes) -> None:
    if data[8:9] != b"{":
        known = (kind for start, kind in FOREIGN.items() if data.startswith(start))
        foreign = next(known, "" if data else "an empty file")
        title = f"'{path}' is {foreign}, not a model" if foreign else f"'{path}' is no model file"
        help = HELP_FOREIGN if foreign else HELP_UNKNOWN
        raise BrainScriptError(Diagnostic("BS0502", title, help=help))


FOREIGN = {
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"PK\x03\x04": "a zip archive (torch or npz)",
    b"\x93NUMPY": "a numpy array",
    b"\x89HDF": "an HDF5 file",
    b"B\x00C\x00K\x00P\x00": "the state of a CNTK 1 training, without its network",
    b"B\x00V\x00": "the state of a CNTK 1 training, without its network",
}
HELP_FOREIGN = "train it anew or convert it; files that can run code (pickle) are never opened"
HELP_UNKNOWN = (
    "models are files of CNTK 1 and 2, of this program, DBN and .onnx; what a file is follows from"
    " its first bytes"
)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"the key '{key}' occurs twice")
        table[key] = value
    return table


def _check_format(path: str | Path, metadata: Mapping[str, str]) -> None:
    if "bs.format" not in metadata:
        title = f"'{path}' is a safetensors file without a network"
        raise BrainScriptError(Diagnostic("BS0504", title))
    if metadata["bs.format"] != FORMAT:
        title = f"'{path}' has format version {metadata['bs.format']}, known is {FORMAT}"
        raise BrainScriptError(Diagnostic("BS0505", title))


def _tensors(
    path: str | Path, header: Mapping[str, Any], block: memoryview, start: int
) -> dict[str, Values]:
    return {
        name: np.frombuffer(block[begin:end], dtype=kind).reshape(shape)
        for name, (kind, shape, begin, end) in _places(path, header, len(block), start)
    }


def _places(
    path: str | Path, header: Mapping[str, Any], length: int, start: int
) -> Iterator[tuple[str, Entry]]:
    """Each tensor and where it lies; together they cover all bytes behind the header."""
    at = 0
    for name, entry in sorted(header.items(), key=_offset_of):
        found = _entry(path, name, entry)
        kind, shape, begin, end = found
        size = math.prod(shape) * kind.itemsize
        if begin != at or end - begin != size or end > length:
            why = f"tensor '{name}' covers bytes {begin} to {end}, expected {at} to {at + size}"
            raise _damaged(path, f"{why} of {length}", start + at)
        yield name, found
        at = end
    if at != length:
        raise _damaged(path, f"{length - at} bytes belong to no tensor", start + at)


def _offset_of(item: tuple[str, Any]) -> tuple[int, int]:
    entry: Any = item[1]
    offsets = cast(dict[str, Any], entry).get("data_offsets") if isinstance(entry, dict) else None
    if isinstance(offsets, list) and all(type(o) is int for o in cast(list[Any], offsets)):
        first, *rest = cast(list[int], offsets) or [0]
        return first, rest[0] if rest else first
    return -1, -1


def _entry(path: str | Path, name: str, entry: Any) -> Entry:
    fields = cast(dict[str, Any], entry) if isinstance(entry, dict) else {}
    kind = TYPES.get(str(fields.get("dtype")))
    shape, offsets = _naturals(fields.get("shape")), _naturals(fields.get("data_offsets"))
    if kind is None or shape is None or offsets is None or len(offsets) != 2:
        raise _damaged(path, f"the entry of tensor '{name}' is malformed", 8)
    return kind, tuple(shape), offsets[0], offsets[1]


def _naturals(value: Any) -> list[int] | None:
    items = cast(list[Any], value) if isinstance(value, list) else [-1]
    return items if all(type(i) is int and 0 <= i < 1 << 48 for i in items) else None


def _damaged(path: str | Path, why: str, offset: int) -> BrainScriptError:
    title = f"the model file '{path}' is damaged at byte {offset}: {why}"
    return BrainScriptError(Diagnostic("BS0503", title))


class DiskFullError(BrainScriptError):
    """There is no room for a file now; there may be later."""


def write_error(path: str | Path, error: OSError) -> BrainScriptError:
    """The error for a file that the operating system refuses to write."""
    reason = error.strerror or os.strerror(error.errno or 0)
    title = f"'{path}' cannot be written: {reason}"
    kept = "the file that was there before is unchanged" if Path(path).is_file() else ""
    kind = DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else BrainScriptError
    return kind(Diagnostic("BS0508", title, help=kept))
