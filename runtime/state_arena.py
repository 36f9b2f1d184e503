"""The values of a network that outlive a step: parameters, optimiser state, statistics, sums."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.linear import round_up
from brainscript.program_image import Element, StateSlot
from brainscript.runtime.memory import room_for

Array = NDArray[np.floating[Any]]

FEWER = "use smaller layers, or a machine with more memory"

DTYPES: dict[Element, np.dtype[Any]] = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}


def bytes_of(dims: Iterable[int], element: Element) -> int:
    """The bytes of one sample of this shape."""
    count = DTYPES[element].itemsize
    for dim in dims:
        count *= dim
    return count


class StateArena:
    """Named arrays, shared by all programs of one network.

    An array is the C array of the reversed dims, starts on a multiple of 64 bytes, and never
    moves. New names are zero.
    """

    def __init__(self, states: Iterable[StateSlot] = ()):
        self._slots: dict[str, StateSlot] = {}
        self._views: dict[str, Array] = {}
        self.extend(states)

    def extend(self, states: Iterable[StateSlot]) -> None:
        """Add the names that are not there yet, all in one block."""
        new = [s for s in states if self._check_same(s)]
        sizes = [round_up(bytes_of(s.dims, s.element)) for s in new]
        block = room_for(sum(sizes), "the network with all that it keeps", FEWER)
        start = 0
        for slot, size in zip(new, sizes, strict=True):
            used = block[start : start + bytes_of(slot.dims, slot.element)]
            self._slots[slot.name] = slot
            self._views[slot.name] = used.view(DTYPES[slot.element]).reshape(slot.dims[::-1])
            start += size

    def names(self) -> tuple[str, ...]:
        """Every name, in the order in which they came."""
        return tuple(self._slots)

    def role(self, name: str) -> str:
        """What the array holds: 'parameter', 'momentum', 'hyper', 'criterion', ..."""
        return self._slots[name].role

    def view(self, name: str) -> Array:
        """The array itself, writable."""
        return self._views[name]

    def address(self, name: str) -> int:
        """Where the array starts."""
        return int(self._views[name].ctypes.data)

    def _check_same(self, slot: StateSlot) -> bool:
        """Whether the name is new; one that is there must have the same type."""
        known = self._slots.get(slot.name)
        if known is None:
            return True
        if (known.dims, known.element) != (slot.dims, slot.element):
            raise ValueError(f"'{slot.name}' is {known.dims} here and {slot.dims} there")
        return False
