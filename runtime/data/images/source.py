"""The images of a map file as a source: the corpus holds their numbers, a decoder makes samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.images.maps import Entry, map_error, read_base64_map, read_map
from brainscript.runtime.data.images.pictures import NO_PICTURE, Decoder, is_picture
from brainscript.runtime.data.images.transforms import VIEWS, Transform
from brainscript.runtime.data.sequence_keys import KEY_BITS, Keys

MOST_TOLD = 20
"""Lines of a map that are left out are told of one by one up to this many."""

HIGH = 1 << 16
"""An image number is stored as number / HIGH and the rest: floats hold it exactly."""


@dataclass(frozen=True)
class ImageSource:
    """One map file. The stream of a picture has dim 0 when the pictures decide on their size."""

    pictures: Stream
    labels: Stream
    path: str
    span: Span
    transforms: tuple[Transform, ...]
    grey: bool
    inline: bool
    many_views: bool
    seed: tuple[int, ...]
    most_unusable: int

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Pictures and labels."""
        return (self.pictures, self.labels)

    def entries(self) -> Sequence[Entry]:
        """The images of the map."""
        return self._checked()[0]

    def _checked(self) -> tuple[Sequence[Entry], list[Diagnostic]]:
        """The images of the map, and warnings of those that are left out."""
        if not self.inline:
            return read_map(self.path, self.labels.dim, self.span), []
        found = read_base64_map(self.path, self.labels.dim, self.span)
        usable: list[Entry] = []
        mistakes: list[Diagnostic] = []
        for entry in found:
            if why := self._mistake(entry):
                mistakes += map_error(entry.place, why, self.span).diagnostics
            else:
                usable.append(entry)
        if len(mistakes) > self.most_unusable:
            raise BrainScriptError(mistakes[0])
        told = [replace(m, severity="warning") for m in mistakes[:MOST_TOLD]]
        if more := len(mistakes) - len(told):
            title = f"{self.path}: {more} more lines are left out"
            told.append(Diagnostic("BS0640", title, self.span, severity="warning"))
        return usable, told

    def _mistake(self, entry: Entry) -> str:
        """Why a line cannot be used; what is no picture is found here if it may be left out."""
        if not entry.data:
            return "the picture is no Base64 text"
        if self.most_unusable and not is_picture(entry.data, self.span):
            return NO_PICTURE
        return ""

    def decoder(self) -> Decoder:
        """What makes the samples of the pictures."""
        views = VIEWS if self.many_views else 1
        return Decoder(self.entries(), self.transforms, self.grey, views, self.seed, self.span)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """A corpus with the numbers of the pictures, each a chunk of its own."""
        entries, warnings = self._checked()
        views = VIEWS if self.many_views else 1
        count = len(entries) * views
        numbers = np.arange(count)
        stored = np.stack([numbers // HIGH, numbers % HIGH], axis=1).astype(np.float32)
        lengths = np.ones(count, np.uint32)
        classes = np.repeat([entry.label for entry in entries], views)
        arrays = [
            StreamArrays(replace(self.pictures, dim=2), lengths, stored),
            one_hot(self.labels, lengths, classes),
        ]
        named = [
            (number_of(entry.key, line, keys) * views + view) << keys.shift
            for line, entry in enumerate(entries)
            for view in range(views)
        ]
        if max(named) >> KEY_BITS:
            raise map_error(self.path, f"its keys are too large for {views} views", self.span)
        return corpus_of(arrays, named, element_bytes, range(count)), warnings


def number_of(key: str, line: int, keys: Keys) -> int:
    """The number of a line's key, which is the number of the line when it has none."""
    return keys.number(key or str(line))
