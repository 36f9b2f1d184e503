"""Gradient cases of products of samples, norms and the larger criteria."""

from __future__ import annotations

from collections.abc import Iterator

from test.numeric.checks import Check, Operand

X = Operand()
WORDS = ((1, 0, 0, 2), (3, 2, 3, 7), (6, 2, 3, 7), (2, 1, 2, 3))
"""Word, class, first word of the class, first word of the next one."""
PAIRS = (
    (1, -1.5, 4, -2, 0, -1),
    (0, -1, 0, -1, 2, -2),
    (5, -2, 3, -1, 3, -1),
    (2, -1, 1, -1, 0, -3),
)
"""A word and two of noise, each with the logarithm of its probability."""
AWAY = Operand(low=0.3, kind="signed")


def linear() -> Iterator[Check]:
    """Products of samples and norms."""
    name = "khatri_rao_product"
    yield Check(name, name, (X, Operand("4")))
    yield Check(f"{name} of matrices", name, (Operand("2 x 3"), Operand("2")))
    yield Check(f"{name}, one fixed", name, (X, Operand("2", False)))
    yield Check("lookup_table", "lookup_table", (Operand("3 x 5", False), Operand("10")))
    yield Check("lookup_table, one piece", "lookup_table", (Operand("3 x 5", False), Operand("5")))
    name = "cos_distance_with_negative_samples"
    yield Check(name, name, (AWAY, AWAY), "shift = 1, count = 2")
    yield Check(f"{name}, far", name, (AWAY, AWAY), "shift = 6, count = 1")
    for name in ("matrix_l1_reg", "matrix_l2_reg"):
        yield Check(name, name, (AWAY,))
        yield Check(f"{name} of a parameter", name, (Operand("3 x 2", False, 0.3, 1, "signed"),))
    yield Check("sum_column_elements", "sum_column_elements", (Operand("3 x 2"),))


def vocabulary() -> Iterator[Check]:
    """Criteria over words; the labels are numbers of words."""
    name = "class_based_cross_entropy_with_softmax"
    label = Operand("4", learned=False, given=WORDS)
    yield Check(name, name, (label, X, Operand("3 x 7", False), Operand("3")))
    one = Operand("3", False)
    yield Check(f"{name}, one input", name, (label, one, Operand("3 x 7", False), Operand("3")))
    high = Operand("2 x 2")
    yield Check(f"{name}, matrix", name, (label, high, Operand("4 x 7", False), Operand("3")))
    name = "noise_contrastive"
    label = Operand("6", learned=False, given=PAIRS)
    yield Check(name, name, (label, X, Operand("3 x 6", False), Operand("6", False)))
    shared = (label, Operand("3", False), Operand("3 x 6", False), Operand("6", False))
    yield Check(f"{name}, one input", name, shared)
    column = Operand("6 x 1", False)
    yield Check(f"{name}, column", name, (label, X, Operand("3 x 6", False), column))


def larger() -> Iterator[Check]:
    """Every case of the family."""
    for family in (linear, vocabulary):
        yield from family()
