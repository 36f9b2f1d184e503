"""How a parameter moves: one row per update rule, each a formula over whole tensors.

`g` is the summed gradient, `eta` the learning rate per sample times the parameter's multiplier,
`m` the momentum of the minibatch, N its samples. A rule gives the step that is subtracted from
the parameter. Every number of the config is a hyper scalar that the host sets, so that another
number needs no other code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shapes import OVER_ALL
from brainscript.dialects.tensors import type_of
from brainscript.passes.gradient.terms import Term

SMALLEST_SQUARE = 1e-16
SMALLEST_MEAN_SQUARE = 1e-6
LARGEST_GAIN = 10.0


class Memory(Protocol):
    """Where a rule keeps what it remembers of one parameter."""

    def old(self, kind: str) -> Term:
        """The remembered tensor of this kind, zero at first."""
        ...

    def number(self, kind: str) -> Term:
        """The remembered number of this kind, zero at first."""
        ...

    def keep(self, kind: str, value: Term) -> Term:
        """Remember a value; gives it back."""
        ...

    def hyper(self, name: str) -> Term:
        """A number that the host sets."""
        ...


@dataclass(frozen=True)
class Step:
    """What a rule works on."""

    g: Term
    eta: Term
    momentum: Term
    memory: Memory
    elements: int
    average: bool
    scaled: Term
    """`(1 - m) eta`, made once for all parameters with one multiplier."""
    touched: Term | None = None
    """1 in the columns that a sparse input touches, else 0; None of a dense gradient."""
    rows: bool = False
    """Whether g holds the columns touched alone, on a dynamic axis; the step lies there too."""


def sgd(step: Step) -> Term:
    """`s <- m s + (1 - m) eta g`; the step is s.

    With a sparse input, in the columns touched alone: `s <- m s + (1 - m) g`; the step is `eta s`.
    """
    if step.rows:
        fresh = step.momentum * step.memory.old("momentum") + (1 - step.momentum) * step.g
        return step.eta * step.memory.keep("momentum", fresh)
    if step.touched is not None:
        old = step.memory.old("momentum")
        fresh = step.momentum * old + (1 - step.momentum) * step.g
        smoothed = step.memory.keep("momentum", step.touched.choose(fresh, old))
        return step.touched.choose(step.eta * smoothed, 0.0)
    smoothed = step.momentum * step.memory.old("momentum") + step.scaled * step.g
    return step.memory.keep("momentum", smoothed)


def nesterov(step: Step) -> Term:
    """`s <- m s + (1 - m) eta g`; the step is `m s + (1 - m) eta g`."""
    m = step.momentum
    fresh = step.scaled * step.g
    smoothed = step.memory.keep("momentum", m * step.memory.old("momentum") + fresh)
    return m * smoothed + fresh


def adagrad(step: Step) -> Term:
    """`a <- a + g^2`; the step is `eta g / sqrt (a + 1e-16)`, over the mean of `1 / sqrt (..)`."""
    squares = step.memory.keep("squares", step.memory.old("squares") + step.g * step.g)
    inverse = (squares + SMALLEST_SQUARE).apply(ew.SqrtOp).reciprocal()
    return _normalised(step, inverse)


def fs_adagrad(step: Step) -> Term:
    """`v = exp (-N / T)`; `n <- v n + (1 - v) N`; `q <- v q + (1 - v) g^2`;
    `g <- g min (10, target sqrt (n) / sqrt (q))` where q is not 0; `s <- m s + (1 - m) g`;
    the step is `eta s`."""
    memory, m = step.memory, step.momentum
    samples = memory.hyper("samples")
    v = (-(samples * memory.hyper("inverse_variance_time"))).exp()
    count = memory.keep("count", v * memory.number("count") + (1 - v) * samples)
    q = memory.keep("squares", v * memory.old("squares") + (1 - v) * (step.g * step.g))
    root = q.apply(ew.SqrtOp).reciprocal()
    gain = (memory.hyper("target") * count.apply(ew.SqrtOp)) * root
    bounded = (gain > LARGEST_GAIN).choose(LARGEST_GAIN, gain)
    g = (q > 0.0).choose(step.g * bounded, step.g)
    return step.eta * memory.keep("momentum", m * memory.old("momentum") + (1 - m) * g)


def rms_prop(step: Step) -> Term:
    """`q <- gamma q + (1 - gamma) g^2` (g^2 at first); a step size per element that grows while
    the sign of g stays and shrinks when it changes; `a = size / sqrt (q + 1e-6)`; the step is
    `eta g a`, over the mean of a."""
    memory, g = step.memory, step.g
    gamma, square = memory.hyper("rms_gamma"), g * g
    began = memory.number("began")
    later = gamma * memory.old("squares") + (1 - gamma) * square
    q = memory.keep("squares", (began > 0.0).choose(later, square))
    memory.keep("began", began.writer.term(1.0))
    sign = g.apply(ew.SignOp)
    same = (sign * memory.old("sign")) > 0.0
    memory.keep("sign", sign)
    grown = memory.old("sizes") * memory.hyper("rms_inc")
    shrunk = memory.old("sizes") * memory.hyper("rms_dec")
    most, least = memory.hyper("rms_max"), memory.hyper("rms_min")
    grown = grown.apply(ew.GreaterOp, most).choose(most, grown)
    shrunk = shrunk.apply(ew.LessOp, least).choose(least, shrunk)
    size = memory.keep("sizes", same.choose(grown, shrunk))
    return _normalised(step, size * (q + SMALLEST_MEAN_SQUARE).apply(ew.SqrtOp).reciprocal())


def adam(step: Step) -> Term:
    """`q <- b2 q + (1 - b2) g^2`; `s <- b1 s + (1 - b1) g`; the step is
    `eta s sqrt (1 - b2) / (1 - b1) / (sqrt (q) + eps)`: the count of steps never advances."""
    memory, g = step.memory, step.g
    b1, b2 = memory.hyper("adam_mean"), memory.hyper("adam_variance")
    q = memory.keep("squares", b2 * memory.old("squares") + (1 - b2) * (g * g))
    s = memory.keep("momentum", b1 * memory.old("momentum") + (1 - b1) * g)
    scale = step.eta * memory.hyper("adam_correction")
    return (scale * s) * (q.apply(ew.SqrtOp) + memory.hyper("adam_epsilon")).reciprocal()


def _normalised(step: Step, gain: Term) -> Term:
    """`eta g gain`, divided by the mean of `gain` over the tensor when that is asked for."""
    if not step.average:
        return step.eta * (step.g * gain)
    mean = _mean(step, gain)
    return (step.eta * mean.reciprocal()) * (step.g * gain)


def _mean(step: Step, gain: Term) -> Term:
    """The mean over the tensor; with a sparse input over the columns touched."""
    if step.rows:
        return gain.apply(ReduceOp, op="Mean", axis=OVER_ALL)
    if step.touched is None:
        return gain.sum() * (1.0 / step.elements)
    rows = step.elements // type_of(step.touched.value).elements
    count = step.touched.sum() * float(rows)
    return step.touched.choose(gain, 0.0).sum().over(count)


def clipped(g: Term, bound: Term, whole: bool) -> Term:
    """Every element of g within the bound; or, if `whole`, g shortened to that norm."""
    if not whole:
        low = g.apply(ew.LessOp, -bound).choose(-bound, g)
        return g.apply(ew.GreaterOp, bound).choose(bound, low)
    squares = g * g
    alone = type_of(g.value).axis is None
    norm = (squares.sum() if alone else squares.apply(SumElementsOp)).apply(ew.SqrtOp)
    return g * norm.apply(ew.GreaterOp, bound).choose(bound * norm.reciprocal(), 1.0)


def thresholded(w: Term, bound: Term) -> Term:
    """w moved towards 0 by the bound, 0 when it is nearer."""
    below = w.apply(ew.LessOp, -bound).choose(w + bound, 0.0)
    return w.apply(ew.GreaterOp, bound).choose(w - bound, below)


RULES: dict[str, Callable[[Step], Term]] = {
    "sgd": sgd,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "fsadagrad": fs_adagrad,
    "rmsprop": rms_prop,
    "adam": adam,
}
