"""Batch normalisation, with the statistics of the minibatch or with the running ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.normalise import BatchNormalizationOp, NormaliseOp
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.terms import Term
from brainscript.passes.mode.site import Site

TIME_CONSTANT = "hyper.time_constant."
BLEND_TIME_CONSTANT = "hyper.blend_time_constant."
"""States before the name of a node: what replaces its constant; 0 leaves it, and infinity is a
number of at least `FOREVER`."""
FOREVER = 1e29
LONGEST, SHORTEST = 1e30, 1e-30


def with_running_statistics(site: Site, op: BatchNormalizationOp) -> Term:
    """`(x - mean) .* (scale ./ sqrt (variance + epsilon)) + bias`."""
    own = Parts(site, op)
    deviation = (own.read("variance") + op.epsilon.value.data).apply(ew.SqrtOp)
    factor = own.read("scale") * deviation.reciprocal()
    return (site.term(op.x) - own.read("mean")) * factor + own.read("bias")


def in_training(site: Site, op: BatchNormalizationOp) -> Term:
    """With the statistics of the minibatch; with two infinite time constants nothing moves."""
    constants = (op.time_constant.value.data, op.blend_time_constant.value.data)
    frozen = all(constant == math.inf for constant in constants)
    return (with_frozen_statistics if frozen else with_minibatch_statistics)(site, op)


def with_frozen_statistics(site: Site, op: BatchNormalizationOp) -> Term:
    """Normalised by the minibatch alone, while running statistics and count stay as they are.

    So CNTK trains above a part of a network that is frozen; elsewhere the running ones are used.
    """
    own, axis = Parts(site, op), type_of(op.x).axis
    if axis is None:
        return with_running_statistics(site, op)
    elements = own.all_alike(float(type_of(op.x).elements // own.kind.elements))
    share = (elements * site.samples(axis)).reciprocal()
    before = own.read("mean")
    rest = site.term(op.x) - before
    shift = site.sum(rest, own.kind) * share
    spread = site.sum(rest * rest, own.kind) * share - shift * shift
    spread = (spread > 0.0).choose(spread, 0.0)
    centre, inverse = before + shift, own.inverse(spread)
    slope = inverse * inverse * inverse * share
    return own.normalised((centre, inverse, centre, share, slope))


def with_minibatch_statistics(site: Site, op: BatchNormalizationOp) -> Term:
    """The same with the statistics of the minibatch, which move the running ones.

    With n samples, N = n times the elements of a channel, and the count of samples before:
    `m` and `v` are found in one pass, from sums of `x - mean` and its square, which are near 0
    once there is a running mean; `a`, the weight of the minibatch in the running statistics, and
    `b`, the weight of those in the normalisation, follow from n and the count (`Weights`);
    `mean <- a m + (1 - a) mean`, `variance <- a v N / (N - 1) + (1 - a) variance`. The sample is
    normalised by `(1 - b) m + b mean` and `(1 - b) / sqrt (v + eps) + b / sqrt (variance + eps)`.
    """
    own = Parts(site, op)
    axis = type_of(op.x).axis
    if axis is None:
        title = f"the input of '{op.node_name}' must be minibatch data"
        raise failure(op, "BS0412", title, "batch normalisation is over samples")
    samples = site.samples(axis)
    elements = own.all_alike(float(type_of(op.x).elements // own.kind.elements)) * samples
    share = elements.reciprocal()
    before, variance = own.read("mean"), own.read("variance")
    rest = site.term(op.x) - before
    shift = site.sum(rest, own.kind) * share
    spread = site.sum(rest * rest, own.kind) * share - shift * shift
    spread = (spread > 0.0).choose(spread, 0.0)
    centre = before + shift
    weights = Weights.of(own, samples, own.all_alike(0.0))
    a, b = weights.running, weights.blend
    unbiased = spread * (elements * (elements - 1.0).reciprocal())
    mean = a * centre + (1 - a) * before
    variance = a * unbiased + (1 - a) * variance
    inverse, running = own.inverse(spread), own.inverse(variance)
    statistics = (
        centre + b * (mean - centre),
        inverse + b * (running - inverse),
        centre,
        (1 - b) * share,
        (1 - b) * (inverse * inverse * inverse * share),
    )
    value = own.normalised(statistics)
    own.write("mean", mean)
    own.write("variance", variance)
    own.write_count(weights, samples)
    return value


class Parts:
    """The parameters of one normalisation, all in the shape that broadcasts over x."""

    def __init__(self, site: Site, op: BatchNormalizationOp):
        self.site, self.op = site, op
        self.kind: TensorType = op.statistics
        inputs = (op.scale, op.bias, op.mean, op.variance)
        named = zip(("scale", "bias", "mean", "variance"), inputs, strict=True)
        self.names = {what: site.parameter(value, what) for what, value in named}
        if op.count is not None:
            self.names["count"] = site.parameter(op.count, "count")

    def read(self, what: str) -> Term:
        """One of the parameters."""
        return self.site.read(self.names[what], self.kind)

    def write(self, what: str, value: Term) -> None:
        """Move one of the parameters."""
        self.site.write(self.names[what], value)

    def count(self) -> Term:
        """The samples seen before; without a parameter for it a state counts."""
        if self.op.count is not None:
            return self.site.read(self.names["count"], self.site.one)
        return self.site.state(f"count.{self.op.node_name}", "momentum")

    def write_count(self, weights: Weights, samples: Term) -> None:
        """Count the samples, unless the statistics are frozen."""
        alone = Weights.of(self, samples, self.site.term(self.site.writer.number(0.0)))
        name = self.names.get("count", f"count.{self.op.node_name}")
        self.site.write(name, alone.count + alone.frozen.choose(0.0, samples))

    def all_alike(self, number: float) -> Term:
        """One number for all."""
        splat = SplatOp(number, self.kind)
        self.site.writer.insert(splat)
        return self.site.term(splat.result)

    def inverse(self, variance: Term) -> Term:
        """`1 / sqrt (variance + epsilon)`."""
        return (variance + self.op.epsilon.value.data).apply(ew.SqrtOp).reciprocal()

    def normalised(self, statistics: tuple[Term, ...]) -> Term:
        """The operation that normalises by these statistics."""
        site, op = self.site, self.op
        inputs = [self.read("scale"), self.read("bias"), *statistics]
        made = NormaliseOp(
            op.x,
            *(t.value for t in inputs),
            node=op.node_name,
            location=op.location,
            options={"unregularised": bool(op.unregularised)},
        )
        site.writer.insert(made)
        return site.term(made.result)


@dataclass(frozen=True)
class Weights:
    """How much the minibatch counts for the running statistics, and these for the value.

    `running` is `n / (n + count)` for a negative time constant, else 1 for the first minibatch and
    `1 - exp (-n / constant)` later; `blend` is 0 for the first minibatch and then
    `constant / (constant + n)`. `frozen` is 1 when both constants are infinite: then the running
    statistics are used as they are, from the first minibatch on.
    """

    running: Term
    blend: Term
    frozen: Term
    count: Term

    @staticmethod
    def of(own: Parts, samples: Term, zero: Term) -> Weights:
        """The weights in the shape of `zero`."""
        op, site = own.op, own.site
        count, n = zero + own.count(), zero + samples
        time = chosen(site, zero, TIME_CONSTANT, op.time_constant.value.data)
        blend = chosen(site, zero, BLEND_TIME_CONSTANT, op.blend_time_constant.value.data)
        frozen = (time > FOREVER) * (blend > FOREVER)
        first = (count > 0.0).choose(0.0, 1.0) * (1 - frozen)
        half = (0.5 * (n * time.reciprocal())).apply(ew.TanhOp)
        later = (2.0 * half) * (half + 1).reciprocal()
        mean = n * (n + count).reciprocal()
        running = (time > 0.0).choose(first.choose(1.0, later), mean)
        share = (n * blend.reciprocal() + 1).reciprocal()
        return Weights(running, first.choose(0.0, share), frozen, count)


def chosen(site: Site, zero: Term, prefix: str, own: float) -> Term:
    """The time constant that holds: that of the node unless the host gave another."""
    given = zero + site.state(prefix + site.op.node_name, "hyper")
    return given.same(zero).choose(bounded(own), given)


def bounded(constant: float) -> float:
    """A time constant with 0 and infinity replaced by numbers that act alike."""
    if constant == 0:
        return SHORTEST
    return LONGEST if math.isinf(constant) or constant > LONGEST else constant
