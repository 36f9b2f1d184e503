"""Master label files (MLF): for each utterance, which state each stretch of frames has.

    #!MLF!#
    "*/utterance7.lab"
    0 1200000 s12
    1200000 1900000 s13
    .

Times are in units of 100 ns, ten milliseconds a frame, or already frame numbers when a stretch is
shorter than 99999 units. The state is the third column, looked up in a list of names, or without
one the class number in the fourth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span, did_you_mean
from brainscript.literals import read_integer
from brainscript.runtime.data.sources import read_lines
from brainscript.runtime.data.speech.script import key_of

HEADER = "#!MLF!#"
UNITS_PER_FRAME = 100000
LEAST_UNITS = 99999


@dataclass(frozen=True)
class Labels:
    """The classes of one utterance: stretch i has `frames[i]` frames of class `classes[i]`."""

    frames: NDArray[np.int64]
    classes: NDArray[np.int64]

    @property
    def length(self) -> int:
        """The number of frames."""
        return int(self.frames.sum())

    def by_frame(self) -> NDArray[np.int64]:
        """The class of each frame."""
        return np.repeat(self.classes, self.frames)

    def first_frames(self) -> NDArray[np.int64]:
        """The numbers of the frames with which a stretch begins."""
        return np.cumsum(self.frames) - self.frames


def read_states(path: str, span: Span | None) -> dict[str, int]:
    """The list of state names, one a line: name -> number of its line from 0."""
    states: dict[str, int] = {}
    for number, line in enumerate(read_lines(path, span)):
        name = line.strip()
        if name in states:
            title = f"{path}:{number + 1}: the name '{name}' is already in line {states[name] + 1}"
            raise BrainScriptError(Diagnostic("BS0632", title, span))
        states[name] = number
    return states


class LabelFile:
    """Reads one master label file."""

    def __init__(self, path: str, classes: int, states: Mapping[str, int] | None, span: Span):
        self.path, self.classes, self.states, self.span = path, classes, states, span
        self.number = 0
        self.unusable: list[str] = []

    def read(self) -> dict[str, Labels]:
        """The labels by name of the utterance; those with gaps go to `unusable`."""
        found: dict[str, Labels] = {}
        for name, rows in self._blocks():
            if not self._contiguous(rows):
                self.unusable.append(name)
                continue
            numbers = np.array(rows, np.int64).reshape(-1, 3)
            found[name] = Labels(numbers[:, 1] - numbers[:, 0], numbers[:, 2])
        return found

    def _blocks(self) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
        lines = read_lines(self.path, self.span)
        if not lines or lines[0].strip() != HEADER:
            self.number = 1
            raise self._error(f"the first line must be {HEADER}")
        name, rows = "", list[tuple[int, int, int]]()
        for self.number, raw in enumerate(lines, 1):
            line = raw.strip()
            if not line or line == HEADER:
                continue
            if line.startswith('"') and not name:
                name = key_of(line.strip('"').removeprefix("*/"))
            elif line == "." and name:
                yield name, rows
                name, rows = "", []
            elif name:
                rows.append(self._row(line.split()))
            else:
                raise self._error('a name in quotes must come first, such as "*/utterance.lab"')
        if name:
            raise self._error(f"the labels of '{name}' do not end with a line '.'")

    def _row(self, words: list[str]) -> tuple[int, int, int]:
        begin, end = (read_integer(word) for word in (*words, "", "")[:2])
        if len(words) < 3 or begin is None or end is None:
            raise self._error("a line must be: start end state")
        if end - begin >= LEAST_UNITS:
            begin, end = ((2 * t + UNITS_PER_FRAME) // (2 * UNITS_PER_FRAME) for t in (begin, end))
        return begin, end, self._class(words)

    def _class(self, words: list[str]) -> int:
        if self.states is not None:
            number = self.states.get(words[2])
            if number is None:
                help = did_you_mean(words[2], self.states)
                raise self._error(f"the state '{words[2]}' is not in labelMappingFile", help)
        else:
            number = read_integer(words[3]) if len(words) == 4 else None
            if number is None:
                help = "give labelMappingFile, the list of state names"
                raise self._error("without labelMappingFile the fourth column is the class", help)
        if not 0 <= number < self.classes:
            raise self._error(f"class {number} is not below labelDim = {self.classes}")
        return number

    def _contiguous(self, rows: list[tuple[int, int, int]]) -> bool:
        ends = [0, *(end for _, end, _ in rows)]
        begins = [begin for begin, _, _ in rows]
        rising = all(end > begin for begin, end, _ in rows)
        return bool(rows) and rising and ends[:-1] == begins

    def _error(self, why: str, help: str = "") -> BrainScriptError:
        title = f"{self.path}:{self.number}: {why}"
        return BrainScriptError(Diagnostic("BS0632", title, self.span, help=help))
