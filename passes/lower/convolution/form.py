"""What a convolution is in memory: planes of channels, and windows along the axes within a plane.

A sample `[d1 x .. x C]` lies as C planes. Trailing axes that the kernel covers whole are the
channels; the axes before them are those of a plane. Axes where every element is a window of its
own are joined with their neighbours of that kind, so a 1 x 1 convolution has one long axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from brainscript.dialects.net.convolution import CorrelationOp
from brainscript.dialects.net.windows import Axis
from brainscript.dialects.tensors import Element, type_of

WRITTEN_OUT = 64
"""A kernel that is longer along the first axis is walked in a loop, like those of other axes."""


@dataclass(frozen=True, slots=True)
class Form:
    """A convolution or an adjoint of one.

    `axes` are those within a plane, the fastest first; `channels` planes are looked at, `maps`
    planes of windows made. `rank` is how many axes of the sample the plane has.
    """

    axes: tuple[Axis, ...]
    channels: int
    maps: int
    element: Element
    rank: int

    @property
    def element_bytes(self) -> int:
        """Bytes of one number."""
        return self.element.bitwidth // 8

    @property
    def plane(self) -> int:
        """Elements of a channel."""
        return prod(a.size for a in self.axes)

    @property
    def windows(self) -> int:
        """Windows of a map."""
        return prod(a.out for a in self.axes)

    @property
    def steps(self) -> int:
        """Elements of a window within a plane."""
        return prod(a.kernel for a in self.axes)


def channel_rank(axes: Sequence[Axis]) -> int:
    """How many trailing axes are channels."""
    count = 0
    while count < len(axes) and axes[len(axes) - 1 - count].whole:
        count += 1
    return count


def joined(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Axes without those of one element; neighbours that are all windows are one axis."""
    found: list[Axis] = []
    for axis in axes:
        if axis.size == axis.out == axis.kernel == 1:
            continue
        if found and found[-1].trivial and axis.trivial:
            size = found[-1].size * axis.size
            found[-1] = replace(found[-1], size=size, out=size)
        else:
            found.append(axis)
    return tuple(found) or (Axis(1, 1, 1),)


def is_general(op: CorrelationOp) -> bool:
    """Whether there is no form: windows have own weights, or channels lie in front."""
    return op.has_channels_first or not all(a.shared for a in op.axes)


def form_of(op: CorrelationOp) -> Form:
    """The form of an operation that is not general."""
    axes = op.axes
    rank = len(axes) - channel_rank(axes)
    channels = prod(a.size for a in axes[rank:])
    element = type_of(op.result).element
    plane = joined(axes[:rank])
    if plane[0].kernel > WRITTEN_OUT:
        plane = (Axis(1, 1, 1), *plane)
    return Form(plane, channels, op.map_count, element, rank)
