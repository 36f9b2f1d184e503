"""The cases of the gradient check: one operation each, on operands of chosen shapes and ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from test.numeric.cases_convolution import convolutions, poolings, regions
from test.numeric.cases_criteria import larger
from test.numeric.cases_shape import shapes
from test.numeric.checks import SAMPLES, Check, Operand

__all__ = ["SAMPLES", "Check", "Operand", "all_checks"]

X = Operand()
AWAY_FROM_ZERO = Operand(low=0.3, kind="signed")
POSITIVE = Operand(low=0.3)
INSIDE_ONE = Operand(low=-0.8, high=0.8)

UNARY: dict[str, Operand] = {
    "abs": AWAY_FROM_ZERO,
    "acos": INSIDE_ONE,
    "asin": INSIDE_ONE,
    "cosine": X,
    "cosh": X,
    "exp": X,
    "floor": Operand(low=0.2, high=0.8),
    "labels_to_graph": X,
    "log": POSITIVE,
    "negate": X,
    "pass": X,
    "reciprocal": AWAY_FROM_ZERO,
    "rectified_linear": AWAY_FROM_ZERO,
    "sigmoid": X,
    "sin": X,
    "sinh": X,
    "sqrt": POSITIVE,
    "stable_sigmoid": X,
    "tanh": X,
    "softmax": X,
    "log_softmax": X,
    "hardmax": X,
}
BINARY = ("element_times", "log_plus", "minus", "plus", "diag_times")
COMPARISONS = ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
REDUCTIONS = ("Sum", "Mean", "LogSum", "Max", "Min", "Prod", "Argmax", "Argmin")
ACROSS = ("Sum", "LogSum", "Mean", "Max", "Min")

PAIRS: dict[str, tuple[Operand, Operand]] = {
    "same": (X, X),
    "odd": (Operand("7"), Operand("7")),
    "one": (Operand("1"), Operand("1")),
    "left without samples": (Operand(sampled=False), X),
    "right without samples": (X, Operand(sampled=False)),
    "both without samples": (Operand(sampled=False), Operand(sampled=False)),
    "left is one number": (Operand("1"), X),
    "right is one number": (X, Operand("1")),
    "left of lower rank": (Operand("3"), Operand("3 x 2")),
    "right of lower rank": (Operand("3 x 2"), Operand("3")),
    "crosswise": (Operand("3"), Operand("1 x 2")),
    "crosswise, left without samples": (Operand("3 x 1", sampled=False), Operand("1 x 5")),
    "trailing axis of one": (Operand("3"), Operand("3 x 1", sampled=False)),
}
DIAGONALS = {
    "column": (Operand("3 x 1", sampled=False), X),
    "vector": (Operand("3", sampled=False), Operand("3 x 2")),
    "sampled": (X, X),
}


def unary() -> Iterator[Check]:
    """Every unary operation: plain, of size 1, of two axes, and without samples."""
    for name, operand in UNARY.items():
        for shape in ("3", "1", "3 x 5"):
            yield Check(f"{name} [{shape}]", name, (replace(operand, shape=shape),))
        if name not in ("softmax", "log_softmax", "hardmax"):
            yield Check(f"{name} of a parameter", name, (replace(operand, sampled=False),))


def binary() -> Iterator[Check]:
    """Every binary operation, each operand broadcast in turn."""
    for name in (*BINARY, *COMPARISONS):
        pairs = DIAGONALS if name == "diag_times" else PAIRS
        for how, operands in pairs.items():
            yield Check(f"{name}: {how}", name, operands)


def ternary() -> Iterator[Check]:
    """`Clip`, `If` and the normalisations."""
    low = Operand(sampled=False, low=-0.5, high=-0.3, learned=False)
    high = Operand(sampled=False, low=0.3, high=0.5, learned=False)
    flag = Operand(kind="flags", learned=False)
    yield Check("clip", "clip", (low, high, X))
    yield Check("clip by numbers", "clip", (replace(low, shape="1"), replace(high, shape="1"), X))
    yield Check("select", "select", (flag, X, X))
    for how, operands in PAIRS.items():
        yield Check(f"select: {how}", "select", (replace(flag, shape="1"), *operands))
    for name in ("per_dim_mean_var_normalization", "per_dim_mean_var_de_normalization"):
        fixed = replace(POSITIVE, sampled=False)
        yield Check(name, name, (X, replace(X, sampled=False), fixed))
        yield Check(f"{name}, two axes", name, (Operand("3 x 2"), X, POSITIVE))


def products() -> Iterator[Check]:
    """`Times` and `TransposeTimes` with their ranks, each operand with and without samples."""
    for left in (False, True):
        for right in (False, True):
            how = f"({left:d}{right:d})"
            yield Check(f"times {how}", "times", (Operand("2 x 3", left), Operand("3", right)))
            yield Check(
                f"times on a tensor {how}",
                "times",
                (Operand("2 x 3", left), Operand("3 x 5", right)),
            )
            yield Check(
                f"times of rank 2 {how}",
                "times",
                (Operand("2 x 3 x 4", left), Operand("4 x 2", right)),
                "output_rank = 2",
            )
            yield Check(
                f"transpose_times {how}",
                "transpose_times",
                (Operand("3 x 2", left), Operand("3 x 4", right)),
            )
    yield Check("times, all reduced", "times", (Operand("5 x 4 x 3", False), Operand("4 x 3")))
    yield Check("times, refolded", "times", (Operand("5 x 12", False), Operand("4 x 3")))
    yield Check("outer product", "times", (Operand("3", False), Operand("2")))
    yield Check("times of ones", "times", (Operand("1 x 1", False), Operand("1")))
    yield Check("row times vector", "times", (Operand("1 x 3"), Operand("3")))
    yield Check("inner product", "transpose_times", (Operand("3"), Operand("3")))
    yield Check("inner product, one fixed", "transpose_times", (Operand("3"), Operand("3", False)))
    yield Check("transpose_times vector", "transpose_times", (Operand("3 x 2", False), X))
    for shape in ("3", "2 x 3"):
        yield Check(f"cos_distance [{shape}]", "cos_distance", (Operand(shape), Operand(shape)))
    yield Check("cos_distance, one fixed", "cos_distance", (X, replace(X, sampled=False)))
    for shape in ("3", "1", "2 x 3"):
        yield Check(f"sum_elements [{shape}]", "sum_elements", (Operand(shape),))
    yield Check("sum_elements of a parameter", "sum_elements", (Operand("3 x 2", False),))


def reductions() -> Iterator[Check]:
    """Every reduction over all axes, over each axis, over samples, and of a parameter."""
    for kind in REDUCTIONS:
        operand = Operand("3 x 2", low=0.3, kind="signed")
        for axis in (0, 1, 2, -1, -3)[: 5 if kind in ACROSS else 3]:
            options = f'op = "{kind}", axis = {axis}'
            yield Check(f"reduce {kind} over {axis}", "reduce", (operand,), options)
        fixed = replace(operand, sampled=False)
        yield Check(f"reduce {kind} of a parameter", "reduce", (fixed,), f'op = "{kind}"')
        one = replace(operand, shape="1")
        yield Check(f"reduce {kind} of one", "reduce", (one,), f'op = "{kind}"')


def criteria() -> Iterator[Check]:
    """Every criterion, for the prediction and for the label."""
    label = Operand(kind="simplex", learned=False)
    probability = Operand(low=0.2, high=0.8)
    entropy = "cross_entropy_with_softmax"
    yield Check(entropy, entropy, (label, X))
    yield Check(f"{entropy}, two axes", entropy, (replace(label, shape="3 x 2"), Operand("3 x 2")))
    yield Check(f"{entropy}, label", entropy, (X, replace(X, learned=False)))
    yield Check("cross_entropy", "cross_entropy", (label, probability))
    yield Check("cross_entropy, label", "cross_entropy", (X, probability))
    yield Check("square_error", "square_error", (X, X))
    yield Check("square_error of one", "square_error", (Operand("1"), Operand("1")))
    yield Check("logistic", "logistic", (probability, probability))
    yield Check("logistic of one", "logistic", (replace(probability, shape="1"),) * 2)
    weight = replace(POSITIVE, shape="1")
    yield Check("logistic, weighted", "logistic", (probability, probability, weight))
    yield Check("logistic, weights", "logistic", (probability, probability, POSITIVE))


def all_checks() -> list[Check]:
    """Every case."""
    families = (unary, binary, ternary, products, reductions, criteria, shapes)
    families += (convolutions, poolings, regions, larger)
    return [check for family in families for check in family()]
