"""The kernel of `net.pool`: vectors of windows, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from brainscript.passes.lower.convolution.pooling.plane import Chunk, Many
from brainscript.passes.lower.convolution.pooling.writer import LOWEST, PlaneWriter
from brainscript.passes.lower.gemm.code import Index


class Pool(PlaneWriter):
    """The largest element, or the mean, of every window."""

    room: SSAValue | None = None

    def prepare(self) -> None:
        """The padding of a maximum is minus infinity, that of a mean 0."""
        if not self.plane.direct:
            self.room = self.filled_room(self.plane.room, LOWEST if self.is_max else 0.0)
        self.count_windows()

    def write_plane(self, number: SSAValue) -> None:
        """One vector of windows after the other."""
        code = self.frame.code
        source = self.source(self.op.operands[0], number, self.room)
        target = self.result(number, self.plane.windows)

        def write(
            window: Index, place: Index, count: Index | None, places: Sequence[Index]
        ) -> None:
            def step(chunk: Chunk, distance: Index, _: Index, held: Many) -> Many:
                value = held[0]
                parts = self.load(source, code.add(place, distance), chunk, count)
                for part in parts[: chunk.steps]:
                    value = self._joined(value, part)
                return [value]

            start = self.vectors.constant(LOWEST if self.is_max else 0.0)
            (total,) = self.each([start], step)
            if not self.is_max:
                total = self.vectors.div(total, self.divisor(places, count))
            code.store(total, target, window, count)

        self.windows(write)

    def _joined(self, value: SSAValue, part: SSAValue) -> SSAValue:
        """The larger one, or the sum."""
        v = self.vectors
        return v.choose("ogt", part, value, part, value) if self.is_max else v.add(value, part)
