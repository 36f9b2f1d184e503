"""How the columns of each dynamic axis are divided into sequences, as compiled code reads it.

Sequences are sorted by length, longest first, and packed time-major without gaps: step `t` of the
sequence of rank `s` is column `offs[t] + s`. Data without sequences are sequences of length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainscript.program_image import (
    LAYOUT_BEGINS,
    LAYOUT_ENDS,
    LAYOUT_LENGTHS,
    LAYOUT_OFFSETS,
    LAYOUT_ORDER,
    LAYOUT_RANK,
    LAYOUT_SEQUENCES,
    LAYOUT_SLOT,
    LAYOUT_STEPS,
    LAYOUT_WORDS,
)

Words = NDArray[np.int64]

_ARRAYS = (
    LAYOUT_OFFSETS,
    LAYOUT_LENGTHS,
    LAYOUT_ORDER,
    LAYOUT_RANK,
    LAYOUT_BEGINS,
    LAYOUT_ENDS,
    LAYOUT_SLOT,
)


@dataclass(frozen=True)
class Sequences:
    """The sequences of an axis in the order of the minibatch.

    `begins` and `ends` say whether a sequence begins and ends in this minibatch, `slots` which
    carried-over state it uses; left out: whole sequences, numbered.
    """

    lengths: Sequence[int]
    begins: Sequence[int] | None = None
    ends: Sequence[int] | None = None
    slots: Sequence[int] | None = None


class Layout:
    """The layout of one axis: the words that `program_image` names, and the arrays they point to.

    All arrays have room for `capacity` columns and as many sequences.
    """

    def __init__(self) -> None:
        self.words: Words = np.zeros(LAYOUT_WORDS, np.int64)
        self.capacity = -1
        self._plain = False
        self.reserve(0)
        self.set_frames(0)

    @property
    def address(self) -> int:
        """Where the words lie."""
        return int(self.words.ctypes.data)

    def reserve(self, capacity: int) -> None:
        """Make room; what was set before is void when the room grows."""
        if capacity <= self.capacity:
            return
        self.capacity = capacity
        self._arrays = {place: np.zeros(capacity + 2, np.int64) for place in _ARRAYS}
        for place, array in self._arrays.items():
            self.words[place] = array.ctypes.data
        self._plain = False

    def array(self, place: int) -> Words:
        """One of the arrays, with all its room."""
        return self._arrays[place]

    def set_frames(self, count: int) -> None:
        """`count` sequences of length 1 in the order of the minibatch."""
        self.reserve(count)
        if not self._plain:
            self._make_plain()
        self.words[LAYOUT_SEQUENCES] = count
        self._arrays[LAYOUT_OFFSETS][1] = count

    def _make_plain(self) -> None:
        numbers = np.arange(self.capacity + 2)
        for place in (LAYOUT_ORDER, LAYOUT_RANK, LAYOUT_SLOT):
            self._arrays[place][:] = numbers
        for place in (LAYOUT_LENGTHS, LAYOUT_BEGINS, LAYOUT_ENDS):
            self._arrays[place][:] = 1
        self._arrays[LAYOUT_OFFSETS][0] = 0
        self.words[LAYOUT_STEPS] = 1
        self._plain = True

    def spoil(self) -> None:
        """Say that somebody else writes the arrays: they are made anew when they are set."""
        self._plain = False

    def set_sequences(self, sequences: Sequences) -> None:
        """These sequences, sorted by length."""
        lengths = np.asarray(sequences.lengths, np.int64)
        count = len(lengths)
        self.reserve(max(count, int(lengths.sum())))
        self._plain = False
        order = np.argsort(-lengths, kind="stable")
        steps = int(lengths.max(initial=0))
        counts = np.bincount(lengths, minlength=steps + 1)
        rows = count - np.cumsum(counts)[:steps]
        arrays = self._arrays
        arrays[LAYOUT_OFFSETS][0] = 0
        arrays[LAYOUT_OFFSETS][1 : steps + 1] = np.cumsum(rows)
        arrays[LAYOUT_LENGTHS][:count] = lengths[order]
        arrays[LAYOUT_ORDER][:count] = order
        arrays[LAYOUT_RANK][order] = np.arange(count)
        for place, given in (
            (LAYOUT_BEGINS, sequences.begins),
            (LAYOUT_ENDS, sequences.ends),
        ):
            arrays[place][:count] = 1 if given is None else np.asarray(given)[order]
        slots = sequences.slots
        arrays[LAYOUT_SLOT][:count] = order if slots is None else np.asarray(slots)[order]
        self.words[LAYOUT_STEPS], self.words[LAYOUT_SEQUENCES] = steps, count
