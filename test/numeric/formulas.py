"""The definitions of the operations in numpy, for the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from brainscript.dialects.net import linear, reduce
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.products import product_sizes
from brainscript.dialects.tensors import shape_of, type_of
from test.numeric import (
    formulas_convolution,
    formulas_criteria,
    formulas_normalise,
    formulas_shape,
)

Array = npt.NDArray[Any]

SMALLEST_LOG = float(np.float32(1e-37))
LOG_OF_ZERO = float(np.float32(-85.1))
SMALLEST_DIVISOR = float(np.float32(1e-30))


def log(x: Array) -> Array:
    """The clipped logarithm."""
    return np.where(x < SMALLEST_LOG, LOG_OF_ZERO, np.log(np.maximum(x, SMALLEST_LOG)))


def quotient(a: Array, b: Array) -> Array:
    """`a / b`, the divisor kept away from 0."""
    small = np.abs(b) < SMALLEST_DIVISOR
    return a / np.where(small, np.where(b < 0, -SMALLEST_DIVISOR, SMALLEST_DIVISOR), b)


def reciprocal(x: Array) -> Array:
    """`1 / x`, and 0 where x is 0."""
    return np.where(x == 0, 0, 1 / np.where(x == 0, 1, x))


def sigmoid(x: Array) -> Array:
    """`1 / (1 + e^-x)` without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


Special = Callable[[NetOp, list[Array], tuple[int, ...]], Array]
Array1 = Callable[[Array], Array]
Array2 = Callable[[Array, Array], Array]
Array3 = Callable[[Array, Array, Array], Array]

UNARY: dict[str, Array1] = {
    "net.abs": np.abs,
    "net.acos": np.arccos,
    "net.asin": np.arcsin,
    "net.cosine": np.cos,
    "net.cosh": np.cosh,
    "net.exp": np.exp,
    "net.floor": np.floor,
    "net.labels_to_graph": lambda x: x,
    "net.log": log,
    "net.negate": np.negative,
    "net.pass": lambda x: x,
    "net.reciprocal": reciprocal,
    "net.rectified_linear": lambda x: np.where(x > 0, x, 0),
    "net.sigmoid": sigmoid,
    "net.sign": np.sign,
    "net.sin": np.sin,
    "net.sinh": np.sinh,
    "net.sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
    "net.stop_gradient": lambda x: x,
    "net.stable_sigmoid": sigmoid,
    "net.tanh": np.tanh,
}

BINARY: dict[str, Array2] = {
    "net.element_times": np.multiply,
    "net.diag_times": np.multiply,
    "net.equal": lambda a, b: (a == b) * 1.0,
    "net.greater": lambda a, b: (a > b) * 1.0,
    "net.greater_equal": lambda a, b: (a >= b) * 1.0,
    "net.less": lambda a, b: (a < b) * 1.0,
    "net.less_equal": lambda a, b: (a <= b) * 1.0,
    "net.not_equal": lambda a, b: (a != b) * 1.0,
    "net.log_plus": np.logaddexp,
    "net.minus": np.subtract,
    "net.plus": np.add,
    "net.quotient": quotient,
}

TERNARY: dict[str, Array3] = {
    "net.clip": lambda low, high, x: np.where(x < low, low, np.where(x > high, high, x)),
    "net.select": lambda c, a, b: np.where(c != 0, a, b),
    "net.per_dim_mean_var_normalization": lambda x, mean, s: (x - mean) * s,
    "net.per_dim_mean_var_de_normalization": lambda x, mean, s: quotient(x, s) + mean,
}

ELEMENTWISE: dict[str, Callable[..., Array]] = {
    **UNARY,
    **BINARY,
    **TERNARY,
    **formulas_normalise.ELEMENTWISE,
}


def flat(op: NetOp, index: int, array: Array) -> Array:
    """Operand `index` as a matrix with one column per sample (one column if it has no axis)."""
    kind = type_of(op.operands[index])
    samples = array.shape[-1] if kind.axis is not None else 1
    return array.reshape(prod(kind.shape or ()), samples, order="F")


def matrices(array: Array, rows: int, sampled: bool) -> Array:
    """An operand of a product as matrices of `rows` rows: shape (samples, rows, rest)."""
    samples = array.shape[-1] if sampled else 1
    rest = prod(array.shape[:-1] if sampled else array.shape) // rows
    return np.moveaxis(array.reshape(rows, rest, samples, order="F"), 2, 0)


