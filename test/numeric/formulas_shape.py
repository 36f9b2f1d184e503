"""The shape family in numpy, for the reference interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.dialects.net import shape as sh
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.tensors import shape_of, type_of

Array = npt.NDArray[Any]


def reshape(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The elements in the same order, first axis fastest."""
    return arrays[0].reshape(shape, order="F")


def cut(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Part of one axis."""
    assert isinstance(op, sh.SliceOp)
    axis, end = op.axis.value.data - 1, op.end.value.data
    return np.moveaxis(np.moveaxis(arrays[0], axis, 0)[op.begin.value.data : end or None], 0, axis)


def embed(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Zeros around."""
    assert isinstance(op, sh.EmbedOp)
    axis, begin = op.axis.value.data - 1, op.begin.value.data
    result = np.zeros(shape)
    place = [slice(None)] * len(shape)
    place[axis] = slice(begin, begin + arrays[0].shape[axis])
    result[tuple(place)] = arrays[0]
    return result


def splice(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """One after the other."""
    assert isinstance(op, sh.SpliceOp)
    axis, rank = op.axis.value.data - 1, len(shape_of(op.result))
    parts: list[Array] = []
    for value, array in zip(op.parts, arrays, strict=True):
        kind = type_of(value)
        static = (*shape_of(value), *(1,) * (rank - len(shape_of(value))))
        tail = () if type_of(op.result).axis is None else shape[rank:]
        own = tail if kind.axis is not None else (1,) * len(tail)
        full = tuple(d if k == axis else shape[k] for k, d in enumerate(static))
        parts.append(np.broadcast_to(array.reshape(*static, *own), (*full, *tail)))
    return np.concatenate(parts, axis=axis)


def row_repeat(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The last static axis several times."""
    assert isinstance(op, sh.RowRepeatOp)
    return np.concatenate([arrays[0]] * op.count.value.data, axis=len(shape_of(op.result)) - 1)


def transpose(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Two axes swapped."""
    assert isinstance(op, sh.TransposeDimensionsOp)
    given, rank = shape_of(op.x), len(shape_of(op.result))
    full = arrays[0].reshape(*given, *(1,) * (rank - len(given)), *arrays[0].shape[len(given) :])
    return np.swapaxes(full, op.axis1.value.data - 1, op.axis2.value.data - 1)


def diagonal(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The diagonal as a row."""
    return np.diagonal(arrays[0]).reshape(shape)


SPECIAL = {
    "net.reshape": reshape,
    "net.legacy_reshape": reshape,
    "net.slice": cut,
    "net.embed": embed,
    "net.splice": splice,
    "net.row_repeat": row_repeat,
    "net.transpose_dimensions": transpose,
    "net.diagonal": diagonal,
    "net.trace": reshape,
}
