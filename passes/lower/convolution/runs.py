"""Places of gathered elements, and positions that share them grouped into runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brainscript.dialects.net.windows import Axis

Places = tuple[tuple[int | None, ...], ...]
"""For every step of a product the place of each row's element, or None."""


@dataclass(frozen=True, slots=True)
class Run:
    """Positions `first`, `first + step`, .. (`count` of them) that have the same relative places.

    The places of a position count from `base`, which grows by `move` from one position to the
    next.
    """

    first: int
    step: int
    count: int
    width: int
    places: Places
    base: int
    move: int


Gather = Callable[[int, int], int | None]
"""The element that a position needs for a step of the kernel, or None."""


def forward_element(axis: Axis) -> Gather:
    """What window `o` takes at step k."""
    return axis.element


def back_element(axis: Axis) -> Gather:
    """The window in which element `i` is at step k."""

    def find(i: int, k: int) -> int | None:
        at = i + axis.low - k * axis.dilation
        window, rest = divmod(at, axis.stride)
        return window if not rest and 0 <= window < axis.out else None

    return find


def runs_of(
    positions: Sequence[tuple[int, int]],
    places_at: Callable[[int, int], Places],
    base_at: Callable[[int], int],
) -> list[Run]:
    """Runs of tiles (first position, width) whose places differ by `base_at` alone."""
    found: list[Run] = []
    for first, width in positions:
        base = base_at(first)
        places: Places = tuple(
            tuple(None if p is None else p - base for p in row) for row in places_at(first, width)
        )
        last = found[-1] if found else None
        if last is not None and (last.width, last.places) == (width, places):
            before = last.first + (last.count - 1) * last.step
            step, move = first - before, base - (last.base + (last.count - 1) * last.move)
            if last.count == 1 or (step, move) == (last.step, last.move):
                found[-1] = Run(last.first, step, last.count + 1, width, places, last.base, move)
                continue
        found.append(Run(first, 0, 1, width, places, base, 0))
    return found


def even_tiles(size: int, widest: int, step: int = 1) -> list[tuple[int, int]]:
    """`size` positions cut into tiles of nearly equal width, a multiple of `step`."""
    count = -(-size // widest)
    width = -(-size // count)
    width = max(step, -(-width // step) * step)
    return [(i, min(width, size - i)) for i in range(0, size, width)]
