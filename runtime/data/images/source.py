"""The images of a map file as a source: the corpus holds their numbers, a decoder makes samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from brainscript.diagnostic import Diagnostic, Span
from brainscript.runtime.data.arrays import StreamArrays, corpus_of, one_hot
from brainscript.runtime.data.corpus import Corpus, Stream
from brainscript.runtime.data.images.maps import Entry, map_error, read_base64_map, read_map
from brainscript.runtime.data.images.pictures import Decoder
from brainscript.runtime.data.images.transforms import VIEWS, Transform
from brainscript.runtime.data.sequence_keys import Keys

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
    seed: int
    most_unusable: int

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Pictures and labels."""
        return (self.pictures, self.labels)

    def entries(self) -> Sequence[Entry]:
        """The images of the map."""
        found = (read_base64_map if self.inline else read_map)(
            self.path, self.labels.dim, self.span
        )
        usable = [entry for entry in found if entry.data] if self.inline else found
        if len(found) - len(usable) > self.most_unusable:
            bad = next(entry for entry in found if not entry.data)
            raise map_error(bad.place, "the picture is no Base64 text", self.span)
        return usable

    def decoder(self) -> Decoder:
        """What makes the samples of the pictures."""
        views = VIEWS if self.many_views else 1
        return Decoder(self.entries(), self.transforms, self.grey, views, self.seed, self.span)

    def read(self, element_bytes: int, keys: Keys, /) -> tuple[Corpus, list[Diagnostic]]:
        """A corpus with the numbers of the pictures, each a chunk of its own."""
        entries = self.entries()
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
        return corpus_of(arrays, named, element_bytes, range(count)), []


def number_of(key: str, line: int, keys: Keys) -> int:
    """The number of a line's key, which is the number of the line when it has none."""
    return keys.number(key or str(line))
