"""Shape rules of network operations: plain functions on types, shared by verifier and inference.

A rule looks at the operand types and the options and gives the sample shape and the axis of the
result, and for each operand the shape that it should take when it is a parameter whose dimensions
are left to be inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from brainscript.axes import first_of, may_agree
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text


class ShapeError(Exception):
    """Operand shapes do not fit: code and title as in a diagnostic; `label` names the shapes."""

    def __init__(self, code: str, title: str, label: str, help: str = ""):
        super().__init__(f"{title}: {label}")
        self.code, self.title, self.label, self.help = code, title, label, help


@dataclass(frozen=True)
class Inferred:
    """What a rule found: the result, and what each operand should be (None: as it is)."""

    shape: Shape | None
    axis: str | None
    operands: tuple[Shape | None, ...] = ()


Options = Mapping[str, object]
Rule = Callable[[Sequence[TensorType], Options], Inferred]

SCALAR: Shape = (1,)


def is_known(shape: Shape | None) -> bool:
    """Whether rank and all dimensions are known."""
    return shape is not None and UNKNOWN not in shape


def compatible(one: Shape | None, other: Shape | None) -> bool:
    """Whether the shapes can still turn out to be the same."""
    if one is None or other is None:
        return True
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a == b or UNKNOWN in (a, b) for a, b in pairs)


def padded(shape: Shape, rank: int, fill: int = 1) -> Shape:
    """The shape with trailing axes of size `fill` added up to `rank`."""
    return shape + (fill,) * (rank - len(shape))


def join_axes(inputs: Sequence[TensorType]) -> str | None:
    """The dynamic axis of the first operand that has one.

    The axes of two inputs may not meet; one that an operation made may meet any other: whether
    their sequences are equally long shows when the network runs.
    """
    axes = list(dict.fromkeys(t.axis for t in inputs if t.axis is not None))
    for other in axes[1:]:
        if not may_agree(axes[0], other):
            raise ShapeError(
                "BS0406",
                "operands lie on different dynamic axes",
                f"'{axes[0]}' and '{other}'",
                "give the inputs the same dynamicAxis, or use ReconcileDynamicAxis (x, like)",
            )
    return axes[0] if axes else None


def is_early(inputs: Sequence[TensorType]) -> bool:
    """Whether to wait before guessing a shape within a loop.

    An operation that meets a value of the step before, of unknown shape, may begin with the shape
    of its other operand: that of minibatch data, not that of a parameter, which may be a factor.
    """
    known = [kind for kind in inputs if kind.shape is not None]
    return len(known) < len(inputs) > 1 and all(kind.axis is None for kind in known)


def infer_from(shape: Shape | None, other: Shape | None) -> Shape | None:
    """The shape of a parameter after its unknown dimensions were taken from its partner `other`.

    A shape wholly unknown is replaced, rank included; a shape of lower rank is padded; a shape of
    higher rank is left as it is.
    """
    if is_known(shape) or other is None or not is_known(other):
        return shape
    if shape is None or all(d == UNKNOWN for d in shape):
        return other
    if len(shape) > len(other):
        return shape
    full = padded(shape, len(other), UNKNOWN)
    return tuple(o if d == UNKNOWN else d for d, o in zip(full, other, strict=True))


def broadcast(shapes: Sequence[Shape | None]) -> Shape | None:
    """The common shape: aligned at the first axis, missing axes are 1, and 1 stretches."""
    known = [s for s in shapes if s is not None]
    if not known:
        return None
    rank = max(len(s) for s in known)
    columns = zip(*(padded(s, rank) for s in known), strict=True)
    return tuple(_broadcast_dim(column, known) for column in columns)


def _broadcast_dim(dims: Sequence[int], shapes: Sequence[Shape]) -> int:
    sizes = sorted({d for d in dims if d not in (1, UNKNOWN)})
    if len(sizes) > 1:
        raise ShapeError(
            "BS0401",
            "shapes do not match",
            " and ".join(dict.fromkeys(shape_text(s) for s in shapes)),
            "dimensions must be equal, or 1; shapes are aligned at the first axis",
        )
    if sizes:
        return sizes[0]
    return UNKNOWN if UNKNOWN in dims else 1


def as_written(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """No rule: the type of the result is given where the operation is made."""
    return Inferred(None, None)


def same_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The result is like the first operand."""
    return Inferred(inputs[0].shape, inputs[0].axis)


def broadcast_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Elementwise with broadcasting; every operand may infer from every other."""
    common, completed = _completed(tuple(t.shape for t in inputs))
    return Inferred(common, join_axes(inputs), completed)


@lru_cache(maxsize=1024)
def _completed(shapes: tuple[Shape | None, ...]) -> tuple[Shape | None, tuple[Shape | None, ...]]:
    """The common shape of operands, and their own after all inferred from each other."""
    completed = list(shapes)
    for i in range(len(shapes)):
        for j in range(len(shapes)):
            if i != j:
                completed[i] = infer_from(completed[i], completed[j])
    return broadcast(completed), tuple(completed)


def diagonal_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`DiagTimes (d, x)`: d is a column of as many elements as x has rows; the result is like x."""
    d, x = inputs[0].shape, inputs[1].shape
    if x is None:
        return Inferred(None, join_axes(inputs), (d, x))
    rows = x[0] if x else 1
    d = (rows,) if d is None else (rows, *d[1:]) if d[:1] == (UNKNOWN,) else d
    if not compatible(d[:1], (rows,)) or any(k not in (1, UNKNOWN) for k in d[1:]):
        raise _diagonal_error(d, x)
    return Inferred(x, join_axes(inputs), (d, x))


