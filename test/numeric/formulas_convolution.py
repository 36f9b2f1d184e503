"""Convolution and pooling in numpy: every window is gathered by a table of indices."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.dialects.net import convolution as cv
from brainscript.dialects.net import crop, crop_offsets
from brainscript.dialects.net import pooling as pl
from brainscript.dialects.net.base import NetOp, plain
from brainscript.dialects.net.windows import Axis
from brainscript.dialects.tensors import shape_of, type_of

Array = npt.NDArray[Any]


def window_table(axes: tuple[Axis, ...]) -> npt.NDArray[np.int64]:
    """For every window and every step of it, both first axis fastest, the element, or -1."""
    table = np.zeros((1, 1), np.int64)
    pitch = 1
    for axis in axes:
        places = [
            [-1 if (e := axis.element(o, k)) is None else e for k in range(axis.kernel)]
            for o in range(axis.out)
        ]
        own = np.array(places, np.int64)
        both = np.where(
            (own[:, None, :, None] < 0) | (table[None, :, None, :] < 0),
            -1,
            own[:, None, :, None] * pitch + table[None, :, None, :],
        )
        table = both.reshape(both.shape[0] * both.shape[1], -1)
        pitch *= axis.size
    return table


def gathered(x: Array, table: npt.NDArray[np.int64], outside: float) -> Array:
    """`[windows, steps, samples]`; `outside` in the padding."""
    full = np.concatenate([x, np.full((1, x.shape[1]), outside)])
    return full[table]


def scattered(parts: Array, table: npt.NDArray[np.int64], size: int) -> Array:
    """The adjoint of `gathered`."""
    full = np.zeros((size + 1, parts.shape[2]))
    np.add.at(full, np.where(table < 0, size, table), parts)
    return full[:size]


class Correlation:
    """The windows, weights and samples of one convolution as matrices."""

    def __init__(self, options: Mapping[str, Any]):
        self.axes = cv.axes_of(options)
        self.maps = int(options["maps"])
        self.first = bool(options.get("channels_first", False))
        self.table = window_table(self.axes)
        own = tuple(
            Axis(a.out, a.out, 1) if not a.shared else Axis(1, a.out, 1, 0) for a in self.axes
        )
        self.kernel_of = window_table(own)[:, 0]
        self.kernels = prod(a.out for a in self.axes if not a.shared)

    def weights(self, w: Array) -> Array:
        """`[maps, kernels, steps]` from the parameter."""
        flat = w.reshape(-1, order="F")
        steps = self.table.shape[1]
        if self.first:
            by_map = flat.reshape(self.kernels, -1, self.maps).transpose(2, 0, 1)
            return by_map[:, :, self.order(self.kernel())]
        return flat.reshape(self.maps, self.kernels, steps)

    def kernel(self) -> tuple[int, ...]:
        """The shape of a kernel."""
        return tuple(a.kernel for a in self.axes)

    def order(self, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Where each element, channels last, lies in memory with the channels first."""
        moved = np.arange(prod(shape)).reshape(shape[-1], *shape[:-1], order="F")
        return np.moveaxis(moved, 0, -1).reshape(-1, order="F")

    def sample(self, x: Array) -> Array:
        """`[elements, samples]` with the channels last."""
        flat = x.reshape(prod(a.size for a in self.axes), -1, order="F")
        return flat[self.order(tuple(a.size for a in self.axes))] if self.first else flat

    def unsample(self, x: Array) -> Array:
        """The inverse of `sample`, still flat."""
        if not self.first:
            return x
        result = np.empty_like(x)
        result[self.order(tuple(a.size for a in self.axes))] = x
        return result

    def results(self, z: Array) -> Array:
        """`[maps, windows, samples]` from what lies in memory."""
        if self.first:
            return z.reshape(self.maps, self.table.shape[0], -1, order="F")
        flat = z.reshape(self.table.shape[0], self.maps, -1, order="F")
        return flat.transpose(1, 0, 2)

    def stored(self, z: Array, shape: tuple[int, ...]) -> Array:
        """The inverse of `results`."""
        order = z if self.first else z.transpose(1, 0, 2)
        return order.reshape(shape, order="F")

    def forward(self, w: Array, x: Array, shape: tuple[int, ...]) -> Array:
        """The convolution."""
        parts = gathered(self.sample(x), self.table, 0.0)
        weights = self.weights(w)[:, self.kernel_of]
        return self.stored(np.einsum("mok,okn->mon", weights, parts), shape)

    def back(self, w: Array, g: Array, shape: tuple[int, ...]) -> Array:
        """The adjoint."""
        weights = self.weights(w)[:, self.kernel_of]
        parts = np.einsum("mok,mon->okn", weights, self.results(g))
        size = prod(a.size for a in self.axes)
        return self.unsample(scattered(parts, self.table, size)).reshape(shape, order="F")

    def of_weights(self, x: Array, g: Array, shape: tuple[int, ...]) -> Array:
        """The gradient of the weights."""
        parts = gathered(self.sample(x), self.table, 0.0)
        each = np.einsum("okn,mon->mok", parts, self.results(g))
        total = np.zeros((self.maps, self.kernels, self.table.shape[1]))
        for window, kernel in enumerate(self.kernel_of):
            total[:, kernel] += each[:, window]
        if self.first:
            flat = np.empty_like(total)
            flat[:, :, self.order(self.kernel())] = total
            return flat.transpose(1, 2, 0).reshape(-1).reshape(shape, order="F")
        return total.reshape(-1).reshape(shape, order="F")


