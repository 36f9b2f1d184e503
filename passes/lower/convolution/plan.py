"""Sizes of the tiles of a convolution, and portions in which gradients of weights are summed."""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.dialects.net.windows import Axis
from brainscript.passes.lower.convolution.runs import even_tiles

ACCUMULATORS = {32: 16, 16: 12}
"""Vectors of a tile, by the number of registers: the rest holds what is multiplied."""

LATENCY = 8
"""Multiply-adds that have to be under way at any time."""

RESIDENT = 3 << 17
"""Bytes of packed weights up to which all of them are kept at hand."""

LONGEST = 256
"""Elements of an axis that is not taken apart."""

PACKED = 3 << 15
"""Bytes of g that are copied at a time: some rows of a sample, or several samples."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some columns of a product: `vectors` of them, of which `columns` are there."""

    first: int
    vectors: int
    columns: int


def blocks_of(columns: int, lanes: int, widest: int) -> list[Block]:
    """The columns in blocks of nearly equally many vectors, at most `widest`."""
    return [
        Block(i * lanes, width, min(width * lanes, columns - i * lanes))
        for i, width in even_tiles(-(-columns // lanes), widest)
    ]


def tile_shape(size: int, step: int, vectors: int, registers: int) -> tuple[int, int]:
    """(rows, vectors) of a tile: whatever keeps the multipliers busiest.

    A row costs a load of an element, a vector a load of weights; with a single vector each
    element is loaded where it is multiplied.
    """
    most = ACCUMULATORS[registers]
    best = (float("inf"), 0, 0)
    for wide in range(1, min(vectors, 4) + 1):
        rows = even_tiles(size, max(step, most // wide // step * step), step)[0][1]
        count = rows * wide
        cost = max(1.0, (rows + wide) / count, LATENCY / count)
        cost *= 1.0 if count <= most else 2.0
        best = min(best, (cost, -count, wide))
    wide = best[2]
    rows = even_tiles(size, max(step, most // wide // step * step), step)[0][1]
    return rows, wide


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a tile: `planes` planes from a multiple of `step` on, and some steps of each.

    `count` pieces follow each other, `step` planes apart.
    """

    first: int
    step: int
    count: int
    planes: int
    taps: tuple[int, ...]


def pieces_of(channels: int, kernel: int, most: int) -> list[Piece]:
    """All planes and steps of the first axis, in tiles of at most `most` rows."""
    found: list[Piece] = []
    for start, width in even_tiles(kernel, most):
        taps = tuple(range(start, start + width))
        tiles = even_tiles(channels, max(1, most // width))
        step = tiles[0][1]
        whole = sum(planes == step for _, planes in tiles)
        found.append(Piece(0, step, whole, step, taps))
        if whole < len(tiles):
            found.append(Piece(tiles[-1][0], step, 1, tiles[-1][1], taps))
    return found


@dataclass(frozen=True, slots=True)
class Portion:
    """What is copied of g at a time: so many samples, and so many windows of each."""

    samples: int
    windows: int


def portion_of(windows: int, inner: int, size: int) -> Portion:
    """About as many windows as fit: several samples, or some of the last axis of one.

    `inner` windows make one of the last axis; each takes `size` bytes.
    """
    most = max(1, PACKED // size)
    if windows <= most:
        return Portion(max(1, most // windows), windows)
    if inner == windows:
        return Portion(1, windows)
    return Portion(1, even_tiles(windows // inner, max(1, most // inner))[0][1] * inner)


def split(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The axes; a single long one without windows as two, so that a part of it can be taken."""
    first = axes[0]
    if len(axes) > 1 or not first.trivial or first.size <= LONGEST:
        return axes
    width = max(w for w in range(1, LONGEST + 1) if first.size % w == 0)
    return Axis(width, width, 1), Axis(first.size // width, first.size // width, 1)
