"""The dictionary that a CNTK 2 file is: plain values, shapes, axes and arrays."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np

from brainscript.limits import exceeded, limit
from brainscript.runtime.model.cntk_v2.wire import BYTES, Place, Wire, signed
from brainscript.runtime.model.file_values import Slice
from brainscript.runtime.model.model_file import ModelFile

SPLIT = struct.pack("<I", 0x636E746B)
DEPTH = 64
FLOAT, DOUBLE, HALF, INT8, INT16 = 1, 2, 4, 5, 6
INLINE = {4: np.dtype("<f4"), 5: np.dtype("<f8")}
OUTSIDE = {
    FLOAT: np.dtype("<f4"),
    DOUBLE: np.dtype("<f8"),
    HALF: np.dtype("<f4"),
    INT8: np.dtype("i1"),
}
EMPTY: dict[int, Any] = {1: False, 2: 0, 3: 0, 4: 0.0, 5: 0.0, 6: "", 7: (), 9: [], 10: {}}
"""What a value of each type is whose contents are left out."""

Dictionary = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """An axis: static ones are counted from 0, column-major; dynamic ones have a name."""

    index: int = 0
    name: str = ""
    ordered: bool = False


@dataclass
class ArrayValue:
    """A tensor: its type, its shape (column-major), and where its numbers lie."""

    type: int = FLOAT
    storage: int = 0
    shape: tuple[int, ...] = ()
    data: Slice | None = None
    at: int = 0


def looks_like_dictionary(start: bytes) -> bool:
    """Whether a file begins as a dictionary does: a small version, then the first entry."""
    return start.startswith((SPLIT, b"\x08\x01\x12", b"\x08\x02\x12"))


def read_dictionary(file: ModelFile) -> Dictionary:
    """The dictionary of a file; its arrays stay in the file."""
    reader = _Reader(file)
    if file.read(0, min(4, file.size)) != SPLIT:
        found = reader.dictionary((0, file.size), 0)
        for array in arrays_of(found):
            _check_inside(file, array)
        return found
    size = int.from_bytes(file.read(4, 4), "little")
    if 8 + size > file.size:
        raise file.damaged(4, f"its dictionary claims {size} bytes of {file.size}")
    found = reader.dictionary((8, 8 + size), 0)
    _place_outside(file, found, 8 + size)
    return found


def arrays_of(value: Any) -> Iterator[ArrayValue]:
    """All arrays, in the order in which they stand."""
    if isinstance(value, dict):
        for item in cast("Dictionary", value).values():
            yield from arrays_of(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from arrays_of(item)
    elif isinstance(value, ArrayValue):
        yield value


def _check_inside(file: ModelFile, array: ArrayValue) -> None:
    count = _count(file, array)
    held = 0 if array.data is None else array.data.shape[0]
    if held != count:
        raise file.damaged(array.at, f"an array {list(array.shape)} has {held} numbers")


def _place_outside(file: ModelFile, found: Dictionary, at: int) -> None:
    """The numbers of arrays stand behind the dictionary, one array after the other."""
    for array in arrays_of(found):
        count = _count(file, array)
        if array.data is not None and array.data.shape[0] == count:
            continue
        if array.type not in OUTSIDE:
            raise file.damaged(array.at, f"arrays of type {array.type} cannot stand outside")
        dtype = OUTSIDE[array.type]
        if at + count * dtype.itemsize > file.size:
            why = f"an array {list(array.shape)} needs {count * dtype.itemsize} bytes"
            raise file.damaged(at, f"{why}, {file.size - at} are left")
        array.data = Slice(at, (count,), dtype)
        at += count * dtype.itemsize
    if at != file.size:
        raise file.damaged(at, f"{file.size - at} bytes belong to no array")


def _count(file: ModelFile, array: ArrayValue) -> int:
    if array.storage != 0:
        raise file.damaged(array.at, "sparse arrays are not stored in a defined way")
    if any(dim < 0 or dim >> 40 for dim in array.shape) or len(array.shape) > limit("rank"):
        raise file.damaged(array.at, f"{list(array.shape)[:40]} is no shape of an array")
    return prod(array.shape)


class _Reader:
    def __init__(self, file: ModelFile):
        self.wire = Wire(file)
        self.values = 0

    def dictionary(self, place: Place, depth: int) -> Dictionary:
        """A dictionary; of equal keys the last one counts."""
        if depth > DEPTH:
            raise self.wire.error(place[0], f"dictionaries nest deeper than {DEPTH}")
        found: Dictionary = {}
        for number, kind, _, inner in self.wire.fields(place):
            if number != 2 or kind != BYTES:
                continue
            key, value = "", None
            for part, part_kind, _, where in self.wire.fields(inner):
                if part == 1 and part_kind == BYTES:
                    key = self.wire.text(where)
                elif part == 2 and part_kind == BYTES:
                    value = self.value(where, depth)
            found[key] = value
        return found

    def value(self, place: Place, depth: int) -> Any:
        """One value of any type."""
        self.values += 1
        if self.values > limit("model-values"):
            title = f"'{self.wire.file.path}' has more than {limit('model-values')} nested values"
            raise exceeded("model-values", "BS0517", title)
        type_code, value = 0, None
        for number, kind, bits, where in self.wire.fields(place):
            if number == 2:
                type_code = bits
            elif number in (3, 4, 5, 6, 7):
                value = _plain(number, bits)
            elif 8 <= number <= 13 and kind == BYTES:
                value = self._compound(number, where, depth)
        return EMPTY.get(type_code) if value is None else value

    def _compound(self, number: int, place: Place, depth: int) -> Any:
        if number == 8:
            return self.wire.text(place)
        if number == 9:
            return self._shape(place)
        if number == 10:
            return self._axis(place)
        if number == 11:
            return self._vector(place, depth + 1)
        if number == 12:
            return self.dictionary(place, depth + 1)
        return self._array(place)

    def _vector(self, place: Place, depth: int) -> list[Any]:
        if depth > DEPTH:
            raise self.wire.error(place[0], f"lists nest deeper than {DEPTH}")
        fields = self.wire.fields(place)
        return [self.value(where, depth) for n, kind, _, where in fields if (n, kind) == (1, BYTES)]

    def _shape(self, place: Place) -> tuple[int, ...]:
        dims: list[int] = []
        for number, kind, bits, (at, end) in self.wire.fields(place):
            if number == 1 and kind == BYTES:
                while at < end and len(dims) <= limit("rank"):
                    dim, at = self.wire.varint(at, end)
                    dims.append(signed(dim))
            elif number == 1:
                dims.append(signed(bits))
            if len(dims) > limit("rank"):
                raise self.wire.error(place[0], f"a shape has more than {limit('rank')} axes")
        return tuple(dims)

    def _axis(self, place: Place) -> Axis:
        index, name, ordered = 0, "", False
        for number, kind, bits, where in self.wire.fields(place):
            if number == 1:
                index = signed(bits)
                index -= 1 << 32 if index >> 31 == 1 else 0
            elif number == 2 and kind == BYTES:
                name = self.wire.text(where)
            elif number == 3:
                ordered = bool(bits)
        return Axis(index, name, ordered)

    def _array(self, place: Place) -> ArrayValue:
        array = ArrayValue(at=place[0])
        for number, kind, bits, where in self.wire.fields(place):
            if number == 1:
                array.type = bits
            elif number == 2:
                array.storage = bits
            elif number == 3 and kind == BYTES:
                array.shape = self._shape(where)
            elif number in INLINE and kind == BYTES:
                array.data = self._numbers(where, INLINE[number])
            elif number == 6 and kind == BYTES:
                array.data = self._numbers(where, np.dtype("i1"))
        return array

    def _numbers(self, place: Place, dtype: np.dtype[Any]) -> Slice | None:
        """Packed numbers in one piece, as every known writer leaves them."""
        found: Slice | None = None
        for number, kind, size, (at, _) in self.wire.fields(place):
            if number != 1 or kind != BYTES or size % dtype.itemsize or found is not None:
                raise self.wire.error(at, "the numbers of an array are not packed in one piece")
            found = Slice(at, (size // dtype.itemsize,), dtype)
        return found


def _plain(number: int, bits: int) -> Any:
    if number == 3:
        return bool(bits)
    if number == 4:
        value = signed(bits)
        return value - (1 << 32) if value >> 31 == 1 else value
    if number == 5:
        return bits
    if number == 6:
        return struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]
    return struct.unpack("<d", struct.pack("<Q", bits))[0]
