"""The larger criteria and products of samples in numpy, for the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import log, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.dialects.net import linear, samples
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.tensors import shape_of, type_of

Array = npt.NDArray[Any]


def columns(op: NetOp, index: int, array: Array) -> Array:
    """Operand `index` as a matrix with one column per sample."""
    count = array.shape[-1] if type_of(op.operands[index]).axis is not None else 1
    return array.reshape(prod(shape_of(op.operands[index])), count, order="F")


def khatri_rao(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The first factor is the fastest."""
    left, right = (columns(op, i, a) for i, a in enumerate(arrays))
    return (right[:, None, :] * left[None, :, :]).reshape(shape)


def lookup(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The table times each piece."""
    size = arrays[0].shape[1]
    x = columns(op, 1, arrays[1])
    pieces = x.reshape(len(x) // size, size, -1)
    return np.einsum("rc,kcn->krn", arrays[0], pieces).reshape(shape)


def cosines(a: Array, b: Array) -> Array:
    """The cosine of every two columns."""
    return (a * b).sum(axis=0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)


def negative_samples(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The partner, then those of other samples."""
    assert isinstance(op, linear.CosDistanceWithNegativeSamplesOp)
    a, b = (columns(op, i, array) for i, array in enumerate(arrays))
    shift = op.shift.value.data
    turns = [0, *(shift + i for i in range(op.count.value.data))]
    return np.stack([cosines(a, np.roll(b, -turn, axis=1)) for turn in turns]).reshape(shape)


Special = Callable[[NetOp, list[Array], tuple[int, ...]], Array]


def total(function: Callable[[Array], Any]) -> Special:
    """One number from all samples."""

    def run(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
        return np.reshape(function(arrays[0]), shape)

    return run


def each_sum(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The sum over the elements of each sample."""
    return columns(op, 0, arrays[0]).sum(axis=0).reshape(shape)


def log_softmax(x: Array) -> Array:
    """Of one vector."""
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def class_based(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Sample by sample, over the words of the class alone."""
    label, h, classes = (columns(op, i, arrays[i]) for i in (0, 1, 3))
    h, result = np.broadcast_to(h, (len(h), label.shape[1])), 0.0
    for j in range(label.shape[1]):
        word, group, first, end = (int(n) for n in label[:, j])
        scores = arrays[2][:, first:end].T @ h[:, j]
        result -= log_softmax(scores)[word - first] + log_softmax(classes[:, j])[group]
    return np.reshape(result, shape)


def contrast(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Pair by pair."""
    label, h = (columns(op, i, arrays[i]) for i in (0, 1))
    h = np.broadcast_to(h, (len(h), label.shape[1]))
    bias, result = arrays[3].ravel(), 0.0
    for j in range(label.shape[1]):
        pairs = label[:, j].reshape(-1, 2)
        for i, (word, value) in enumerate(pairs):
            score = bias[int(word)] + h[:, j] @ arrays[2][:, int(word)]
            noise = log(len(pairs) - 1) + (value if i == 0 else -value)
            result -= (noise if i else score) - np.logaddexp(score, noise)
    return np.reshape(result, shape)


def queries(query: Array) -> list[range]:
    """The samples of each query."""
    cuts = [0, *(np.flatnonzero(np.diff(query)) + 1).tolist(), len(query)]
    return [range(a, b) for a, b in pairwise(cuts) if a < b]


def order(gain: Array, score: Array, of: range) -> list[int]:
    """The samples of a query, best score first, of equal ones the smallest gain."""
    return sorted(of, key=lambda i: (-score[i], gain[i]))


def lambda_rank(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """100 n times one minus the mean of DCG over ideal DCG."""
    gain, score, query = (a.ravel() for a in arrays)
    found: list[float] = []
    for of in queries(query):
        dcg = sum(gain[i] / log(2 + r) for r, i in enumerate(order(gain, score, of)))
        found.append(dcg / sum(gain[i] / log(2 + r) for r, i in enumerate(of)))
    return np.reshape(100 * len(gain) * (1 - np.mean(found)), shape)


def ndcg1(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """100 n times the mean gain of the best over that of the first."""
    gain, score, query = (a.ravel() for a in arrays)
    found = [
        gain[order(gain, score, of)[0]] / gain[of[0]] if gain[of[0]] else 0.0
        for of in queries(query)
    ]
    return np.reshape(100 * len(gain) * np.mean(found), shape)


def roll(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Samples from further on."""
    assert isinstance(op, samples.RollOp)
    return np.roll(arrays[0], -op.shift.value.data, axis=-1)


def query_fold(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Sample against sample."""
    assert isinstance(op, samples.QueryFoldOp)
    query, *values = (a.ravel() for a in arrays)
    result = np.zeros(len(query))
    for of in queries(query):
        for i in of:
            result[i] = sum(pair(op.fold.data, values, i, j) for j in of)
    return result.reshape(shape)


def pair(fold: str, values: list[Array], i: int, j: int) -> float:
    """What sample j adds to sample i."""
    if fold == "place":
        return float(j < i)
    if fold == "sum":
        return float(values[0][j])
    s, g = values[:2]
    if fold == "rank":
        return float((-s[j], g[j], j) < (-s[i], g[i], i))
    if g[i] == g[j]:
        return 0.0
    d, ideal = values[2:]
    size = abs((g[i] - g[j]) * (d[i] - d[j]) / (d[i] * d[j]) / ideal[i])
    high, low = (i, j) if g[i] > g[j] else (j, i)
    share = float(size / (1 + np.exp(s[high] - s[low])))
    return -share if high == i else share


def running_mean(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The sums before and of the minibatch over all samples."""
    x, mean, count, samples = arrays
    return (x.sum(axis=-1) + count * mean) / (count + samples)


SPECIAL = {
    "net.running_mean": running_mean,
    "net.khatri_rao_product": khatri_rao,
    "net.lookup_table": lookup,
    "net.cos_distance_with_negative_samples": negative_samples,
    "net.matrix_l1_reg": total(lambda x: np.abs(x).sum()),
    "net.matrix_l2_reg": total(lambda x: np.sqrt((x * x).sum())),
    "net.sum_column_elements": each_sum,
    "net.class_based_cross_entropy_with_softmax": class_based,
    "net.noise_contrastive": contrast,
    "net.lambda_rank": lambda_rank,
    "net.ndcg1_eval": ndcg1,
    "net.roll": roll,
    "net.query_fold": query_fold,
}
