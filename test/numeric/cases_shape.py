"""Gradient cases of the operations that move elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from test.numeric.checks import Check, Operand

X = Operand()
FIXED = Operand(sampled=False)
CUBE = Operand("2 x 3 x 2")


def reshapes() -> Iterator[Check]:
    """Reshapes of all axes and of some."""
    for how, options in {
        "all": "dims = [6, -1]",
        "first": "dims = [2, 1], begin = 1, end = 2",
        "joined": "dims = [-1], begin = 2, end = 4",
        "flat": "dims = [12]",
    }.items():
        yield Check(f"reshape, {how}", "reshape", (CUBE,), options)
    yield Check("reshape of a parameter", "reshape", (replace(CUBE, sampled=False),), "dims = [12]")
    yield Check("legacy_reshape", "legacy_reshape", (CUBE,), "rows = 12")
    image = "rows = 12, width = 2, height = 3, layout = 'HWC'".replace("'", '"')
    yield Check("legacy_reshape to an image", "legacy_reshape", (CUBE,), image)


def slices() -> Iterator[Check]:
    """Slices along every axis and from both ends."""
    for axis, size in enumerate((2, 3, 2), 1):
        for begin, end in ((0, 1), (1, 0), (-1, 0), (0, size), (-2, -1)):
            options = f"begin = {begin}, end = {end}, axis = {axis}"
            yield Check(f"slice {begin} to {end} of axis {axis}", "slice", (CUBE,), options)
    yield Check("slice of a vector", "slice", (Operand("7"),), "begin = 2, end = 5")
    yield Check("slice of a parameter", "slice", (Operand("3 x 4", False),), "begin = 1, axis = 2")


def splices() -> Iterator[Check]:
    """Splices along old and new axes, of operands that broadcast, of parameters."""
    yield Check("splice", "splice", (X, Operand("2"), Operand("1")))
    yield Check("splice of one", "splice", (X,))
    yield Check("splice of a parameter too", "splice", (X, FIXED))
    yield Check("splice of parameters", "splice", (FIXED, Operand("2", False)))
    yield Check("splice along a new axis", "splice", (X, X), "axis = 2")
    yield Check("splice along an axis beyond", "splice", (X, FIXED, X), "axis = 3")
    matrices = (Operand("2 x 3"), Operand("2 x 1"), Operand("2"))
    yield Check("splice of columns", "splice", matrices, "axis = 2")
    yield Check("splice of rows", "splice", (Operand("2 x 3"), Operand("1 x 3")))
    yield Check("splice that broadcasts", "splice", (Operand("2 x 3"), Operand("1")))
    yield Check(
        "splice of rows repeated", "splice", (Operand("2 x 3"), Operand("1 x 2")), "axis = 2"
    )
    yield Check("splice in the middle", "splice", (CUBE, Operand("2 x 1 x 2")), "axis = 2")


def others() -> Iterator[Check]:
    """Repeats, transpositions, diagonals and traces."""
    yield Check("row_repeat", "row_repeat", (X,), "count = 3")
    yield Check("row_repeat once", "row_repeat", (X,))
    yield Check("row_repeat of a matrix", "row_repeat", (Operand("2 x 2"),), "count = 2")
    yield Check("row_repeat of a parameter", "row_repeat", (FIXED,), "count = 2")
    for first, second in ((1, 2), (1, 3), (3, 2), (2, 2), (1, 4)):
        options = f"axis1 = {first}, axis2 = {second}"
        yield Check(f"transpose {first} {second}", "transpose_dimensions", (CUBE,), options)
    yield Check("transpose of a vector", "transpose_dimensions", (X,))
    yield Check("transpose of a parameter", "transpose_dimensions", (Operand("3 x 4", False),))
    yield Check("diagonal", "diagonal", (Operand("4 x 4", False),))
    yield Check("diagonal of one", "diagonal", (Operand("1 x 1", False),))
    yield Check("trace", "trace", (X,))


def shapes() -> Iterator[Check]:
    """Every case of the family."""
    for family in (reshapes, slices, splices, others):
        yield from family()
