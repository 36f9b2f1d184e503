"""How the columns of each dynamic axis are divided into sequences, as compiled code reads it.

Sequences are sorted by length, longest first, and packed time-major without gaps: step `t` of the
sequence of rank `s` is column `offs[t] + s`. Data without sequences are sequences of length 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.axes import Made, known_base, made
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.program_image import (
    LAYOUT_BEGINS,
    LAYOUT_CAPACITY,
    LAYOUT_COLUMNS,
    LAYOUT_COMPLAINT,
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

    lengths: Sequence[int] | NDArray[np.integer[Any]]
    begins: Sequence[int] | NDArray[np.integer[Any]] | None = None
    ends: Sequence[int] | NDArray[np.integer[Any]] | None = None
    slots: Sequence[int] | NDArray[np.integer[Any]] | None = None


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
        self.words[LAYOUT_CAPACITY] = capacity
        self._plain = False

    @property
    def found(self) -> int:
        """The number of columns that a step has made."""
        return int(self.words[LAYOUT_COLUMNS])

    @property
    def count(self) -> int:
        """The number of sequences."""
        return int(self.words[LAYOUT_SEQUENCES])

    @property
    def complaint(self) -> int:
        """What a step that makes this layout found wrong; 0: nothing."""
        return int(self.words[LAYOUT_COMPLAINT])

    @property
    def lengths(self) -> Words:
        """The length of each sequence, in the order of the minibatch."""
        return self._arrays[LAYOUT_LENGTHS][self._arrays[LAYOUT_RANK][: self.count]]

    def columns_in_order(self) -> Words:
        """The columns in the order of the minibatch: sequence after sequence, step after step."""
        lengths = self.lengths
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        steps = np.arange(int(lengths.sum())) - starts
        ranks = np.repeat(self._arrays[LAYOUT_RANK][: self.count], lengths)
        return self._arrays[LAYOUT_OFFSETS][steps] + ranks

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

    def set_found(self, most: int) -> int:
        """An axis that the step lays out; gives the most columns that there may be."""
        self.words[LAYOUT_COMPLAINT] = 0
        self._plain = False
        return most

    def set_made(self, how: Made, base: Layout, columns: int) -> int:
        """The layout of an axis made from another one that has so many columns; gives its own."""
        order = base.array(LAYOUT_ORDER)[: base.count]
        if how.kind == "first":
            self.set_frames(base.count)
            self.spoil()
            for place in (LAYOUT_ORDER, LAYOUT_SLOT):
                self._arrays[place][: base.count] = order
            self._arrays[LAYOUT_RANK][order] = np.arange(base.count)
            return base.count
        self.set_sequences(Sequences(_kept(base.lengths, how)))
        return self.columns

    def array(self, place: int) -> Words:
        """One of the arrays, with all its room."""
        return self._arrays[place]

    @property
    def columns(self) -> int:
        """The number of columns."""
        return int(self._arrays[LAYOUT_OFFSETS][self.words[LAYOUT_STEPS]])


def _kept(lengths: Words, how: Made) -> Words:
    """The steps that a slice along time keeps of each sequence; each keeps one at least."""
    low = np.full_like(lengths, how.begin) if how.begin >= 0 else np.maximum(0, lengths + how.begin)
    high = np.minimum(how.end, lengths) if how.end > 0 else np.maximum(0, lengths + how.end)
    if np.any(high <= low):
        raise empty_sequence()
    return high - low


def dependency_order(axes: Sequence[str]) -> list[int]:
    """The numbers of the axes, each behind the one that it is made from."""
    return sorted(range(len(axes)), key=lambda number: axes[number].count("/"))


def bases_of(axes: Sequence[str]) -> Mapping[int, tuple[Made, int]]:
    """How axes that are made from others are made, and the number of the other one; in order."""
    found: dict[int, tuple[Made, int]] = {}
    for number in dependency_order(axes):
        how = made(axes[number])
        if how.kind != "stream":
            found[number] = how, axes.index(known_base(axes[number]))
    return found


def empty_sequence() -> BrainScriptError:
    """The diagnostic for a slice along time that leaves nothing of a sequence."""
    title = "a slice along time keeps no step of a sequence"
    help = "leave shorter sequences out of the data, or choose other bounds for Slice"
    return BrainScriptError(Diagnostic("BS0634", title, help=help))


def check_countable(axis: str) -> None:
    """Raise for a criterion whose samples are counted only when it is too late."""
    if axis and made(axis).kind == "found":
        title = f"the criterion has one value for each step that a condition selects ('{axis}')"
        help = "sum it: SumElements (..); the update needs its samples before the step runs"
        raise BrainScriptError(Diagnostic("BS0637", title, help=help))


NO_STEP, TOO_MANY, NO_SUCH_STEP, NOT_ALIKE, CUT, NO_ROW, NO_MEMORY = range(1, 8)
"""What a step that looks at layouts may complain about."""

_COMPLAINTS = {
    NO_STEP: (
        "BS0634",
        "a condition selects no step of a sequence",
        "Where and Gather need at least one step of every sequence",
    ),
    TOO_MANY: (
        "BS0635",
        "a step finds more columns of an axis than there is room for",
        "Where may give four columns for each of its own; lower the condition",
    ),
    NO_SUCH_STEP: (
        "BS0634",
        "an index names a step that a sequence does not have",
        "indices count from 0 within their sequence",
    ),
    NOT_ALIKE: (
        "BS0636",
        "two dynamic axes differ in the lengths of their sequences",
        "they must pair up; ReconcileDynamicAxis (x, like) repeats the one step of each",
    ),
    NO_ROW: (
        "BS0638",
        "more sequences go on from minibatch to minibatch than there is room for",
        "lower minibatchSize, or raise truncationLength",
    ),
    NO_MEMORY: (
        "BS0812",
        "a sequence and its labels need more memory than there is",
        "leave out the longest sequences: memory goes with steps times labels",
    ),
    CUT: (
        "BS0619",
        "truncated sequences meet an operation that needs whole sequences",
        "remove 'truncated' from the reader: First, Last, Slice along time, Where look at all",
    ),
}


def check_complaints(axes: Sequence[str], layouts: Sequence[Layout]) -> None:
    """Raise what a step has found wrong with its layouts; the next step starts without it."""
    found = [(axis, layout.complaint) for axis, layout in zip(axes, layouts, strict=True)]
    for layout in layouts:
        layout.words[LAYOUT_COMPLAINT] = 0
    for axis, complaint in found:
        if complaint:
            code, title, help = _COMPLAINTS[complaint]
            raise BrainScriptError(Diagnostic(code, title, label=f"axis '{axis}'", help=help))
