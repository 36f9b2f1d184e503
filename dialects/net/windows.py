"""The geometry of convolution and pooling: windows that slide along the axes of a sample.

CNTK's rules in plain functions: how short option vectors are completed, where padding goes, how
many windows there are. The operations of the network and their kernels share `Axis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import Shape, shape_text

DOES_NOT_FIT = "BS0440"
BAD_OPTION = "BS0441"
BAD_WEIGHTS = "BS0442"
CHANNEL_PADDED = "BS0443"


@dataclass(frozen=True, slots=True)
class Axis:
    """Windows along one axis: window `o` holds the elements `o*stride + k*dilation - low`.

    `size` elements, `out` windows of `kernel` elements each; elements before the first and after
    the last are padding. `low` may be negative: then elements are left out. Of an axis that is
    not `shared` every window has weights of its own.
    """

    size: int
    out: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    low: int = 0
    shared: bool = True

    @property
    def reach(self) -> int:
        """The elements between the first and the last one of a window, inclusive."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def trivial(self) -> bool:
        """Whether every element is a window of its own."""
        plain = (self.kernel, self.stride, self.low) == (1, 1, 0)
        return plain and self.size == self.out and self.shared

    @property
    def whole(self) -> bool:
        """Whether the only window is the whole axis."""
        return self.out == 1 and self.kernel == self.size and not self.low and self.dilation == 1

    def element(self, window: int, step: int) -> int | None:
        """The element at a step of a window, or None in the padding."""
        found = window * self.stride + step * self.dilation - self.low
        return found if 0 <= found < self.size else None


@dataclass(frozen=True)
class Sliding:
    """The options of an operation with windows, as they are written.

    All but `kernel` may be shorter than the rank of the input, or empty for the default.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    low: tuple[int, ...] = ()
    high: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    sharing: tuple[int, ...] = ()
    ceil: bool = False


@dataclass(frozen=True, slots=True)
class _Windows:
    """The completed options of one axis."""

    number: int
    kernel: int
    stride: int
    padded: bool
    low: int
    high: int
    dilation: int
    shared: bool

    @property
    def reach(self) -> int:
        return (self.kernel - 1) * self.dilation + 1


def filled(values: Sequence[int], given: int, default: int, rest: Sequence[int]) -> tuple[int, ...]:
    """CNTK's completion: the last value repeated up to `given` axes, then the values of `rest`."""
    start = tuple(values) or (default,)
    start += (start[-1],) * (given - len(start))
    return start[: len(rest)] + tuple(rest[len(start) :])


def _completed(options: Sliding, shape: Shape, rest: Sequence[int]) -> list[_Windows]:
    """The options of every axis; `rest` is the kernel and stride of axes that are not named."""
    given, rank = len(options.kernel), len(shape)
    if not 1 <= given <= rank:
        label = f"{shape_text(options.kernel)} and {shape_text(shape)}"
        help = "the sizes of an image are an array: (width : height : channels)"
        raise ShapeError(BAD_OPTION, "the kernel has more axes than the input", label, help)
    for name in ("stride", "padding", "low", "high", "dilation", "sharing"):
        if len(getattr(options, name)) > rank:
            label = f"{len(getattr(options, name))} values of '{name}' for {shape_text(shape)}"
            raise ShapeError(BAD_OPTION, "an option has more values than the input has axes", label)
    zeros, ones = (0,) * rank, (1,) * rank
    columns = zip(
        filled(options.kernel, given, 1, rest),
        filled(options.stride, given, 1, rest),
        filled(options.padding, given, 0, zeros),
        filled(options.low, given, 0, zeros),
        filled(options.high, given, 0, zeros),
        filled(options.dilation, given, 1, ones),
        filled(options.sharing, given, 1, ones),
        strict=True,
    )
    found = [
        _Windows(i, k, s, bool(p), lo, hi, d, bool(share))
        for i, (k, s, p, lo, hi, d, share) in enumerate(columns)
    ]
    for w in found:
        if min(w.kernel, w.stride, w.dilation) < 1 or min(w.low, w.high) < 0:
            label = f"axis {w.number + 1}: kernel {w.kernel}, stride {w.stride}"
            help = "kernel, stride and dilation are at least 1, padding at least 0"
            raise ShapeError(BAD_OPTION, "windows need positive sizes", label, help)
    return found


def convolution_axes(options: Sliding, shape: Shape) -> tuple[Axis, ...]:
    """The windows of a convolution: axes that the kernel does not name are covered whole.

    A kernel over all channels makes one window of them: with padding that takes a stride over
    all channels, as old programs write it.
    """
    windows = _completed(options, shape, shape)
    last = windows[-1]
    whole = last.padded and last.kernel == shape[-1] > 1
    if len(shape) > 1 and whole and last.stride < shape[-1]:
        raise _padded_channels(shape)
    return tuple(_axis(w, size, options.ceil) for w, size in zip(windows, shape, strict=True))


