"""The fields of a node in both directions: one description of a layout reads and writes it.

A layout is a function of a `Fields`. `FieldReader` fills `values` from a file, `FieldWriter` turns
`values` into bytes; both give what was read or written, so that a layout can look at it.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from brainscript.limits import limit
from brainscript.runtime.model.file_values import Slice
from brainscript.runtime.model.model_file import Cursor

Number = Literal["bool", "int", "uint", "size", "ssize", "float", "double", "element", "seed"]
FORMS = {"int": "i", "uint": "I", "size": "Q", "ssize": "q", "float": "f", "double": "d"}
ELEMENTS = {"float": "f", "double": "d", "half": "e"}
SIZES = {4: np.dtype("<f4"), 8: np.dtype("<f8"), 2: np.dtype("<f2")}
CODES = {"float": np.dtype("<f4"), "double": np.dtype("<f8"), "half": np.dtype("<f2")}
LIST_LIMIT = 100_000
SPARSE_LIMIT = 1 << 24
"""The elements of all sparse matrices of a small file."""


class Fields(Protocol):
    """What a layout may ask for; each call names the field."""

    version: int
    values: dict[str, Any]

    def number(self, name: str, kind: Number) -> Any:
        """One number."""
        ...

    def text(self, name: str) -> str:
        """A text of wide characters."""
        ...

    def bytes_text(self, name: str) -> str:
        """A text of bytes."""
        ...

    def shape(self, name: str, legacy: bool = False) -> tuple[int, ...]:
        """A tensor shape; `legacy` accepts the old three-number form."""
        ...

    def flags(self, name: str) -> list[bool]:
        """A list of truth values."""
        ...

    def sizes(self, name: str) -> list[int]:
        """A list of sizes."""
        ...

    def matrix(self, name: str) -> None:
        """A matrix."""
        ...

    def back(self, count: int) -> None:
        """When reading: take the last bytes again."""
        ...


class FieldReader:
    """Fields from a file."""

    def __init__(self, cursor: Cursor, version: int):
        self.cursor = cursor
        self.version = version
        self.element = "float"
        self.narrow_seeds = False
        self.spread = 0
        self.values: dict[str, Any] = {}

    def number(self, name: str, kind: Number) -> Any:
        """One number; a truth value must be 0 or 1."""
        if kind == "bool":
            found = self.cursor.take(1, name)[0]
            if found > 1:
                raise self.cursor.error(f"'{name}' is {found}, not 0 or 1", self.cursor.at - 1)
            value: Any = bool(found)
        else:
            value = self.cursor.number(self._form(kind), f"'{name}'")
        self.values[name] = value
        return value

    def text(self, name: str) -> str:
        """A text of wide characters."""
        self.values[name] = self.cursor.wide_text(f"'{name}'")
        return self.values[name]

    def bytes_text(self, name: str) -> str:
        """A text of bytes."""
        self.values[name] = self.cursor.narrow_text(f"'{name}'")
        return self.values[name]

    def shape(self, name: str, legacy: bool = False) -> tuple[int, ...]:
        """A tensor shape; the legacy form is three sizes: width, height, channels."""
        what = f"the shape '{name}'"
        rank = self.cursor.number("I", what)
        if legacy and rank and self.cursor.number("I", what) == 0:
            height, channels = self.cursor.number("Q", what), self.cursor.number("Q", what)
            dims = (channels, rank, height)
        else:
            self.cursor.at -= 4 if legacy and rank else 0
            if rank > limit("rank"):
                raise self.cursor.error(f"{what} has {rank} axes", self.cursor.at - 4)
            dims = struct.unpack(f"<{rank}I", self.cursor.take(4 * rank, what))
        self.values[name] = dims
        return dims

    def flags(self, name: str) -> list[bool]:
        """A list of truth values."""
        data = self.cursor.take(self._count(name, 1), f"'{name}'")
        self.values[name] = [bool(byte) for byte in data]
        return self.values[name]

    def sizes(self, name: str) -> list[int]:
        """A list of sizes."""
        count = self._count(name, 8)
        data = self.cursor.take(8 * count, f"'{name}'")
        self.values[name] = list(struct.unpack(f"<{count}Q", data))
        return self.values[name]

    def matrix(self, name: str) -> None:
        """A dense matrix as a `Slice` of the file, a sparse one as an array; column-major."""
        kind = self.cursor.take(1, "the kind of a matrix")
        if kind not in (b"d", b"s"):
            raise self.cursor.error(f"{kind!r} is no kind of matrix", self.cursor.at - 1)
        self.marker("BMAT")
        size = self.cursor.number("Q", "the element size")
        if size not in SIZES:
            raise self.cursor.error(f"elements of {size} bytes are not known", self.cursor.at - 8)
        self.cursor.wide_text("the name of a matrix")
        form = self.cursor.number("i", "the format of a matrix")
        body = self._dense(SIZES[size]) if kind == b"d" else self._sparse(SIZES[size], form)
        self.values[name] = body
        self.marker("EMAT")

    def back(self, count: int) -> None:
        """Take the last bytes again."""
        self.cursor.at -= count

    def marker(self, wanted: str) -> None:
        """A marker, which must be there."""
        at = self.cursor.at
        found = self.cursor.wide_text(f"the marker '{wanted}'")
        if found != wanted:
            raise self.cursor.error(f"'{wanted}' is expected here, not '{found[:40]}'", at)

    def has_marker(self, wanted: str) -> bool:
        """Whether this marker comes next; it is passed over."""
        data = wanted.encode("utf-16-le") + b"\0\0"
        at = self.cursor.at
        if self.cursor.left >= len(data) and self.cursor.take(len(data), wanted) == data:
            return True
        self.cursor.at = at
        return False

    def _form(self, kind: Number) -> str:
        if kind == "seed":
            return "I" if self.narrow_seeds else "Q"
        return ELEMENTS[self.element] if kind == "element" else FORMS[kind]

    def _count(self, name: str, width: int) -> int:
        count = self.cursor.number("Q", f"the length of '{name}'")
        if count > min(LIST_LIMIT, self.cursor.left // width):
            raise self.cursor.error(f"'{name}' claims {count} entries", self.cursor.at - 8)
        return count

    def _dense(self, dtype: np.dtype[Any]) -> Slice:
        rows, cols = self.cursor.number("Q", "rows"), self.cursor.number("Q", "columns")
        at = self.cursor.skip(rows * cols * dtype.itemsize, f"a matrix [{rows} x {cols}]")
        return Slice(at, (cols, rows), dtype)

    def _sparse(self, dtype: np.dtype[Any], form: int) -> NDArray[Any]:
        """Compressed columns (format 6) or rows (7), as a dense array [columns, rows]."""
        if form not in (6, 7):
            raise self.cursor.error(f"the sparse format {form} is not known", self.cursor.at - 4)
        count, cols, rows = (self.cursor.number("Q", "a sparse size") for _ in range(3))
        self.spread += rows * cols
        if self.spread > max(SPARSE_LIMIT, self.cursor.file.size // dtype.itemsize):
            raise self.cursor.error(f"a sparse matrix [{rows} x {cols}] is too large")
        dense = np.zeros((cols, rows), dtype)
        if count:
            self._scatter(dense if form == 6 else dense.T, count)
        return dense

    def _scatter(self, target: NDArray[Any], count: int) -> None:
        """Values, minor indices, and where each major part begins."""
        majors, minors = target.shape
        cursor = self.cursor
        if count > min(cursor.left // 8, majors * minors):
            raise cursor.error(f"{count} non-zero values in a matrix of {majors * minors}")
        values = np.frombuffer(cursor.take(count * target.itemsize, "values"), target.dtype)
        minor = np.frombuffer(cursor.take(8 * count, "indices"), "<u8")
        starts = np.frombuffer(cursor.take(8 * (majors + 1), "pointers"), "<u8")
        steps: NDArray[np.int64] = np.diff(starts.astype(np.int64))
        fits = starts[0] == 0 and starts[-1] == count == starts.max() and (steps >= 0).all()
        if not fits or (minor >= minors).any():
            raise cursor.error("the indices of a sparse matrix do not fit its size")
        major: NDArray[np.int64] = np.repeat(np.arange(majors, dtype=np.int64), steps)
        target[major, minor.astype(np.int64)] = values


class FieldWriter:
    """Fields to bytes."""

    def __init__(self, version: int):
        self.version = version
        self.element = "float"
        self.values: dict[str, Any] = {}
        self.parts: list[bytes | memoryview] = []

    def number(self, name: str, kind: Number) -> Any:
        """One number."""
        value = self.values[name]
        form = {**FORMS, "bool": "?", "seed": "Q", "element": ELEMENTS[self.element]}[kind]
        self.pack(form, value)
        return value

    def text(self, name: str) -> str:
        """A text of wide characters."""
        self.wide(self.values[name])
        return self.values[name]

    def bytes_text(self, name: str) -> str:
        """A text of bytes."""
        self.parts.append(self.values[name].encode() + b"\0")
        return self.values[name]

    def shape(self, name: str, legacy: bool = False) -> tuple[int, ...]:
        """A tensor shape, in the modern form."""
        dims = tuple(self.values[name])
        self.pack(f"{1 + len(dims)}I", len(dims), *dims)
        return dims

    def flags(self, name: str) -> list[bool]:
        """A list of truth values."""
        values = self.values[name]
        self.pack(f"Q{len(values)}?", len(values), *values)
        return values

    def sizes(self, name: str) -> list[int]:
        """A list of sizes."""
        values = self.values[name]
        self.pack(f"{1 + len(values)}Q", len(values), *values)
        return values

    def matrix(self, name: str) -> None:
        """A dense matrix, from an array of the reversed shape [columns, rows]."""
        array = np.ascontiguousarray(self.values[name], dtype=CODES[self.element])
        self.parts.append(b"d")
        self.wide("BMAT")
        self.pack("Q", array.itemsize)
        self.wide("unnamed")
        cols, rows = array.shape
        self.pack("iQQ", 0, rows, cols)
        self.parts.append(array.reshape(-1).data.cast("B"))
        self.wide("EMAT")

    def back(self, count: int) -> None:
        """Nothing is taken again when writing."""

    def wide(self, text: str) -> None:
        """A text of wide characters; characters beyond 16 bits become two units."""
        self.parts.append(text.encode("utf-16-le", "surrogatepass") + b"\0\0")

    def pack(self, form: str, *values: Any) -> None:
        """Numbers in a form of the module `struct`."""
        self.parts.append(struct.pack("<" + form, *values))
