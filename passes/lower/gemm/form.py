"""What a matrix product is in memory: `C[rows, columns] = L[rows, depth] * R[depth, columns]`.

A value of sample shape `[d1 x d2 ..]` with n columns lies in memory as `[n][.. d2][d1]`, so all
three products of a network become one row-major form with `n` on the rows or on the depth:

    net.times W, x                  C[n.rest, out] = x[n.rest, red] * W[red, out]
    net.times_gradient_right W, g   dx[n.rest, red] = g[n.rest, out] * W[red, out]'
    net.times_gradient_left g, x    dW[red, out] = x[n.rest, red]' * g[n.rest, out]

With one output the last is a row, `dW[out, red] = g[n.rest, out]' * x[n.rest, red]`: the same
memory, and vectors lie along it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.linear import (
    TimesGradientLeftOp,
    TimesGradientRightOp,
    TimesOp,
)
from brainscript.dialects.net.packing import PackedTimesOp
from brainscript.dialects.tensors import Element, type_of


@dataclass(frozen=True, slots=True)
class Extent:
    """A number of rows or the depth: `size`, or `size` for every column of the axis."""

    size: int
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One product. `left_turned`: element (i, k) of L lies at `k*rows + i`, not `i*depth + k`.

    `right_turned`: element (k, j) of R lies at `j*depth + k`, not `k*columns + j`; or R was packed
    into panels before (`right_packed`). `output_rank` is how many of the first dimensions of the
    result lie along `columns`. `rounded`: L and R are rounded to bfloat16 before.
    """

    rows: Extent
    columns: int
    depth: Extent
    element: Element
    output_rank: int
    left_turned: bool = False
    right_turned: bool = False
    right_packed: bool = False
    rounded: bool = False

    @property
    def element_bytes(self) -> int:
        """Bytes of one number."""
        return self.element.bitwidth // 8


def operands_of(op: Operation) -> tuple[SSAValue, SSAValue]:
    """The values that are L and R."""
    a, b = op.operands
    return (a, b) if _is_row(op) else (b, a)


def _is_row(op: Operation) -> bool:
    """Whether this is the gradient of weights with one output: then the result is made as a row."""
    return isinstance(op, TimesGradientLeftOp) and _sizes(op)[0] == 1


def _sizes(op: TimesOp | TimesGradientLeftOp | TimesGradientRightOp) -> tuple[int, int]:
    """The weights flattened to a matrix: outputs, and what is summed over in the product."""
    weights = type_of(op.result if isinstance(op, TimesGradientLeftOp) else op.operands[0])
    assert weights.shape is not None
    rank = op.output_rank.value.data
    return prod(weights.shape[:rank]), prod(weights.shape[rank:])


def form_of(op: Operation) -> Form:
    """The form of a product of the network."""
    found = _plain_form(op)
    return replace(found, rounded=True) if "rounded" in op.properties else found


def _plain_form(op: Operation) -> Form:
    if isinstance(op, PackedTimesOp):
        return _packed_form(op)
    assert isinstance(op, TimesOp | TimesGradientLeftOp | TimesGradientRightOp)
    rank = op.output_rank.value.data
    result = type_of(op.result)
    out, red = _sizes(op)
    if isinstance(op, TimesGradientLeftOp):
        inner = type_of(op.b)
        depth = Extent(inner.elements // red, inner.axis is not None)
        if out == 1:
            every = len(result.shape or ())
            return Form(Extent(1), red, depth, result.element, every, left_turned=True)
        return Form(Extent(red), out, depth, result.element, rank, left_turned=True)
    columns, depth = (out, red) if isinstance(op, TimesOp) else (red, out)
    rows = Extent(result.elements // columns, result.axis is not None)
    if isinstance(op, TimesOp):
        return Form(rows, columns, Extent(depth), result.element, rank)
    inner_rank = _leading_rank(result.shape or (), columns)
    return Form(rows, columns, Extent(depth), result.element, inner_rank, right_turned=True)


def _packed_form(op: PackedTimesOp) -> Form:
    result, columns = type_of(op.result), op.columns.value.data
    rows = Extent(result.elements // columns, result.axis is not None)
    depth, rank = Extent(op.depth.value.data), op.output_rank.value.data
    return Form(rows, columns, depth, result.element, rank, right_packed=True)


def _leading_rank(shape: tuple[int, ...], size: int) -> int:
    """How many leading dimensions have this product."""
    return next(r for r in range(len(shape) + 1) if prod(shape[:r]) == size)
