"""Sizes and places that grow with the number of columns.

A form `(b, a0, a1, ...)` is the number of bytes `b + a0 * n0 + a1 * n1 + ...`, one `n` for each
dynamic axis, rounded up to a multiple of `COLUMN_STEP`. Everything starts on a multiple of
`ALIGNMENT` bytes, whatever the sizes of the axes.
"""

from __future__ import annotations

from collections.abc import Sequence

COLUMN_STEP = 16
ALIGNMENT = 64

Form = tuple[int, ...]


def padded(columns: int) -> int:
    """The number of columns that memory is reserved for."""
    return round_up(columns, COLUMN_STEP)


def round_up(value: int, step: int = ALIGNMENT) -> int:
    """The least multiple of `step` that is not less than `value`."""
    return -(-value // step) * step


def evaluate(form: Sequence[int], columns: Sequence[int]) -> int:
    """The value of a form for these sizes of the axes."""
    factors = zip(form[1:], columns, strict=False)
    return form[0] + sum(a * padded(n) for a, n in factors)


def add(left: Form, right: Form) -> Form:
    """The sum of two forms; a missing factor counts as 0."""
    length = max(len(left), len(right))
    first, second = (f + (0,) * (length - len(f)) for f in (left, right))
    return tuple(a + b for a, b in zip(first, second, strict=True))
