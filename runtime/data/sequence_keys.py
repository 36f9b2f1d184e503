"""Keys of sequences: numbers, or names that get numbers, the same in all files of a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, shorten

FRAME_BITS = 24
"""A frame of its own has the key `sequence << FRAME_BITS | number of the frame`."""
KEY_BITS = 64


@dataclass
class Keys:
    """The numbers of sequences: `numeric` ones are their keys, else names are counted.

    Keys of sequences that stand beside single frames are shifted by `shift` bits. `lengths` has the
    samples of each sequence of the first file, `names` the sequences by position of the first list
    of files. `span` is the place that says what keys are.
    """

    numeric: bool = False
    shift: int = 0
    span: Span | None = None
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    lengths: dict[int, int] = field(default_factory=dict[int, int])
    names: list[str] = field(default_factory=list[str])

    def by_number(self) -> dict[int, str]:
        """The names."""
        return {number: name for name, number in self.numbers.items()}

    def number(self, name: str) -> int:
        """The number of a name; a new one for a new name."""
        found = self._value(name) if self.numeric else len(self.numbers)
        return self.numbers.setdefault(name, found)

    def _value(self, name: str) -> int:
        digits = name.isascii() and name.isdigit() and len(name) <= len(str(1 << KEY_BITS))
        if not digits or int(name) >> (KEY_BITS - self.shift):
            title = f"the sequence key '{shorten(name, 60)}' is no number"
            help = "write useNumericSequenceKeys = false: keys are then compared as text"
            raise BrainScriptError(Diagnostic("BS0623", title, self.span, help=help))
        return int(name)

    def of_sequences(self, numbers: NDArray[np.uint64], names: Sequence[str]) -> NDArray[np.uint64]:
        """The keys of sequences that a file numbers so; number n stands for `names[n]`, if any."""
        if not self.numeric:
            known = names or [str(number) for number in range(len(numbers))]
            table = np.array([self.number(name) for name in known], np.uint64)
            numbers = table[numbers]
        return numbers << np.uint64(self.shift)
