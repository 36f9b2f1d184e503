"""A product of every sample by itself, as axes of a rows kernel.

The result has its own axes; one more, at `place` among them, is summed over::

    net.times a, b                  C[out, rest] = sum over red  of a[out, red] * b[red, rest]
    net.times_gradient_left g, b    C[out, red]  = sum over rest of g[out, rest] * b[red, rest]
    net.times_gradient_right a, g   C[red, rest] = sum over out  of a[out, red] * g[out, rest]

Values lie in memory first axis fastest, so every factor is its memory read along some of the axes
`out`, `red`, `rest` in this order. `out` and `rest` are as many axes as the result has there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import Operation

from brainscript.dialects.net.linear import TimesGradientLeftOp, TimesGradientRightOp, TimesOp
from brainscript.dialects.sched import is_sample_product
from brainscript.dialects.tensors import Shape, shape_of


@dataclass(frozen=True)
class Contraction:
    """Where the summed axis stands among those of the result, and the shapes of the factors."""

    place: int
    left: Shape
    right: Shape

    def widen(self, shape: Shape) -> Shape:
        """A shape along the axes of the result with the summed axis put in, of size 1."""
        start = (*shape, *(1,) * (self.place - len(shape)))
        return (*start[: self.place], 1, *start[self.place :])


def contraction_of(steps: Sequence[Operation]) -> Contraction | None:
    """The contraction of the one product among the steps of a kernel."""
    op = next((op for op in steps if is_sample_product(op)), None)
    if op is None:
        return None
    assert isinstance(op, TimesOp | TimesGradientLeftOp | TimesGradientRightOp)
    result, first = shape_of(op.result), shape_of(op.operands[0])
    rank = op.output_rank.value.data
    if isinstance(op, TimesOp):
        head, tail = result[:rank], result[rank:]
        size = prod(first[rank:])
        return Contraction(rank, (*head, size, *_ones(tail)), (*_ones(head), size, *tail))
    head = result[:rank]
    if isinstance(op, TimesGradientLeftOp):
        tail = result[rank:]
        size = prod(first) // prod(head)
        place = len(result)
        return Contraction(place, (*head, *_ones(tail), size), (*_ones(head), *tail, size))
    size = prod(first[:rank])
    split = _leading(result, prod(first) // size)
    head, tail = result[:split], result[split:]
    return Contraction(0, (size, *head, *_ones(tail)), (size, *_ones(head), *tail))


def _ones(shape: Shape) -> Shape:
    return (1,) * len(shape)


def _leading(shape: Shape, size: int) -> int:
    """How many leading dimensions have this product."""
    return next(r for r in range(len(shape) + 1) if prod(shape[:r]) == size)
