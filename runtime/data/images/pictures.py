"""From the bytes of a file to an image, and through the transforms."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.runtime.data.images.maps import Entry
from brainscript.runtime.data.images.resample import Image
from brainscript.runtime.data.images.transforms import Transform
from brainscript.runtime.data.sources import read_bytes

NO_PICTURE = "it is no picture"
ARCHIVE_ERRORS = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a member of a damaged archive raises."""


@cache
def pillow(span: Span) -> Any:
    """The library that decodes images; a diagnostic when it is not installed."""
    try:
        return import_module("PIL.Image")
    except ImportError:
        title = "images need the library Pillow, which is not installed"
        help = "pip install 'brainscript[images]'"
        raise BrainScriptError(Diagnostic("BS0641", title, span, help=help)) from None


def is_picture(data: bytes, span: Span) -> bool:
    """Whether bytes begin as a picture does; what follows is looked at when it is decoded."""
    library = pillow(span)
    try:
        library.open(io.BytesIO(data)).close()
    except (OSError, ValueError, SyntaxError, library.DecompressionBombError):
        return False
    return True


@dataclass(frozen=True)
class Decoder:
    """Makes the samples of one stream; entries are in the order of the corpus."""

    entries: Sequence[Entry]
    transforms: Sequence[Transform]
    grey: bool
    views: int
    seed: tuple[int, ...]
    span: Span

    def sample(self, number: int, sweep: int, count: int) -> Image:
        """The image `number` of a sweep as `count` values, in the order of memory."""
        entry = self.entries[number // self.views]
        image = self.decode(entry)
        random = np.random.default_rng((*self.seed, sweep, number))
        try:
            for transform in self.transforms:
                image = transform.apply(image, random, number % self.views)
        except (ValueError, OverflowError) as error:
            raise self._unusable(entry, str(error)) from None
        if image.size != count:
            size = " x ".join(str(d) for d in reversed(image.shape))
            why = f"it is {size} after the transforms, the network's input has {count}"
            raise self._unusable(entry, why)
        return image.reshape(-1)

    def decode(self, entry: Entry) -> Image:
        """The picture as [height, width, channels]: blue, green, red, or grey values."""
        library = pillow(self.span)
        try:
            with library.open(io.BytesIO(self._bytes(entry))) as picture:
                if self.grey:
                    return np.asarray(picture.convert("L"), np.float32)[:, :, None]
                return np.asarray(picture.convert("RGB"), np.float32)[:, :, ::-1]
        except library.UnidentifiedImageError:
            raise self._unusable(entry, NO_PICTURE) from None
        except (OSError, ValueError, SyntaxError, library.DecompressionBombError) as error:
            raise self._unusable(entry, str(error) or NO_PICTURE) from None

    def _bytes(self, entry: Entry) -> bytes:
        if entry.data or entry.path == entry.place:
            return entry.data
        if entry.archive is None:
            return read_bytes(entry.path, self.span)
        archive, name = entry.archive
        try:
            with zipfile.ZipFile(archive) as file:
                return file.read(name)
        except ARCHIVE_ERRORS as error:
            raise self._unusable(entry, str(error)) from None

    def _unusable(self, entry: Entry, why: str) -> BrainScriptError:
        title = f"{entry.place}: the picture '{entry.path}' cannot be used: {why}"
        return BrainScriptError(Diagnostic("BS0641", title, self.span))
