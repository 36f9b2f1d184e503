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


def _named(array: Array, width: int) -> Array:
    """For each sample how its words fall on the columns of a table: `[width x K x n]`."""
    flat = array.reshape((-1, array.shape[-1]), order="F")
    return (np.arange(width)[:, None, None] == flat[None]).astype(float)


def word_scores(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    w, x, words = arrays
    flat = _columns(x, x.size // x.shape[-1])
    table = _columns(w, len(flat))
    found = np.einsum("vkn,hv,hn->kn", _named(words, table.shape[1]), table, flat)
    return found.reshape(words.shape, order="F")


def word_sums(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    w, slope, words = arrays
    shape = (*(type_of(op.result).shape or ()), words.shape[-1])
    table = _columns(w, type_of(op.result).elements)
    slopes = slope.reshape((-1, slope.shape[-1]), order="F")
    found = np.einsum("vkn,hv,kn->hn", _named(words, table.shape[1]), table, slopes)
    return found.reshape(shape, order="F")


def word_gradient(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    x, slope, words = arrays
    flat = _columns(x, x.size // x.shape[-1])
    width = type_of(op.result).elements // len(flat)
    slopes = slope.reshape((-1, slope.shape[-1]), order="F")
    found = np.einsum("vkn,hn,kn->hv", _named(words, width), flat, slopes)
    return found.reshape(type_of(op.result).shape or (), order="F")


def _classes(label: Array, width: int) -> Array:
    """The words of the class of each sample: `[width x n]`."""
    numbers, (_, _, first, end) = np.arange(width)[:, None], _columns(label, 4).astype(int)
    return (numbers >= first) & (numbers < end)


def _own(label: Array, width: int) -> Array:
    """1 at the word of each sample, if that is of its class: `[width x n]`."""
    own = np.arange(width)[:, None] == _columns(label, 4)[0].astype(int)
    return own & _classes(label, width)


def class_scores(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    w, x, label = arrays
    flat = _columns(x, x.size // x.shape[-1])
    table = _columns(w, len(flat))
    return np.where(_classes(label, table.shape[1]), table.T @ flat, np.nan)


def class_log(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    scores, label = arrays
    own, inside = _own(label, len(scores)), _classes(label, len(scores))
    total = np.logaddexp.reduce(np.where(inside, scores, -np.inf), axis=0)
    score = np.where(own, scores, 0).sum(axis=0)
    return np.where(own.any(axis=0), score - total, -1e30)[None]


def class_slope(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    scores, label = arrays
    inside = _classes(label, len(scores))
    kept = np.where(inside, scores, -np.inf)
    softmax = np.exp(kept - np.logaddexp.reduce(kept, axis=0))
    return np.where(inside, softmax - _own(label, len(scores)), np.nan)


def class_sums(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    w, slope, label = arrays
    kind = type_of(op.result)
    slopes = np.where(_classes(label, len(slope)), slope, 0)
    found = _columns(w, kind.elements) @ slopes
    return found.reshape((*(kind.shape or ()), slope.shape[-1]), order="F")


def class_gradient(op: NetOp, arrays: list[Array], lengths: Lengths) -> Array:
    x, slope, label = arrays
    slopes = np.where(_classes(label, len(slope)), slope, 0)
    found = _columns(x, x.size // x.shape[-1]) @ slopes.T
    return found.reshape(type_of(op.result).shape or (), order="F")


SPECIAL = {
    "net.class_scores": class_scores,
    "net.class_log": class_log,
    "net.class_slope": class_slope,
    "net.class_sums": class_sums,
    "net.class_gradient": class_gradient,
    "net.word_scores": word_scores,
    "net.word_sums": word_sums,
    "net.word_gradient": word_gradient,
    "net.touched": touched,
    "net.slots": slots,
    "net.sparse_times_gradient": gradient,
    "net.put_columns": put_columns,
}
"""These look at the lengths of sequences, or make them."""
