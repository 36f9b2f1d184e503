"""Parameters alone: npz and safetensors files, with a list of names and shapes beside them."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.atomic import replacing, write_text
from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.nearby import file_help
from brainscript.runtime.model import container

Arrays = Mapping[str, NDArray[np.floating[Any]]]
ORDER = "row-major; 'dims' is BrainScript's shape, first axis fastest, and 'shape' its reverse"
SPARE = 200 << 20
UNPACKING = (
    *(OSError, ValueError, EOFError, RuntimeError, SyntaxError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What the libraries raise for archives and arrays that are damaged."""


def save_npz(path: str | Path, arrays: Arrays) -> None:
    """Write the arrays as `numpy.load` reads them, and the list."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream, zipfile.ZipFile(stream, "w", allowZip64=True) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0))
    except OSError as error:
        raise container.write_error(path, error) from None
    except ValueError as error:
        title = f"'{path}' cannot be written: {error}"
        raise BrainScriptError(Diagnostic("BS0508", title)) from None
    _save_list(path, arrays)


def save_safetensors(path: str | Path, arrays: Arrays) -> None:
    """Write the arrays as the library safetensors reads them, and the list."""
    container.write(path, arrays, {"axis order": ORDER})
    _save_list(path, arrays)


def load_weights(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz or safetensors file; pickled objects are refused."""
    try:
        with Path(path).open("rb") as stream:
            zipped = stream.read(2) == b"PK"
    except FileNotFoundError:
        title = f"there is no file '{path}' with weights"
        raise MissingFileError(Diagnostic("BS0501", title, help=file_help(path))) from None
    except OSError as error:
        title = f"the file '{path}' cannot be read: {error.strerror}"
        raise BrainScriptError(Diagnostic("BS0507", title)) from None
    return _load_npz(path) if zipped else dict(container.read_tensors(path))


def _load_npz(path: str | Path) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            claimed = sum(entry.file_size for entry in entries)
            if claimed > Path(path).stat().st_size + SPARE:
                raise ValueError(f"it claims to unpack to {claimed} bytes")
            for entry in entries:
                found[entry.filename.removesuffix(".npy")] = _member(archive, entry)
    except UNPACKING as error:
        title = f"the file '{path}' with weights is damaged: {error}"
        raise BrainScriptError(Diagnostic("BS0503", title)) from None
    return found


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array, whose header may not claim more than the member holds."""
    with archive.open(entry) as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0
        read = np.lib.format.read_array_header_2_0 if version == (2, 0) else read
        shape, fortran, dtype = read(member)
        if dtype.hasobject:
            raise ValueError(f"'{entry.filename}' holds Python objects, which are never loaded")
        data = member.read()
        count = int(np.prod(shape, dtype=object)) if shape else 1
        if len(data) != count * dtype.itemsize:
            raise ValueError(f"'{entry.filename}' has {len(data)} bytes for the shape {shape}")
        array = np.frombuffer(data, dtype)
        return array.reshape(shape, order="F" if fortran else "C")


def _save_list(path: str | Path, arrays: Arrays) -> None:
    """`<path>.json`: the name, dims, shape and element type of each tensor."""
    tensors = [
        {
            "name": name,
            "dims": list(array.shape[::-1]),
            "shape": list(array.shape),
            "type": array.dtype.name,
        }
        for name, array in arrays.items()
    ]
    text = json.dumps({"axis order": ORDER, "tensors": tensors}, indent=1, ensure_ascii=False)
    target = f"{path}.json"
    try:
        write_text(target, text + "\n")
    except OSError as error:
        raise container.write_error(target, error) from None
