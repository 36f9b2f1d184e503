"""Writing a dictionary: every value with its type, arrays without a copy of their numbers."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from brainscript.runtime.model.cntk_v2.dictionary import DOUBLE, FLOAT, SPLIT, Axis
from brainscript.runtime.model.cntk_v2.wire import (
    bytes_field,
    double_field,
    number_field,
    varint_bytes,
)

VERSION = 2
BOOL, INT, SIZE, REAL, TEXT, SHAPE, AXIS, VECTOR, DICTIONARY, ARRAY = 1, 2, 3, 5, 6, 7, 8, 9, 10, 11


class Int(int):
    """A number that is stored with a sign."""


class Size(int):
    """A number that is stored without a sign."""


class Message:
    """Bytes in pieces, and how many they are."""

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self.size = 0

    def add(self, data: bytes | memoryview) -> Message:
        """More bytes."""
        self.parts.append(data)
        self.size += len(data)
        return self

    def nest(self, number: int, inner: Message) -> Message:
        """A field that is a message."""
        self.add(varint_bytes(number << 3 | 2) + varint_bytes(inner.size))
        self.parts += inner.parts
        self.size += inner.size
        return self


Parts = list[bytes | memoryview]


def split(values: Mapping[str, Any]) -> Parts:
    """A file with the numbers of its arrays behind the dictionary, whatever their size."""
    outside: Parts = []
    head = dictionary(values, outside)
    return [SPLIT, struct.pack("<I", head.size), *head.parts, *outside]


def dictionary(values: Mapping[str, Any], outside: Parts | None = None) -> Message:
    """A dictionary, keys in order; the numbers of arrays go to `outside` where that is given."""
    out = Message().add(number_field(1, VERSION))
    for key in sorted(values):
        entry = Message().add(bytes_field(1, key.encode())).nest(2, value(values[key], outside))
        out.nest(2, entry)
    return out


def value(item: Any, outside: Parts | None = None) -> Message:
    """A value: a tuple is a shape, a list a vector, an array the reversed shape of its own."""
    out = Message().add(number_field(1, VERSION))
    if isinstance(item, bool):
        return out.add(number_field(2, BOOL) + number_field(3, int(item)))
    if isinstance(item, Int):
        return out.add(number_field(2, INT) + number_field(4, item))
    if isinstance(item, int):
        return out.add(number_field(2, SIZE) + number_field(5, item))
    if isinstance(item, float):
        return out.add(number_field(2, REAL) + double_field(7, item))
    if isinstance(item, str):
        return out.add(number_field(2, TEXT) + bytes_field(8, item.encode("utf-8", "replace")))
    return _compound(item, out, outside)


def _compound(item: Any, out: Message, outside: Parts | None) -> Message:
    if isinstance(item, tuple):
        return out.add(number_field(2, SHAPE)).nest(9, _shape(cast("Sequence[int]", item)))
    if isinstance(item, Axis):
        return out.add(number_field(2, AXIS)).nest(10, _axis(item))
    if isinstance(item, list):
        vector = Message()
        for entry in cast("list[Any]", item):
            vector.nest(1, value(entry, outside))
        return out.add(number_field(2, VECTOR)).nest(11, vector)
    if isinstance(item, dict):
        inner = dictionary(cast("dict[str, Any]", item), outside)
        return out.add(number_field(2, DICTIONARY)).nest(12, inner)
    return out.add(number_field(2, ARRAY)).nest(13, _array(item, outside))


def _shape(dims: Sequence[int]) -> Message:
    packed = b"".join(varint_bytes(dim) for dim in dims)
    return Message().add(bytes_field(1, packed)) if dims else Message()


def _axis(axis: Axis) -> Message:
    out = Message().add(number_field(1, axis.index) if axis.index else b"")
    out.add(bytes_field(2, axis.name.encode()) if axis.name else b"")
    return out.add(number_field(3, 1) if axis.ordered else b"")


def _array(array: np.ndarray[Any, np.dtype[Any]], outside: Parts | None) -> Message:
    double = array.dtype == np.float64
    numbers = np.ascontiguousarray(array, "<f8" if double else "<f4")
    data = numbers.reshape(-1).data.cast("B")
    out = Message().add(number_field(1, DOUBLE if double else FLOAT))
    out.nest(3, _shape(array.shape[::-1]))
    if outside is not None:
        outside.append(data)
        return out
    inner = Message().add(varint_bytes(1 << 3 | 2) + varint_bytes(len(data))).add(data)
    return out.nest(5 if double else 4, inner)
