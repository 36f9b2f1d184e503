"""The definitions of operations on sequences in numpy.

Arrays hold the samples sequence after sequence, in the order of the minibatch; `Lengths` gives the
length of each sequence on each dynamic axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.axes import made
from brainscript.dialects.net import alignment, sequence
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.tensors import type_of

Array = npt.NDArray[Any]
Lengths = dict[str, list[int]]
Rows = list[Array]


def split(array: Array, lengths: list[int]) -> Rows:
    """The samples of each sequence."""
    return np.split(array, np.cumsum(lengths)[:-1], axis=-1)


def axis_of(op: NetOp, index: int = 0) -> str:
    """The dynamic axis of an operand."""
    axis = type_of(op.operands[index]).axis
    assert axis is not None
    return axis


def result_axis(op: NetOp) -> str:
    """The dynamic axis of the result."""
    axis = type_of(op.result).axis
    assert axis is not None
    return axis


def know(axis: str, lengths: Lengths) -> None:
    """Fill in the lengths of an axis made from another one."""
    how = made(axis)
    if axis in lengths or how.kind in ("stream", "found"):
        return
    know(how.base, lengths)
    bases = lengths[how.base]
    if how.kind == "first":
        lengths[axis] = [1] * len(bases)
    else:
        lengths[axis] = [len(range(n)[how.begin : how.end or None]) for n in bases]


def steps(op: NetOp, length: int) -> range:
    """The steps that a slice keeps."""
    begin, end = (int(v) for v in op.option_values().values())  # pyright: ignore[reportArgumentType]
    return range(length)[begin : end or None]


def sliced(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    rows = split(arrays[0], lengths[axis_of(op)])
    return np.concatenate([r[..., list(steps(op, r.shape[-1]))] for r in rows], axis=-1)


def embedded(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    whole = lengths[result_axis(op)]
    parts: Rows = []
    for row, length in zip(split(arrays[0], lengths[axis_of(op)]), whole, strict=True):
        part = np.zeros((*row.shape[:-1], length))
        part[..., list(steps(op, length))] = row
        parts.append(part)
    return np.concatenate(parts, axis=-1)


def spread(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    mine, other = lengths[result_axis(op)], lengths[axis_of(op)]
    rows = split(arrays[0], other)
    if max(other) == 1:
        rows = [np.repeat(r, n, axis=-1) for r, n in zip(rows, mine, strict=True)]
    return np.concatenate(rows, axis=-1)


def fold(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    rows = split(arrays[0], lengths[axis_of(op)])
    if max(lengths[result_axis(op)]) == 1:
        rows = [r.sum(axis=-1, keepdims=True) for r in rows]
    return np.concatenate(rows, axis=-1)


def where(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    found: list[list[int]] = []
    for row in split(arrays[0], lengths[axis_of(op)]):
        listed, wanted = list[int](), 0.0
        for step, value in enumerate(row.reshape(-1)):
            wanted += float(value)
            while (not listed and wanted > 0) or len(listed) < wanted * (1 - 1e-7):
                listed.append(step)
        found.append(listed)
    lengths[result_axis(op)] = [len(listed) for listed in found]
    return np.array([[float(step) for listed in found for step in listed]])


def columns(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    assert isinstance(op, sequence.ColumnsOp)
    others = lengths[op.axis.data]
    starts = np.cumsum([0, *others])[: len(others)]
    mine = lengths[axis_of(op)]
    return arrays[0] + np.repeat(starts, mine)[None]


def gather(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    return arrays[1][..., arrays[0].reshape(-1).astype(int)]


def scatter(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    kind = type_of(op.result)
    shape = kind.shape or ()
    count = () if kind.axis is None else (sum(lengths[kind.axis]),)
    result = np.zeros((*shape, *count))
    samples = np.moveaxis(arrays[1], -1, 0)
    np.add.at(np.moveaxis(result, -1, 0), arrays[0].reshape(-1).astype(int), samples)
    return result


def ways(labels: list[int], length: int, blank: int, classes: int) -> list[tuple[int, ...]]:
    """All sequences of classes that become the labels without repetitions and blanks."""
    found: list[tuple[int, ...]] = []
    for path in product(range(classes), repeat=length):
        short = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in short if c != blank] == labels:
            found.append(path)
    return found


def _paths(op: NetOp, arrays: Rows, lengths: Lengths) -> list[tuple[Array, float]]:
    """For each sequence how often each class is taken at each step, and `-ln P`."""
    blank = op.option_values()["blank"]
    assert isinstance(blank, int)
    rows = split(arrays[0], lengths[axis_of(op)])
    tokens = split(arrays[1], lengths[axis_of(op)])
    found: list[tuple[Array, float]] = []
    for log_p, token in zip(rows, tokens, strict=True):
        labels = [int(t) for t in token.reshape(-1) if t >= 0]
        taken, total = np.zeros_like(log_p), 0.0
        for path in ways(labels, log_p.shape[-1], blank, len(log_p)):
            p = float(np.exp(sum(log_p[c, t] for t, c in enumerate(path))))
            taken[list(path), np.arange(len(path))] += p
            total += p
        found.append((taken / total, -float(np.log(total))))
    return found


def ctc_loss(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    return np.array([[loss for _, loss in _paths(op, arrays, lengths)]])


def ctc_gradient(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    return np.exp(arrays[0]) - np.concatenate([t for t, _ in _paths(op, arrays, lengths)], axis=-1)


def forward_backward(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    assert isinstance(op, alignment.ForwardBackwardOp)
    graph, z = arrays
    top = z.max(axis=0)
    log_p = z - top - np.log(np.exp(z - top).sum(axis=0))
    tokens = np.where(graph.max(axis=0) == alignment.BEGINS, graph.argmax(axis=0), -1)
    return np.array([sum(loss for _, loss in _paths(op, [log_p, tokens[None]], lengths))])


def least_edits(left: list[int], right: list[int], penalties: Mapping[str, float]) -> int:
    """The edits of the cheapest way, found by trying all."""

    def best(i: int, j: int) -> tuple[float, int]:
        if i == 0 or j == 0:
            name, count = ("insertion", j) if i == 0 else ("deletion", i)
            return penalties[name] * count, count
        if left[i - 1] == right[j - 1]:
            return best(i - 1, j - 1)
        cost, edits = best(i - 1, j - 1)
        options = [(cost + penalties["substitution"], edits + 1)]
        cost, edits = best(i, j - 1)
        options.append((cost + penalties["insertion"], edits + 1))
        cost, edits = best(i - 1, j)
        options.append((cost + penalties["deletion"], edits + 1))
        return min(options, key=lambda option: option[0])

    return best(len(left), len(right))[1]


def tokens_of(row: Array, op: alignment.EditDistanceOp) -> list[int]:
    """The tokens of a sequence that count."""
    classes = row.reshape(-1, row.shape[-1]).argmax(axis=0).tolist()
    if bool(op.option_values()["squash"]):
        classes = [c for i, c in enumerate(classes) if i == 0 or c != classes[i - 1]]
    ignored = {item.value.data for item in op.ignore}
    return [c for c in classes if c not in ignored]


def edit_distance(op: NetOp, arrays: Rows, lengths: Lengths) -> Array:
    assert isinstance(op, alignment.EditDistanceOp)
    left = [tokens_of(r, op) for r in split(arrays[0], lengths[axis_of(op, 0)])]
    right = [tokens_of(r, op) for r in split(arrays[1], lengths[axis_of(op, 1)])]
    penalties = {k: float(v) for k, v in op.option_values().items() if isinstance(v, float)}
    edits = sum(least_edits(a, b, penalties) for a, b in zip(left, right, strict=True))
    return np.array([edits * sum(lengths[axis_of(op)]) / sum(len(a) for a in left)])


SPECIAL: dict[str, Callable[[NetOp, Rows, Lengths], Array]] = {
    "net.sequence_slice": sliced,
    "net.sequence_embed": embedded,
    "net.sequence_spread": spread,
    "net.sequence_fold": fold,
    "net.where": where,
    "net.columns": columns,
    "net.gather_packed": gather,
    "net.scatter_columns": scatter,
    "net.ctc_loss": ctc_loss,
    "net.ctc_gradient": ctc_gradient,
    "net.forward_backward": forward_backward,
    "net.edit_distance": edit_distance,
}