def options_of(op: NetOp) -> dict[str, Any]:
    """The properties of an operation on windows as plain values."""
    return {name: plain(value) for name, value in op.properties.items()}


def convolution(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """A convolution as it is written."""
    assert isinstance(op, cv.ConvolutionOp)
    windows = Correlation(op.window_options())
    made = windows.back if op.is_transposed else windows.forward
    return made(arrays[0], arrays[1], shape)


def correlate(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.correlate`."""
    return Correlation(options_of(op)).forward(arrays[0], arrays[1], shape)


def correlate_back(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.correlate_back`."""
    return Correlation(options_of(op)).back(arrays[0], arrays[1], shape)


def correlate_weights(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.correlate_weights`."""
    return Correlation(options_of(op)).of_weights(arrays[0], arrays[1], shape)


class Pool:
    """The windows of a pooling."""

    def __init__(self, options: Mapping[str, Any]):
        self.axes = cv.axes_of(options)
        self.table = window_table(self.axes)
        self.size = prod(a.size for a in self.axes)
        self.largest = options.get("kind", pl.MAX) == pl.MAX
        self.include = bool(options.get("include_pad", False))

    def flat(self, x: Array, size: int) -> Array:
        """`[elements, samples]`."""
        return x.reshape(size, -1, order="F")

    def winners(self, x: Array) -> Array:
        """The element of every window and sample that is its first largest."""
        parts = gathered(self.flat(x, self.size), self.table, -np.inf)
        step: Array = parts.argmax(axis=1)
        found: Array = np.take_along_axis(self.table, step, axis=1)
        return found

    def divisors(self) -> Array:
        """What the sum of each window is divided by."""
        if self.include:
            return np.array([float(len(row)) for row in self.table])
        return np.array([float(np.count_nonzero(row >= 0)) for row in self.table])

    def forward(self, x: Array, shape: tuple[int, ...]) -> Array:
        """One number for every window."""
        outside = -np.inf if self.largest else 0.0
        parts = gathered(self.flat(x, self.size), self.table, outside)
        mean: Array = parts.sum(axis=1) / self.divisors()[:, None]
        largest: Array = parts.max(axis=1)
        found = largest if self.largest else mean
        return found.reshape(shape, order="F")

    def back(self, g: Array, x: Array | None, shape: tuple[int, ...]) -> Array:
        """The gradient."""
        g = self.flat(g, self.table.shape[0])
        if x is None:
            parts = np.broadcast_to(
                (g / self.divisors()[:, None])[:, None], (*self.table.shape, g.shape[1])
            )
            return scattered(parts, self.table, self.size).reshape(shape, order="F")
        total = np.zeros((self.size, g.shape[1]))
        samples = list(range(int(g.shape[1])))
        for window, winner in enumerate(self.winners(x)):
            total[winner, samples] += g[window]
        return total.reshape(shape, order="F")

    def spread(self, values: Array, x: Array, shape: tuple[int, ...]) -> Array:
        """Each value at the winner of its window; of several the last."""
        values, winners = self.flat(values, self.table.shape[0]), self.winners(x)
        total = np.zeros((self.size, values.shape[1]))
        for window in range(self.table.shape[0]):
            total[winners[window], np.arange(values.shape[1])] = values[window]
        return total.reshape(shape, order="F")

    def collect(self, g: Array, x: Array, shape: tuple[int, ...]) -> Array:
        """The adjoint of `spread`."""
        winners, g = self.winners(x), self.flat(g, self.size)
        numbers = list(range(int(g.shape[1])))
        last = np.full(g.shape, -1)
        for window in range(self.table.shape[0]):
            last[winners[window], numbers] = window
        found = np.zeros(winners.shape)
        for window, places in enumerate(winners):
            own = last[places, numbers] == window
            found[window] = np.where(own, g[places, numbers], 0.0)
        return found.reshape(shape, order="F")


def pooling(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """A pooling as it is written."""
    assert isinstance(op, pl.PoolingNode)
    return Pool(op.window_options()).forward(arrays[0], shape)


def pool(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.pool`."""
    return Pool(options_of(op)).forward(arrays[0], shape)


def pool_back(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.pool_back`."""
    return Pool(options_of(op)).back(arrays[0], arrays[1] if len(arrays) > 1 else None, shape)


def max_unpooling(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """An unpooling as it is written."""
    assert isinstance(op, pl.MaxUnpoolingOp)
    return Pool(op.window_options()).spread(arrays[0], arrays[1], shape)


def unpool(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.unpool`."""
    return Pool(options_of(op)).spread(arrays[0], arrays[1], shape)


def unpool_back(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`net.unpool_back`."""
    return Pool(options_of(op)).collect(arrays[0], arrays[1], shape)


def cropped(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Part of an image."""
    assert isinstance(op, crop.CropOp)
    left, top = crop_offsets.offsets_of(op)
    return arrays[0][left : left + shape[0], top : top + shape[1]]


def bin_of(
    region: Array,
    bins: tuple[int, int],
    place: tuple[int, int],
    scale: float,
    sizes: tuple[int, int],
) -> tuple[slice, slice]:
    """The elements of one bin of a region."""
    corners = [floor(abs(v * scale) + 0.5) * (1 if v >= 0 else -1) for v in region]
    found: list[slice] = []
    for axis in (0, 1):
        low = corners[axis]
        length = max(corners[axis + 2] - low + 1, 1)
        first = low + floor(place[axis] * length / bins[axis])
        last = low + ceil((place[axis] + 1) * length / bins[axis])
        found.append(slice(min(max(first, 0), sizes[axis]), min(max(last, 0), sizes[axis])))
    return found[0], found[1]


def regions(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The largest element of every bin; with a gradient, that gradient at the first largest."""
    assert isinstance(op, pl.RoiPoolingOp | pl.RoiPoolingBackOp)
    width, height = cv.numbers(options_of(op), "bins")
    bins, scale = (width, height), op.scale.value.data
    sampled = [type_of(v).axis is not None for v in op.operands]
    count = max(a.shape[-1] if s else 1 for a, s in zip(arrays, sampled, strict=True))
    x, boxes, *gradient = (
        a if s else np.repeat(a[..., None], count, -1) for a, s in zip(arrays, sampled, strict=True)
    )
    wide, high, channels = shape_of(op.x)
    result = np.zeros((*bins, channels, boxes.shape[1], count))
    back = np.zeros(x.shape)
    for i, j, c, r, n in np.ndindex(result.shape):
        place = bin_of(boxes[:, r, n], bins, (i, j), scale, (wide, high))
        part = x[(*place, c, n)]
        if part.size == 0:
            continue
        result[i, j, c, r, n] = part.max()
        if gradient:
            flat = int(part.reshape(-1, order="F").argmax())
            u, v = flat % part.shape[0], flat // part.shape[0]
            back[place[0].start + u, place[1].start + v, c, n] += gradient[0][i, j, c, r, n]
    return (back if gradient else result).reshape(shape)


SPECIAL = {
    "net.convolution": convolution,
    "net.correlate": correlate,
    "net.correlate_back": correlate_back,
    "net.correlate_weights": correlate_weights,
    "net.pooling": pooling,
    "net.max_pooling": pooling,
    "net.average_pooling": pooling,
    "net.pool": pool,
    "net.pool_back": pool_back,
    "net.max_unpooling": max_unpooling,
    "net.unpool": unpool,
    "net.unpool_back": unpool_back,
    "net.crop": cropped,
    "net.roi_pooling": regions,
    "net.roi_pooling_back": regions,
}
