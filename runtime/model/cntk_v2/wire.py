"""Reading the protobuf encoding field by field, and writing it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model.model_file import WINDOW, ModelFile

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
Place = tuple[int, int]
"""Where a field of bytes begins and ends."""


class Wire:
    """The bytes of a file, read through a window."""

    def __init__(self, file: ModelFile):
        self.file = file
        self._window = b""
        self._start = 0

    def fields(self, place: Place) -> Iterator[tuple[int, int, int, Place]]:
        """Number, kind, value and place of each field of a message.

        The value of a number is its bits, that of a field of bytes its length.
        """
        at, end = place
        while at < end:
            key, at = self.varint(at, end)
            number, kind = key >> 3, key & 7
            if kind == VARINT:
                value, after = self.varint(at, end)
                yield number, kind, value, (at, after)
            elif kind in (EIGHT, FOUR):
                after = at + (8 if kind == EIGHT else 4)
                if after > end:
                    raise self.error(at, "a number is cut off")
                yield number, kind, int.from_bytes(self.bytes((at, after)), "little"), (at, after)
            elif kind == BYTES:
                size, at = self.varint(at, end)
                after = at + size
                if after > end:
                    raise self.error(at, f"a field claims {size} bytes, {end - at} are left")
                yield number, kind, size, (at, after)
            else:
                raise self.error(at, f"the wire type {kind} is not known")
            at = after

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """A number of up to ten bytes, and where it ends."""
        value = shift = 0
        while True:
            if at >= end or shift > 63:
                raise self.error(at, "a number has no end")
            offset = at - self._start
            if not 0 <= offset < len(self._window):
                self._move(at)
                offset = 0
            byte = self._window[offset]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFFFFFFFFFFFFFF, at
            shift += 7

    def bytes(self, place: Place) -> bytes:
        """The bytes of a field."""
        at, end = place
        offset = at - self._start
        if 0 <= offset and offset + end - at <= len(self._window):
            return self._window[offset : offset + end - at]
        if end - at > WINDOW:
            return self.file.read(at, end - at)
        self._move(at)
        return self._window[: end - at]

    def text(self, place: Place) -> str:
        """A text in UTF-8."""
        return self.bytes(place).decode("utf-8", "replace")

    def error(self, at: int, why: str) -> BrainScriptError:
        """The error for a message that makes no sense."""
        return self.file.damaged(at, why)

    def _move(self, at: int) -> None:
        self._window = self.file.read(at, min(WINDOW, self.file.size - at))
        self._start = at


def signed(value: int) -> int:
    """The bits of a number as one with a sign."""
    return value - (1 << 64) if value >> 63 else value


def varint_bytes(value: int) -> bytes:
    """A number as its bytes; negative ones take ten."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_field(number: int, value: int) -> bytes:
    """A field that is a number."""
    return varint_bytes(number << 3 | VARINT) + varint_bytes(value)


def bytes_field(number: int, data: bytes) -> bytes:
    """A field that is bytes, a text or a message."""
    return varint_bytes(number << 3 | BYTES) + varint_bytes(len(data)) + data


def double_field(number: int, value: float) -> bytes:
    """A field that is a double."""
    return varint_bytes(number << 3 | EIGHT) + struct.pack("<d", value)