def _diagonal_error(d: Shape, x: Shape) -> ShapeError:
    label = f"{shape_text(d)} and {shape_text(x)}"
    return ShapeError("BS0401", "the diagonal does not have one element per row", label)


def scalar_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Everything is summed into one number."""
    return Inferred(SCALAR, None)


def criterion_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A sum over all samples; label and prediction have as many elements and the same axes."""
    first, second = inputs[0].shape, inputs[1].shape
    done = [infer_from(first, second), infer_from(second, first)]
    if done[0] is not None and done[1] is not None:
        rank = max(len(done[0]), len(done[1]))
        if not compatible(padded(done[0], rank), padded(done[1], rank)):
            label = f"{shape_text(done[0])} and {shape_text(done[1])}"
            raise ShapeError("BS0401", "label and prediction differ in shape", label)
    done += [infer_from(t.shape, done[1]) for t in inputs[2:]]
    join_axes(inputs)
    return Inferred(SCALAR, None, tuple(done))


def sample_pair_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for each pair of samples of the same shape."""
    found = criterion_rule(inputs, options)
    return Inferred(SCALAR, join_axes(inputs), found.operands)


def logistic_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A criterion whose third operand, the weight of a sample, broadcasts over the prediction."""
    found = criterion_rule(inputs, options)
    broadcast(found.operands)
    return found


def given_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(objective, gradient, prediction)`: the last two are alike."""
    found = criterion_rule(inputs[1:], options)
    join_axes(inputs)
    return Inferred(found.shape, found.axis, (inputs[0].shape, *found.operands))


def classification_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A criterion whose third operand is one number."""
    found = criterion_rule(inputs[:2], options)
    if len(inputs) > 2:
        shape = inputs[2].shape
        if shape is not None and is_known(shape) and prod(shape) != 1:
            raise ShapeError("BS0401", "topN must be one number", f"it is {shape_text(shape)}")
    return Inferred(found.shape, found.axis, (*found.operands, *(t.shape for t in inputs[2:])))


def statistic_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One value for the whole training set, shaped like a sample."""
    return Inferred(inputs[0].shape, None)


def normalisation_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(x, mean, inverse deviation)`: the statistics infer from x; the result broadcasts."""
    shapes = [t.shape for t in inputs]
    shapes[1:] = [infer_from(s, shapes[0]) for s in shapes[1:]]
    return Inferred(broadcast(shapes), join_axes(inputs), tuple(shapes))


def reduce_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Axis 0 reduces the whole sample to `[1]`; axis k >= 1 keeps the rank and makes its size 1.

    Axis -1 reduces all samples to `[1]`, axis -3 each of their elements over the samples; the
    result has no dynamic axis. Axis -2 sums the samples of each sequence.
    """
    shape, axis = inputs[0].shape, options["axis"]
    assert isinstance(axis, int)
    if axis == OVER_SEQUENCE and options["op"] == "Sum" and inputs[0].axis is not None:
        return Inferred(shape, first_of(inputs[0].axis))
    if axis < 0:
        return Inferred(_over_samples(shape, axis, str(options["op"])), None)
    if axis == 0 or shape is None:
        return Inferred(SCALAR if axis == 0 else None, inputs[0].axis)
    if not 1 <= axis <= len(shape):
        label = f"axis {axis} of {shape_text(shape)}"
        raise ShapeError("BS0407", "there is no such axis", label, "axes are counted from 1")
    return Inferred((*shape[: axis - 1], 1, *shape[axis:]), inputs[0].axis)


OVER_ALL = -1
OVER_SEQUENCE = -2
OVER_SAMPLES = -3
"""The axes of reductions over everything, over each sequence, and over the samples."""

ACROSS = ("Sum", "LogSum", "Mean", "Max", "Min")
"""The reductions that can run over samples."""


def _over_samples(shape: Shape | None, axis: int, kind: str) -> Shape | None:
    if axis not in (OVER_ALL, OVER_SAMPLES) or kind not in ACROSS:
        raise ShapeError(
            "BS0407",
            "this reduction over samples is not supported",
            f"{kind} over axis {axis}",
            "axes are counted from 1; -1 means everything and -3 all samples, of "
            f"{', '.join(ACROSS)}; -2 means each sequence, of Sum",
        )
    return SCALAR if axis == OVER_ALL else shape


def reduced_elements(shape: Shape, axis: int) -> int:
    """How many elements of a sample one result of `reduce_rule` is made of."""
    if axis == OVER_SAMPLES:
        return 1
    return prod(shape) if axis in (0, OVER_ALL) else shape[axis - 1]
