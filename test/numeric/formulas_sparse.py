"""The definitions of operations on values that are stored sparse, on dense arrays in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.dialects.net import sparse
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.tensors import type_of

Array = npt.NDArray[Any]
Lengths = dict[str, list[int]]


def _columns(array: Array, rows: int) -> Array:
    """Pieces of so many elements, side by side."""
    return array.reshape((rows, -1), order="F")


def touched(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    assert isinstance(op, sparse.TouchedOp)
    width = op.width.value.data
    used = [np.any(_columns(array, width) != 0, axis=1) for array in arrays]
    found = np.flatnonzero(np.any(used, axis=0))
    axis = type_of(op.result).axis
    assert axis is not None
    lengths[axis] = [1] * len(found)
    return found[None].astype(float)


def slots(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    places = np.full(type_of(op.result).elements, np.nan)
    places[arrays[0][0].astype(int)] = np.arange(arrays[0].size)
    return places.reshape(type_of(op.result).shape or (), order="F")


def gradient(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    assert isinstance(op, sparse.SparseGradientOp)
    g, x, *given = arrays
    out, reduced, _ = sparse.product_sizes(op.weights, type_of(op.x), type_of(op.g))
    product = _columns(g, out) @ _columns(x, reduced).T
    if not given:
        product = product.T if op.transposed else product
        return product.reshape(type_of(op.result).shape or (), order="F")
    place = given[0].reshape(-1, order="F")
    listed = np.flatnonzero(~np.isnan(place))
    return product[:, listed[np.argsort(place[listed])]]


def put_columns(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    old, index, columns = arrays
    new = _columns(old, len(columns)).copy()
    new[:, index[0].astype(int)] = columns
    return new.reshape(old.shape, order="F")


SPECIAL = {
    "net.touched": touched,
    "net.slots": slots,
    "net.sparse_times_gradient": gradient,
    "net.put_columns": put_columns,
}
"""These look at the lengths of sequences, or make them."""
