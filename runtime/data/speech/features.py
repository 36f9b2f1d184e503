"""HTK feature files: a header of 12 bytes, then frames of numbers.

Header: i32 frames, i32 period in 100 ns, i16 bytes of a frame, u16 kind. Files of either byte order
are read. Compressed files (flag 02000) hold 16-bit numbers s with two vectors A and B in front: the
value is (s + B) / A. A name with `-ubyte` is an idx file of bytes, a frame for each item.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.sources import cannot_open

HEADER_BYTES = 12
STREAM_BYTES = 16
BASE_KINDS = 0o77
STREAM_KIND = 12
COMPRESSED = 0o2000
QUANTISED = 0o40000
EXTRA_FRAMES = 4
"""A compressed file counts its two vectors as frames."""
IDX_BYTES = 0x08
IDX_MARK = "-ubyte"

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureFile:
    """What the header of a file says; `start` is the offset of the first frame."""

    path: str
    frames: int
    dim: int
    element: str
    start: int
    scale: NDArray[np.float32] | None = None
    offset: NDArray[np.float32] | None = None

    def read(self, first: int, last: int, span: Span | None) -> Frames:
        """Frames `first` to `last`, both included, as [frames, dim]."""
        if last >= self.frames:
            why = f"frames {first} to {last} are asked for, it has {self.frames}"
            raise damaged(self.path, why, span)
        kind = np.dtype(self.element)
        count = last - first + 1
        with open(self.path, "rb") as file:
            file.seek(self.start + first * self.dim * kind.itemsize)
            raw = np.fromfile(file, kind, count * self.dim)
        if raw.size != count * self.dim:
            raise damaged(self.path, "it is cut short", span)
        values = raw.astype(np.float32).reshape(count, self.dim)
        if self.scale is not None and self.offset is not None:
            values = (values + self.offset) / self.scale
        return values


def open_features(path: str, span: Span | None) -> FeatureFile:
    """The header of a file, checked against the size of the file."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            head = file.read(HEADER_BYTES + STREAM_BYTES)
    except OSError as error:
        raise cannot_open(path, error, span) from None
    except ValueError as error:
        raise damaged(path, str(error), span) from None
    if IDX_MARK in os.path.basename(path):
        return _idx(path, head, size, span)
    if len(head) < HEADER_BYTES:
        raise damaged(path, "it is shorter than a header", span)
    little, big = (struct.unpack(f"{order}iihH", head[:HEADER_BYTES]) for order in "<>")
    order, (frames, _, size_of_frame, kind) = "<", little
    if _unsigned(big[1]) < _unsigned(little[1]):
        order, (frames, _, size_of_frame, kind) = ">", big
    start = HEADER_BYTES + STREAM_BYTES * ((kind & BASE_KINDS) == STREAM_KIND)
    if kind & QUANTISED:
        raise damaged(path, "it is vector-quantised, which is not supported", span)
    if kind & COMPRESSED:
        return _compressed(path, order, frames, size_of_frame, start, size, span)
    dim, rest = divmod(size_of_frame, 4)
    if frames < 0 or dim < 1 or rest or start + frames * size_of_frame > size:
        raise damaged(path, f"{frames} frames of {size_of_frame} bytes do not fit in it", span)
    return FeatureFile(path, frames, dim, f"{order}f4", start)


def _unsigned(value: int) -> int:
    return value & 0xFFFFFFFF


def _compressed(
    path: str, order: str, frames: int, size_of_frame: int, start: int, size: int, span: Span | None
) -> FeatureFile:
    dim, rest = divmod(size_of_frame, 2)
    frames -= EXTRA_FRAMES
    first = start + 2 * 4 * dim
    if frames < 0 or dim < 1 or rest or first + frames * size_of_frame > size:
        raise damaged(path, f"{frames} frames of {size_of_frame} bytes do not fit in it", span)
    with open(path, "rb") as file:
        file.seek(start)
        vectors = np.fromfile(file, f"{order}f4", 2 * dim).astype(np.float32)
    scale, offset = vectors[:dim], vectors[dim:]
    return FeatureFile(path, frames, dim, f"{order}i2", first, scale, offset)


def _idx(path: str, head: bytes, size: int, span: Span | None) -> FeatureFile:
    axes = head[3] if len(head) >= 4 else 0
    end = 4 + 4 * axes
    if head[:2] != b"\0\0" or head[2] != IDX_BYTES or not 1 <= axes <= 4 or len(head) < end:
        raise damaged(path, "it is no idx file of bytes", span)
    frames, *sides = struct.unpack(f">{axes}I", head[4:end])
    dim = prod(sides)
    if dim < 1 or end + frames * dim > size:
        raise damaged(path, f"{frames} frames of {dim} bytes do not fit in it", span)
    return FeatureFile(path, frames, dim, "u1", end)


def with_context(frames: Frames, left: int, right: int) -> Frames:
    """Each frame with its neighbours, oldest first; edge frames stand in beyond the ends."""
    if not left and not right:
        return frames
    count = len(frames)
    places = np.arange(count)[:, None] + np.arange(-left, right + 1)
    found = frames[np.clip(places, 0, count - 1)]
    return found.reshape(count, places.shape[1] * frames.shape[1])


def damaged(path: str, why: str, span: Span | None) -> BrainScriptError:
    """The error for a file whose parts do not fit together."""
    return BrainScriptError(
        Diagnostic("BS0630", f"'{path}' is no usable feature file: {why}", span)
    )