def pooling_axes(options: Sliding, shape: Shape) -> tuple[Axis, ...]:
    """The windows of a pooling: axes that the kernel does not name are left alone."""
    windows = _completed(options, shape, (1,) * len(shape))
    return tuple(_axis(w, size, options.ceil) for w, size in zip(windows, shape, strict=True))


def _padded_channels(shape: Shape) -> ShapeError:
    return ShapeError(
        CHANNEL_PADDED,
        "the channel axis would be padded",
        f"the kernel covers all {shape[-1]} channels, the last axis of {shape_text(shape)}",
        "give autoPadding axis by axis, as in (true:true:false), or leave the channels out of "
        "the kernel",
    )


def _axis(w: _Windows, size: int, ceil: bool) -> Axis:
    """The windows along one axis of the input."""
    if w.kernel > size:
        raise _does_not_fit(w, size, "the kernel is larger than the input")
    if w.padded:
        out = (size - 1) // w.stride + 1
        return Axis(size, out, w.kernel, w.stride, w.dilation, auto_low(w, size, out), w.shared)
    room = size + w.low + w.high - w.reach
    if room < 0:
        raise _does_not_fit(w, size, "the dilated kernel is larger than the padded input")
    rounded = room + w.stride - 1 if ceil else room
    out = rounded // w.stride + 1
    if (w.low or w.high) and not ceil and room % w.stride:
        raise _does_not_fit(w, size, "explicit padding must make the windows fill the input")
    return Axis(size, out, w.kernel, w.stride, w.dilation, w.low, w.shared)


def auto_low(w: _Windows, size: int, out: int) -> int:
    """The padding in front, so that the first and last window are centred alike on the input."""
    extra = size - ((out - 1) * w.stride + 1)
    return (w.reach - 1) // 2 - extra // 2


def _does_not_fit(w: _Windows, size: int, title: str) -> ShapeError:
    padding = f", padding {w.low} and {w.high}" if w.low or w.high else ""
    label = f"axis {w.number + 1}: {size} elements, kernel {w.kernel}, stride {w.stride}{padding}"
    return ShapeError(DOES_NOT_FIT, title, label)


def transposed_axes(options: Sliding, shape: Shape, maps: int, output: Shape) -> tuple[Axis, ...]:
    """The windows of the convolution that a transposed one turns round.

    `shape` is that of the transposed convolution's input, whose last axis holds `maps` maps;
    `output` is its output, or empty when it follows from the other options.
    """
    if len(options.kernel) != len(shape):
        label = f"{shape_text(options.kernel)} and {shape_text(shape)}"
        help = "the last dimension of the kernel is the number of output channels"
        raise ShapeError(BAD_OPTION, "the kernel must have as many axes as the input", label, help)
    if output and len(output) != len(shape):
        label = f"{shape_text(output)} and {shape_text(shape)}"
        raise ShapeError(BAD_OPTION, "outputShape must have as many axes as the input", label)
    windows = _completed(options, shape, shape)
    last = windows[-1]
    if shape[-1] % maps:
        label = f"{shape[-1]} and {maps}"
        raise ShapeError(BAD_WEIGHTS, "the input channels are not a multiple of mapDims", label)
    counts = (*shape[:-1], shape[-1] // maps)
    if len(shape) > 1 and last.padded and counts[-1] == 1 and last.kernel > 1:
        raise _padded_channels((*shape[:-1], last.kernel))
    sizes = output or tuple(_turned(w, o) for w, o in zip(windows, counts, strict=True))
    axes = tuple(_axis(w, size, ceil=False) for w, size in zip(windows, sizes, strict=True))
    if tuple(a.out for a in axes) != counts:
        label = f"{shape_text(sizes)} would make {shape_text(tuple(a.out for a in axes))}"
        title = "outputShape does not belong to this input"
        raise ShapeError(DOES_NOT_FIT, title, f"{label}, not {shape_text(counts)}")
    return axes


def _turned(w: _Windows, windows: int) -> int:
    """The elements that this many windows are made of."""
    padding = w.reach - 1 if w.padded else w.low + w.high
    return (windows - 1) * w.stride + w.reach - padding


def output_shape(axes: Sequence[Axis], maps: int = 1) -> Shape:
    """The shape of the result: the maps lie along the last axis."""
    counts = tuple(a.out for a in axes)
    return (*counts[:-1], counts[-1] * maps)


def kernel_count(axes: Sequence[Axis], maps: int) -> int:
    """How many kernels there are: one a map, or one for every window of axes not shared."""
    return maps * prod(a.out for a in axes if not a.shared)


def kernel_size(axes: Sequence[Axis]) -> int:
    """The weights of one kernel."""
    return prod(a.kernel for a in axes)
