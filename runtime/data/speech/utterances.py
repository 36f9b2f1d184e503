"""Feature and label streams as the reader takes them: whole utterances, or frames on their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.sequence_keys import FRAME_BITS, Keys
from brainscript.runtime.data.speech.features import (
    FeatureFile,
    Frames,
    damaged,
    open_features,
    with_context,
)
from brainscript.runtime.data.speech.labels import LabelFile, Labels, read_states
from brainscript.runtime.data.speech.script import Utterance, read_script, short_names

CHUNK_FRAMES = 90000
"""Utterances of a quarter of an hour at 100 frames a second make a chunk."""
LATEST = 64
"""Archives whose headers are kept while a script is read: utterances of one stand together."""

Read = tuple[Corpus, list[Diagnostic]]


@dataclass(frozen=True)
class FeatureSource:
    """One script of feature files.

    `window` is the number of frames to the left and right of each, None to infer it: the stream
    then has an odd multiple of the numbers of a frame. `expand` repeats utterances of one frame to
    the length that the first stream has. With `by_position` line i belongs to line i of the first
    script, whatever its key.
    """

    stream: Stream
    script: str
    span: Span
    prefix: str = ""
    dim: int = 0
    window: tuple[int, int] | None = None
    expand: bool = False
    frames: bool = False
    by_position: bool = False
    longest: int = 1 << FRAME_BITS

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The one stream."""
        return (self.stream,)

    def read(self, element_bytes: int, keys: Keys) -> Read:
        """All utterances."""
        leads = not keys.names
        parts: list[Frames] = []
        numbers: list[int] = []
        warnings: list[Diagnostic] = []
        opened = lru_cache(LATEST)(partial(open_features, span=self.span))
        for name, utterance in self._listed(keys):
            number = keys.number(name)
            wanted = None if leads else keys.lengths.get(number)
            values = self._frames(opened(utterance.path), utterance, wanted)
            if len(values) > self.longest:
                title = f"utterance '{name}' has {len(values)} frames and is left out"
                warnings.append(Diagnostic("BS0615", title, self.span, severity="warning"))
                continue
            numbers.append(number)
            parts.append(values)
            if leads:
                keys.lengths[number] = len(values)
        if not parts:
            title = f"no utterance of '{self.script}' can be used"
            raise BrainScriptError(Diagnostic("BS0631", title, self.span))
        lengths = np.array([len(p) for p in parts], np.uint32)
        arrays = StreamArrays(self.stream, lengths, np.concatenate(parts))
        return cut(arrays, numbers, element_bytes, frames=self.frames), warnings

    def _listed(self, keys: Keys) -> Iterator[tuple[str, Utterance]]:
        """The utterances with the names they have in this reader."""
        listed = read_script(self.script, self.prefix, self.span)
        if not keys.names:
            keys.names.extend(u.key for u in listed)
        if not self.by_position:
            return ((u.key, u) for u in listed)
        if len(listed) != len(keys.names):
            title = f"'{self.script}' lists {len(listed)} utterances, the first {len(keys.names)}"
            raise BrainScriptError(Diagnostic("BS0631", title, self.span))
        return zip(keys.names, listed, strict=True)

    def _frames(self, file: FeatureFile, utterance: Utterance, wanted: int | None) -> Frames:
        left, right = self._window(file)
        last = file.frames - 1 if utterance.last is None else utterance.last
        values = file.read(utterance.first, last, self.span)
        if self.expand and wanted and len(values) == 1:
            values = np.repeat(values, wanted, axis=0)
        return with_context(values, left, right)

    def _window(self, file: FeatureFile) -> tuple[int, int]:
        """The frames to the left and right."""
        if self.window is not None:
            if file.dim != self.dim:
                why = f"its frames have {file.dim} numbers, 'dim' is {self.dim}"
                raise damaged(file.path, why, self.span)
            return self.window
        count, rest = divmod(self.dim, file.dim)
        if rest or count % 2 == 0:
            why = f"its frames have {file.dim} numbers; 'dim' = {self.dim} is no odd multiple"
            raise damaged(file.path, why, self.span)
        return count // 2, count // 2


