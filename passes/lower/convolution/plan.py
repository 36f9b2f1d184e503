"""Sizes of the tiles of a convolution, from its form and the registers of the target."""

from __future__ import annotations

from dataclasses import dataclass

from brainscript.passes.lower.convolution.runs import even_tiles

ACCUMULATORS = {32: 16, 16: 12}
"""Vectors of a tile, by the number of registers: the rest holds what is multiplied."""

LATENCY = 8
"""Multiply-adds that have to be under way at any time."""

RESIDENT = 3 << 17
"""Bytes of packed weights up to which all of them are kept at hand."""


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
