"""How a value of an ONNX graph lies in a network: which of its axes has the samples.

A network computes one sample at a time, ONNX all of them: one axis of every value has the samples,
mostly the first. Exporters also move that axis, and merge it with others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

SAMPLES = 1009
"""Stands for the number of samples where a file leaves it open: no other size is like it."""


@dataclass(frozen=True)
class Form:
    """The shape of a value, the axis of its samples (None: of one axis of one sample that went).

    In that axis there may be `factor` elements for each sample, `outer` of them around the samples:
    `[heads * samples]` has `outer = heads`, `[samples * heads]` has 1.
    """

    shape: tuple[int, ...]
    place: int | None
    factor: int = 1
    outer: int = 1

    @property
    def kept(self) -> list[int]:
        """The axes that one sample has."""
        gone = self.place if self.factor == 1 else None
        return [axis for axis in range(len(self.shape)) if axis != gone]

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of one sample."""
        merged = self.place if self.factor > 1 else None
        return tuple(self.factor if a == merged else self.shape[a] for a in self.kept)

    @property
    def dims(self) -> list[int]:
        """The dims of one sample (column-major), at least one."""
        return list(self.sample[::-1] or (1,))

    def axis(self, axis: int) -> int:
        """An axis of ONNX, counted from either end."""
        found = axis + len(self.shape) if axis < 0 else axis
        if not 0 <= found < len(self.shape):
            raise ValueError(f"it has no axis {axis}")
        return found

    def number(self, axis: int) -> int:
        """An axis of ONNX as BrainScript counts it."""
        found = self.axis(axis)
        if found == self.place:
            raise ValueError("it works along the samples")
        return len(self.kept) - self.kept.index(found)

    @property
    def in_front(self) -> int:
        """How many elements of one sample come before its second sample."""
        return prod(self.shape[: self.place or 0]) * self.outer

    def moved(self, shape: tuple[int, ...]) -> int:
        """What `outer` is when the elements get another shape; ValueError where samples mix."""
        places = [p for p, dim in enumerate(shape) if dim % SAMPLES == 0]
        if len(places) != 1:
            raise ValueError("it mixes samples")
        outer, rest = divmod(self.in_front, prod(shape[: places[0]]))
        if rest or not outer or (shape[places[0]] // SAMPLES) % outer:
            raise ValueError("it mixes samples")
        return outer


def form_of(shape: tuple[int, ...], batch: int, outer: int) -> Form:
    """The form of a shape; `batch` is the number of samples, ValueError for what is not known.

    A file that fixes one sample has whole values as samples, wherever their axes of one went.
    """
    if any(dim < 1 for dim in shape):
        raise ValueError(f"its shape is not known: {list(shape)}")
    if batch != SAMPLES:
        if shape and shape[0] == batch:
            return Form(shape, 0)
        if batch == 1:
            return Form(shape, None)
        why = f"it moves the {batch} samples that the file fixes"
        raise ValueError(f"{why}; export it with an open number of samples")
    places = [place for place, dim in enumerate(shape) if dim % SAMPLES == 0]
    if not places and shape[:1] == (1,):
        return Form(shape, 0)
    if len(places) != 1:
        raise ValueError("it mixes samples, or has none")
    return Form(shape, places[0], shape[places[0]] // SAMPLES, outer)
