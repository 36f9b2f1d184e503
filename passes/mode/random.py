"""Dropout, samples drawn at random, and the environment."""

from __future__ import annotations

import math

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.random import (
    DrawClassesOp,
    DrawCountOp,
    DropoutOp,
    EnvironmentInputOp,
    RandomDistributionOp,
    RandomSampleFrequencyOp,
    RandomSampleOp,
    UniformOp,
    generator_type,
)
from brainscript.dialects.net.shape import SliceOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.terms import Term
from brainscript.passes.mode.site import Site

GENERATOR = "generator."
"""A state before the name of a node: the generator that it draws from."""
DROPOUT_RATE, DROPOUT_SCALE = "hyper.dropout_rate", "hyper.dropout_scale"


def generator(site: Site) -> Term:
    """The generator of the node."""
    kind = generator_type(type_of(site.op.result))
    return site.state(GENERATOR + site.op.node_name, "random", kind)


def dropout(site: Site, op: DropoutOp) -> Term:
    """`x .* (u > rate) .* scale`, u uniform in [0, 1) and the scale `1 / (1 - rate)`."""
    kind = type_of(op.x)
    drawn = site.term(site.writer.make(UniformOp, generator(site).value, result=kind))
    kept = drawn.apply(ew.GreaterOp, site.state(DROPOUT_RATE, "hyper"))
    return (site.term(op.x) * kept) * site.state(DROPOUT_SCALE, "hyper")


def same(site: Site, op: DropoutOp) -> Term:
    """x as it is."""
    return site.term(op.x).apply(ew.PassOp)


def sample(site: Site, op: RandomSampleOp) -> Term:
    """The classes, drawn afresh for every minibatch."""
    options = {"replacement": bool(op.replacement), "seed": site.number}
    inputs = (generator(site).value, op.weights)
    kind = type_of(op.result)
    return site.term(site.writer.make(DrawClassesOp, *inputs, result=kind, options=options))


def frequency(site: Site, op: RandomSampleFrequencyOp) -> Term:
    """`p count`, or `1 - exp (T log (1 - p))` with T the number of draws."""
    weights = site.reshaped(op.weights, type_of(op.result))
    share = weights * weights.sum().reciprocal()
    count = op.count.value.data
    if op.replacement:
        return share * float(count)
    options = {"count": count, "seed": site.number}
    inputs = (generator(site).value, op.weights)
    draws = site.writer.make(DrawCountOp, *inputs, result=site.one, options=options)
    return 1 - ((1 - share).log() * site.term(draws)).exp()


def distribution(site: Site, op: RandomDistributionOp) -> Term:
    """What is drawn, plus `x > x`, which is 0: a step reads the inputs that its network has."""
    x = site.term(op.x)
    return _distributed(site, op) + x.apply(ew.GreaterOp, x)


def _distributed(site: Site, op: RandomDistributionOp) -> Term:
    """A function of numbers uniform in [0, 1); a normal one of two, after Box and Muller."""
    kind = type_of(op.result)
    first, second = float(op.first.value.data), float(op.second.value.data)
    which = op.distribution.data
    if which == "normal":
        elements = kind.elements
        both = _drawn(site, op, kind.with_shape((2 * elements,)))
        flat = kind.with_shape((elements,))
        u, angle = (_part(site, both, flat, number) for number in (0, 1))
        radius = ((1 - u).log() * -2.0).apply(ew.SqrtOp)
        drawn = radius * (angle * math.tau).apply(ew.CosineOp) * second + first
        return site.reshaped(drawn.value, kind)
    u = _drawn(site, op, kind)
    if which == "uniform":
        return u * (second - first) + first
    if which == "gumbel":
        return first - (-(1 - u).log()).log() * second
    return u.apply(ew.LessOp, first)


def _drawn(site: Site, op: RandomDistributionOp, kind: TensorType) -> Term:
    options = {"seed": op.seed.value.data or site.number}
    source = generator(site).value
    return site.term(site.writer.make(UniformOp, source, result=kind, options=options))


def _part(site: Site, both: Term, kind: TensorType, number: int) -> Term:
    begin = number * kind.elements
    options = {"begin": begin, "end": begin + kind.elements}
    return site.term(site.writer.make(SliceOp, both.value, result=kind, options=options))


def in_training(site: Site, op: EnvironmentInputOp) -> Term:
    """1."""
    return _number(site, op, 1.0)


def elsewhere(site: Site, op: EnvironmentInputOp) -> Term:
    """0."""
    return _number(site, op, 0.0)


def _number(site: Site, op: EnvironmentInputOp, value: float) -> Term:
    splat = SplatOp(value, type_of(op.result), op.location)
    site.writer.insert(splat)
    return site.term(splat.result)
