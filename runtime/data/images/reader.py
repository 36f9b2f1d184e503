"""A reader whose pictures are decoded by threads while the step before them runs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from math import prod

import numpy as np

from brainscript.runtime import native_library
from brainscript.runtime.data.images.pictures import Decoder
from brainscript.runtime.data.images.source import HIGH, ImageSource
from brainscript.runtime.data.minibatch import Load, Minibatch, Reader
from brainscript.runtime.data.randomise import Order
from brainscript.runtime.data.streams import Binding
from brainscript.runtime.network import Array, InputSpec
from brainscript.runtime.threads import available_cores

Samples = dict[str, list["Future[Array]"]]


class PictureMinibatch(Minibatch):
    """A minibatch some of whose inputs are pictures."""

    def __init__(
        self,
        reader: PictureReader,
        info: native_library.MinibatchInfo,
        whole: Minibatch | None = None,
    ):
        super().__init__(reader, info, whole)
        self._pictures: Samples = {}
        for name in reader.sizes:
            stored = np.empty((self.columns[reader.axis_of[name]], 2), reader.dtype)
            super().fill(name, stored)
            numbers = stored[:, 0].astype(int) * HIGH + stored[:, 1].astype(int)
            self._pictures[name] = reader.decode(name, numbers.tolist(), self.sweep)

    def fill(self, name: str, target: Array) -> None:
        """Write the samples of an input into a [columns, ...] array."""
        if name not in self._pictures:
            super().fill(name, target)
            return
        for row, sample in zip(target, self._pictures[name], strict=True):
            row[...] = sample.result().reshape(row.shape)


class PictureReader(Reader):
    """Reads ahead by one minibatch: its pictures are decoded while the one before is used."""

    in_memory = False

    def __init__(
        self,
        load: Load,
        order: Order,
        inputs: list[InputSpec],
        binding: Binding,
        dtype: np.dtype[np.floating],
        sources: Mapping[str, ImageSource],
    ):
        """`sources` has the images of each input that is a picture."""
        super().__init__(load, order, inputs, binding, dtype)
        self.sizes = {spec.name: prod(spec.dims) for spec in inputs if spec.name in sources}
        self._sources = sources
        self._ahead: Minibatch | None = None
        self._pool = ThreadPoolExecutor(available_cores(), "pictures")

    @cached_property
    def _decoders(self) -> dict[str, Decoder]:
        return {name: self._sources[name].decoder() for name in self.sizes}

    def decode(self, name: str, numbers: list[int], sweep: int) -> list[Future[Array]]:
        """The samples to come of an input: pictures of the corpus by number."""
        sample, count = self._decoders[name].sample, self.sizes[name]
        return [self._pool.submit(sample, number, sweep, count) for number in numbers]

    def start_epoch(self, index: int, epoch_size: int, minibatch_size: int) -> None:
        """Go to epoch `index` of `epoch_size` samples (0: one sweep of the data)."""
        super().start_epoch(index, epoch_size, minibatch_size)
        self._ahead = super().next()

    def next(self) -> Minibatch | None:
        """The next minibatch, or None at the end of the epoch."""
        current = self._ahead
        if current is not None:
            self._ahead = super().next()
        return current

    def made(self, info: native_library.MinibatchInfo, whole: Minibatch | None = None) -> Minibatch:
        """The minibatch that the native library describes, a part of `whole` if that is given."""
        return PictureMinibatch(self, info, whole)
