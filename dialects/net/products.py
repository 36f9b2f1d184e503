"""Shape rules of the tensor products: `Times` and `TransposeTimes`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    is_known,
    join_axes,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text


def times_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`A [a1..aR] * B [b1..bQ]`: the last `R - outputRank` axes of A meet the first ones of B."""
    a, b = inputs[0].shape, inputs[1].shape
    axis = join_axes([inputs[1], inputs[0]])
    output_rank, mapped = _integer(options, "output_rank"), _integer(options, "infer_rank")
    if a is None or b is None:
        return Inferred(None, axis, (a, b))
    if output_rank < 1:
        raise ShapeError("BS0404", "outputRank must be at least 1", f"it is {output_rank}")
    a = _completed(a, b, output_rank, mapped)
    reduced = len(a) - output_rank
    if not _fits(a[output_rank:], b[:reduced]):
        raise _mismatch(a, b, output_rank)
    shape = (*a[:output_rank], *b[reduced:])
    return Inferred(shape, axis, (a, b))


def _integer(options: Options, name: str) -> int:
    value = options[name]
    assert isinstance(value, int)
    return value


def _completed(a: Shape, b: Shape, output_rank: int, mapped: int) -> Shape:
    """A with the axes and dimensions that follow from B."""
    a = _unfolded(a, b, output_rank)
    if mapped >= 0 and a and a[-1] == UNKNOWN:
        if mapped >= len(b):
            label = f"inferInputRankToMap is {mapped}, the right operand {shape_text(b)}"
            raise ShapeError("BS0404", "the ranks of a product do not fit", label)
        a += (UNKNOWN,) * (len(b) - mapped - (len(a) - output_rank))
    reduced = len(a) - output_rank
    if reduced < 0 or reduced > len(b):
        label = f"{shape_text(a)} and {shape_text(b)} with outputRank {output_rank}"
        raise ShapeError("BS0404", "the ranks of a product do not fit", label)
    met = tuple(y if x == UNKNOWN else x for x, y in zip(a[output_rank:], b, strict=False))
    return (*a[:output_rank], *met)


def _unfolded(a: Shape, b: Shape, output_rank: int) -> Shape:
    """A matrix that meets a tensor takes over the first axes whose product is its width."""
    if len(a) != 2 or output_rank != 1 or not b or UNKNOWN in (a[1], b[0]) or a[1] == b[0]:
        return a
    for k in range(1, len(b) + 1):
        if is_known(b[:k]) and prod(b[:k]) == a[1]:
            return (a[0], *b[:k])
    return a


def _fits(one: Shape, other: Shape) -> bool:
    return all(x == y or UNKNOWN in (x, y) for x, y in zip(one, other, strict=True))


def _mismatch(a: Shape, b: Shape, output_rank: int) -> ShapeError:
    meet = shape_text(a[output_rank:])
    have = shape_text(b[: len(a) - output_rank])
    help = "the last axes of the left operand must equal the first axes of the right one"
    if all(size == 1 for size in a) or all(size == 1 for size in b):
        help = "'*' is the product of matrices: write '.*' to multiply element by element"
    return ShapeError(
        "BS0403",
        "the dimensions of a product do not fit",
        f"{shape_text(a)} * {shape_text(b)}: {meet} of the left meets {have} of the right",
        help,
    )


def transpose_times_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`A' * B`: A is `[k x m]`, or `[k]` read as `[k x 1]`; the result is `[m x rest of B]`."""
    a, b = inputs[0].shape, inputs[1].shape
    axis = join_axes([inputs[1], inputs[0]])
    if a is None or b is None:
        return Inferred(None, axis, (a, b))
    if len(a) not in (1, 2) or not b:
        label = f"{shape_text(a)} and {shape_text(b)}"
        raise ShapeError("BS0404", "the left operand must be a vector or a matrix", label)
    matrix = a if len(a) == 2 else (a[0], 1)
    if not _fits(matrix[:1], b[:1]):
        label = f"{shape_text(a)}' * {shape_text(b)}"
        raise ShapeError("BS0403", "the dimensions of a product do not fit", label)
    done = tuple(b[0] if i == 0 and d == UNKNOWN else d for i, d in enumerate(a))
    return Inferred((matrix[1], *b[1:]), axis, (done, b))


def product_sizes(a: Shape, output_rank: int, b_elements: int) -> tuple[int, int, int]:
    """`(out, reduced, rest)`: A flattened is `out x reduced`, B flattened `reduced x rest`."""
    out = prod(a[:output_rank])
    reduced = prod(a[output_rank:])
    return out, reduced, b_elements // reduced