@dataclass(frozen=True)
class LabelSource:
    """Master label files: a one-hot sample for each frame; first frames of a stretch may be 2."""

    stream: Stream
    paths: tuple[str, ...]
    span: Span
    states: str = ""
    boundaries: bool = False
    frames: bool = False
    most_unusable: int = field(default=0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The one stream."""
        return (self.stream,)

    def read(self, element_bytes: int, keys: Keys) -> Read:
        """The labels of the utterances that the first stream has."""
        labels, unusable = self._labels()
        warnings = [self._remark(name) for name in unusable]
        if len(unusable) > self.most_unusable:
            raise BrainScriptError(replace(warnings[0], severity="error"))
        found = by_utterance(labels, list(keys.numbers))
        if not found:
            title = f"no utterance has labels in {', '.join(self.paths)}"
            raise BrainScriptError(Diagnostic("BS0614", title, self.span))
        for name, given in found.items():
            self._check_length(name, given, keys)
        classes = np.concatenate([given.by_frame() for given in found.values()])
        lengths = np.array([given.length for given in found.values()], np.uint32)
        ones = np.ones(len(classes), np.uint32)
        values = np.ones(len(classes))
        if self.boundaries:
            starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            for start, given in zip(starts, found.values(), strict=True):
                values[int(start) + given.first_frames()] = 2
        arrays = StreamArrays(self.stream, lengths, values, ones, classes.astype(np.int32))
        numbers = [keys.number(name) for name in found]
        return cut(arrays, numbers, element_bytes, frames=self.frames), warnings

    def _labels(self) -> tuple[dict[str, Labels], list[str]]:
        states = read_states(self.states, self.span) if self.states else None
        labels: dict[str, Labels] = {}
        unusable: list[str] = []
        for path in self.paths:
            file = LabelFile(path, self.stream.dim, states, self.span)
            labels |= file.read()
            unusable += file.unusable
        return labels, unusable

    def _remark(self, name: str) -> Diagnostic:
        title = f"the labels of '{name}' leave gaps, overlap or do not begin at 0"
        return Diagnostic("BS0632", title, self.span, severity="warning")

    def _check_length(self, name: str, labels: Labels, keys: Keys) -> None:
        frames = keys.lengths.get(keys.number(name), labels.length)
        if frames != labels.length:
            title = f"utterance '{name}' has {frames} frames but labels for {labels.length}"
            raise BrainScriptError(Diagnostic("BS0616", title, self.span))


def by_utterance(labels: Mapping[str, Labels], names: list[str]) -> dict[str, Labels]:
    """The labels of each name; a name that is a path is also known by its last part."""
    short = short_names(names)
    found = {short.get(name, name): given for name, given in labels.items()}
    return {name: given for name in names if (given := labels.get(name, found.get(name)))}


def cut(arrays: StreamArrays, numbers: list[int], element_bytes: int, *, frames: bool) -> Corpus:
    """The corpus: utterances in chunks, or each frame a sequence of its own in the same chunks."""
    ends = np.cumsum(arrays.lengths, dtype=np.int64)
    starts = chunk_starts(ends)
    if not frames:
        return corpus_of([arrays], numbers, element_bytes, starts)
    lengths = arrays.lengths.astype(np.int64)
    place = np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)
    keys = (np.repeat(np.array(numbers, np.int64), lengths) << FRAME_BITS) + place
    single = replace(arrays, lengths=np.ones(len(keys), np.uint32))
    firsts = [0, *(int(ends[s - 1]) for s in starts[1:])]
    return corpus_of([single], keys.astype(np.uint64), element_bytes, firsts)


def chunk_starts(ends: NDArray[np.int64]) -> list[int]:
    """The first utterance of each chunk, given the frames up to the end of each."""
    starts, begin = [0], 0
    for number, end in enumerate(ends.tolist()):
        if end - begin > CHUNK_FRAMES and number > starts[-1]:
            starts.append(number)
            begin = int(ends[number - 1])
    return starts
