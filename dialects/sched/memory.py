"""How large a buffer is, how long it lives, and whether two of them get in each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.tensors import type_of
from brainscript.linear import Form, add, evaluate, round_up

SAMPLES = (1, 16, 17, 4096)
"""The numbers of columns for which the verifier looks at a plan."""


def size_of(value: SSAValue, axes: Sequence[str]) -> Form:
    """The bytes of a buffer: `[50], f32, @"*"` takes 200 for each column, `[50], f32` takes 256."""
    kind = type_of(value)
    if kind.axis is None:
        return (round_up(kind.bytes),) + (0,) * len(axes)
    return (0, *(kind.bytes if axis == kind.axis else 0 for axis in axes))


@dataclass(frozen=True)
class Piece:
    """A buffer of the arena: its place, its size, the first and the last call that needs it."""

    label: str
    place: Form
    size: Form
    first: int
    last: int

    def together(self, other: Piece) -> bool:
        """Whether both are needed at the same time."""
        return self.first <= other.last and other.first <= self.last

    def extent(self, columns: Sequence[int]) -> tuple[int, int]:
        """The first byte and the one after the last, for these sizes of the axes."""
        return evaluate(self.place, columns), evaluate(add(self.place, self.size), columns)


def find_clash(pieces: Iterable[Piece], axes: int) -> tuple[Piece, Piece, int] | None:
    """Two pieces that overlap in time and memory, and the number of columns at which they do."""
    listed = list(pieces)
    for columns in SAMPLES:
        extents = [piece.extent((columns,) * axes) for piece in listed]
        order = sorted(range(len(listed)), key=extents.__getitem__)
        for position, left in enumerate(order):
            for right in order[position + 1 :]:
                if extents[right][0] >= extents[left][1]:
                    break
                if listed[left].together(listed[right]):
                    return listed[left], listed[right], columns
    return None
