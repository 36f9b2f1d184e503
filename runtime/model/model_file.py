"""Reading a model file piece by piece: every length is checked against the bytes that are left."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, MissingFileError
from brainscript.nearby import file_help

Array = NDArray[np.floating[Any]]
WINDOW = 1 << 16
BLOCK = 1 << 22
STRING_LIMIT = 1 << 20


class ModelFile:
    """An open model file; reads name the place when the file is shorter than it was."""

    def __init__(self, path: str | Path):
        self.path = str(path)
        try:
            self._stream = Path(path).open("rb", buffering=0)
            self.size = os.fstat(self._stream.fileno()).st_size
        except FileNotFoundError:
            title = f"there is no model file '{path}'"
            raise MissingFileError(Diagnostic("BS0501", title, help=file_help(path))) from None
        except OSError as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        """Let go of the file, which nothing will be read from."""
        self._stream.close()

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes from byte `at` on."""
        data = bytearray(self._checked(at, count))
        self._fill(at, memoryview(data))
        return bytes(data)

    def read_array(self, at: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """`count` numbers from byte `at` on."""
        self._checked(at, count * dtype.itemsize)
        array = np.empty(count, dtype)
        self.read_into(at, array)
        return array

    def read_bytes_into(self, at: int, target: memoryview) -> None:
        """The bytes from byte `at` on into memory."""
        self._fill(at, target)

    def read_into(self, at: int, target: NDArray[Any]) -> None:
        """The bytes of a contiguous array from byte `at` on."""
        self._fill(at, target.reshape(-1).data.cast("B"))

    def sha256(self, at: int) -> str:
        """The checksum of everything from byte `at` on."""
        digest, block = hashlib.sha256(), bytearray(BLOCK)
        view = memoryview(block)
        while at < self.size:
            count = min(BLOCK, self.size - at)
            self._fill(at, view[:count])
            digest.update(view[:count])
            at += count
        return digest.hexdigest()

    def damaged(self, at: int, why: str) -> BrainScriptError:
        """The error for a file that breaks off or makes no sense at byte `at`."""
        title = f"the model file '{self.path}' is damaged at byte {at}: {why}"
        return BrainScriptError(Diagnostic("BS0503", title))

    def _checked(self, at: int, count: int) -> int:
        if count < 0 or at + count > self.size:
            raise self.damaged(at, f"{count} bytes are needed, {max(0, self.size - at)} are left")
        return count

    def _fill(self, at: int, target: memoryview) -> None:
        done = 0
        try:
            self._stream.seek(at)
            while done < len(target):
                count = self._stream.readinto(target[done:])
                if not count:
                    raise self.damaged(at + done, "the file has become shorter while it was read")
                done += count
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> BrainScriptError:
        title = f"the model file '{self.path}' cannot be read: {error.strerror}"
        return BrainScriptError(Diagnostic("BS0507", title))


class Cursor:
    """A place in a file that moves on as fields are read; little-endian, packed."""

    def __init__(self, file: ModelFile, at: int = 0, end: int | None = None):
        self.file = file
        self.at = at
        self.end = file.size if end is None else end
        self._start = 0
        self._window = b""

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.end - self.at

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes."""
        if count > self.left:
            raise self.error(f"{what} needs {count} bytes, {self.left} are left")
        data = self._peek(count)
        self.at += count
        return data

    def skip(self, count: int, what: str) -> int:
        """Pass over `count` bytes; where they begin."""
        if not 0 <= count <= self.left:
            raise self.error(f"{what} needs {count} bytes, {self.left} are left")
        at, self.at = self.at, self.at + count
        return at

    def number(self, form: str, what: str) -> Any:
        """One number in a form of the module `struct`."""
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form), what))[0]

    def wide_text(self, what: str) -> str:
        """UTF-16 code units up to a zero."""
        data = self._until(b"\0\0", 2, what)
        return data.decode("utf-16-le", "replace")

    def narrow_text(self, what: str) -> str:
        """Bytes up to a zero."""
        return self._until(b"\0", 1, what).decode("utf-8", "replace")

    def error(self, why: str, at: int | None = None) -> BrainScriptError:
        """The error for a file that makes no sense here."""
        return self.file.damaged(self.at if at is None else at, why)

    def _peek(self, count: int) -> bytes:
        begin = self.at - self._start
        if begin < 0 or begin + count > len(self._window):
            ahead = min(self.left, max(count, WINDOW))
            self._window, self._start, begin = self.file.read(self.at, ahead), self.at, 0
        return self._window[begin : begin + count]

    def _until(self, zero: bytes, width: int, what: str) -> bytes:
        size = 128
        while True:
            size = min(size * 8, self.left)
            data = self._peek(size)
            found = _find(data, zero, width)
            if found >= 0:
                self.at += found + width
                return data[:found]
            if size == self.left or size > STRING_LIMIT:
                raise self.error(f"{what} has no end")


def _find(data: bytes, zero: bytes, width: int) -> int:
    at = data.find(zero)
    while at >= 0 and at % width:
        at = data.find(zero, at + 1)
    return at