def fold(product: Array, op: NetOp, shape: tuple[int, ...]) -> Array:
    """Matrices (samples, rows, rest) as the result; summed over samples if it has no axis."""
    if type_of(op.result).axis is None:
        product = product.sum(axis=0, keepdims=True)
    return np.moveaxis(product, 0, 2).reshape(shape, order="F")


def times(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`A * B`, or `A' * B`."""
    a, b = op.operands
    a_shape = shape_of(a)
    if isinstance(op, linear.TimesOp) and op.multiplies_sums:
        return (arrays[0].sum(axis=1) * arrays[1].sum(axis=0)).reshape(shape)
    if isinstance(op, linear.TimesOp):
        out, reduced, _ = product_sizes(a_shape, op.output_rank.value.data, 1)
        left = matrices(arrays[0], out, type_of(a).axis is not None)
    else:
        reduced = a_shape[0]
        left = matrices(arrays[0], reduced, type_of(a).axis is not None).transpose(0, 2, 1)
    right = matrices(arrays[1], reduced, type_of(b).axis is not None)
    return fold(left @ right, op, shape)


def times_gradient_left(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`g * B'`."""
    assert isinstance(op, linear.TimesGradientLeftOp)
    out, reduced = linear.split(type_of(op.result), op.output_rank)
    g = matrices(arrays[0], out, type_of(op.g).axis is not None)
    b = matrices(arrays[1], reduced, type_of(op.b).axis is not None)
    return fold(g @ b.transpose(0, 2, 1), op, shape)


def times_gradient_right(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """`A' * g`."""
    assert isinstance(op, linear.TimesGradientRightOp)
    out, _ = linear.split(type_of(op.a), op.output_rank)
    a = matrices(arrays[0], out, type_of(op.a).axis is not None)
    g = matrices(arrays[1], out, type_of(op.g).axis is not None)
    return fold(a.transpose(0, 2, 1) @ g, op, shape)


def sum_to(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Sum over what the result does not have."""
    wide, narrow = type_of(op.operands[0]), type_of(op.result)
    x = arrays[0]
    if wide.axis is not None and narrow.axis is None:
        x = x.sum(axis=-1)
    small = (narrow.shape or ()) + (1,) * len(wide.shape or ())
    for k, size in enumerate(wide.shape or ()):
        if small[k] != size:
            x = x.sum(axis=k, keepdims=True)
    return x.reshape(shape)


def sum_elements(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The sum of everything."""
    return arrays[0].sum().reshape(1)


def cos_distance(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The cosine of the angle between samples."""
    a, b = (flat(op, index, array) for index, array in enumerate(arrays))
    norms = np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0)
    return quotient(quotient((a * b).sum(axis=0), norms[0]), norms[1]).reshape(shape)


def _first(x: Array, axis: tuple[int, ...], find: Callable[..., Any]) -> Array:
    """The index of the first extreme along `axis`; several axes count as one, first fastest."""
    kept = [k for k in range(x.ndim) if k not in axis]
    count = prod(x.shape[k] for k in axis)
    rows = np.transpose(x, (*reversed(axis), *kept)).reshape(count, *(x.shape[k] for k in kept))
    shape = tuple(1 if k in axis else size for k, size in enumerate(x.shape))
    found: Array = np.asarray(find(rows, axis=0), float)
    return found.reshape(shape)


Reduction = Callable[[Array, tuple[int, ...]], Array]

REDUCTIONS: dict[str, Reduction] = {
    "Sum": lambda x, axis: x.sum(axis=axis, keepdims=True),
    "Mean": lambda x, axis: x.mean(axis=axis, keepdims=True),
    "Max": lambda x, axis: x.max(axis=axis, keepdims=True),
    "Min": lambda x, axis: x.min(axis=axis, keepdims=True),
    "Prod": lambda x, axis: x.prod(axis=axis, keepdims=True),
    "LogSum": lambda x, axis: np.logaddexp.reduce(x, axis=axis, keepdims=True),
    "Argmax": lambda x, axis: _first(x, axis, np.argmax),
    "Argmin": lambda x, axis: _first(x, axis, np.argmin),
}


def reduction(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Over one static axis, over all, over everything or over the samples."""
    assert isinstance(op, reduce.ReduceOp)
    axis = op.axis.value.data
    rank, dims = len(shape_of(op.x)), arrays[0].ndim
    axes = {0: range(rank), -1: range(dims), -3: range(rank, dims)}.get(axis, (axis - 1,))
    return REDUCTIONS[op.op.data](arrays[0], tuple(axes)).reshape(shape)


def log_softmax(x: Array) -> Array:
    """Of the columns of a matrix."""
    shifted = x - x.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def one_hot(x: Array) -> Array:
    """1 at the first largest element of every column."""
    return np.equal(np.arange(len(x))[:, None], x.argmax(axis=0)) * 1.0


def by_column(function: Callable[[Array], Array]) -> Special:
    """An operation on whole flattened samples."""

    def run(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
        return function(flat(op, 0, arrays[0])).reshape(shape, order="F")

    return run


def criterion(function: Callable[..., Any]) -> Special:
    """A sum over samples of a function of flattened samples."""

    def run(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
        return np.reshape(function(*(flat(op, i, a) for i, a in enumerate(arrays))), shape)

    return run


def cross_entropy_with_softmax(y: Array, z: Array) -> Any:
    """`-sum y .* LogSoftmax (z)`."""
    return -(y * log_softmax(z)).sum()


def cross_entropy(y: Array, p: Array) -> Any:
    """`-sum y .* Log (p)`."""
    return -(y * log(p)).sum()


def square_error(a: Array, b: Array) -> Any:
    """`sum (a - b)^2`."""
    return ((a - b) ** 2).sum()


def logistic(y: Array, p: Array, w: Array | None = None) -> Any:
    """Without weights a sum; with weights scaled by samples per weight."""
    terms = log(y * p + (1 - y) * (1 - p))
    if w is None:
        return -terms.sum()
    full = np.broadcast_to(w, np.broadcast_shapes(w.shape, terms.shape))
    return -terms.shape[1] * (full * terms).sum() / w.sum()


def classification_error(y: Array, z: Array, top_n: Array | None = None) -> Any:
    """How many columns of z have fewer than topN elements before the one that y marks."""
    best = y.argmax(axis=0)
    own = np.take_along_axis(z, best[None, :], axis=0)
    index = np.arange(len(z))[:, None]
    before: Array = (z > own) | ((z == own) & (index < best))
    counts: Array = np.sum(before, axis=0)
    return np.count_nonzero(counts >= (1 if top_n is None else top_n.item()))


def statistic(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """Mean, or inverse deviation, over all samples at once."""
    if op.name == "net.mean":
        return arrays[0].mean(axis=-1)
    return 1 / np.sqrt(np.maximum(arrays[0].var(axis=-1), 1e-10))


def broadcast_to(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The operand repeated: static axes are aligned at the first one, samples at the last."""
    kind, want = type_of(op.operands[0]), type_of(op.result)
    static = (kind.shape or ()) + (1,) * (len(want.shape or ()) - len(kind.shape or ()))
    tail = arrays[0].shape[-1:] if kind.axis is not None else (1,)
    return np.broadcast_to(arrays[0].reshape(*static, *(tail if want.axis else ())), shape)


def index(op: NetOp, arrays: list[Array], shape: tuple[int, ...]) -> Array:
    """The number of each element, first axis fastest."""
    return np.arange(prod(shape)).reshape(shape, order="F")


SPECIAL: dict[str, Special] = {
    **formulas_shape.SPECIAL,
    **formulas_criteria.SPECIAL,
    **formulas_convolution.SPECIAL,
    "net.broadcast_to": broadcast_to,
    "net.index": index,
    "net.times": times,
    "net.transpose_times": times,
    "net.times_gradient_left": times_gradient_left,
    "net.times_gradient_right": times_gradient_right,
    "net.sum_to": sum_to,
    "net.sum_elements": sum_elements,
    "net.cos_distance": cos_distance,
    "net.dummy_criterion": sum_elements,
    "net.reduce": reduction,
    "net.softmax": by_column(lambda x: np.exp(log_softmax(x))),
    "net.log_softmax": by_column(log_softmax),
    "net.hardmax": by_column(one_hot),
    "net.mean": statistic,
    "net.inv_std_dev": statistic,
    "net.cross_entropy_with_softmax": criterion(cross_entropy_with_softmax),
    "net.cross_entropy": criterion(cross_entropy),
    "net.square_error": criterion(square_error),
    "net.logistic": criterion(logistic),
    "net.classification_error": criterion(classification_error),
}
