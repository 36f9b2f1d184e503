"""Batch normalisation, with the statistics of the minibatch or with the running ones."""

from __future__ import annotations

import math
from functools import cached_property

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.normalise import BatchNormalizationOp, NormaliseOp
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
    factor = own.read("scale") * own.inverse(own.read("variance"))
    return (site.term(op.x) - own.read("mean")) * factor + own.read("bias")


def with_minibatch_statistics(site: Site, op: BatchNormalizationOp) -> Term:
    """The same with the statistics of the minibatch, which move the running ones.

    With n samples and N = n times the elements of a channel, `m` and `v` are found in one pass,
    from sums of `x - mean` and its square, in double precision: a difference of sums is. With
    `a`, the weight of the minibatch (`weight_of`), `mean <- a m + (1 - a) mean` and
    `variance <- a v N / (N - 1) + (1 - a) variance`. With both time constants infinite nothing
    moves. A finite constant for blending changes nothing, as in CNTK on processors.
    """
    own, axis = Parts(site, op), type_of(op.x).axis
    if axis is None and own.frozen:
        return with_running_statistics(site, op)
    if axis is None:
        title = f"the input of '{op.node_name}' must be minibatch data"
        raise failure(op, "BS0412", title, "batch normalisation is over samples")
    samples = site.samples(axis)
    elements = samples * float(type_of(op.x).elements // own.kind.elements)
    share, before = elements.reciprocal(), own.read("mean")
    rest = (site.term(op.x) - before).late()
    shift = site.sum(rest, own.kind).over(elements)
    spread = site.sum((rest * rest).late(), own.kind).over(elements) - shift * shift
    spread = (spread > 0.0).choose(spread, 0.0)
    centre = before + shift
    value = own.normalised(centre, own.inverse(spread), share)
    if not own.frozen:
        a = weight_of(own, samples)
        unbiased = spread * (elements * (elements - 1.0).reciprocal())
        own.write("mean", a * centre + (1 - a) * before)
        own.write("variance", a * unbiased + (1 - a) * own.read("variance"))
        own.write_count(samples)
    return value


class Parts:
    """The parameters of one normalisation, all in the shape that broadcasts over x."""

    def __init__(self, site: Site, op: BatchNormalizationOp):
        self.site, self.op = site, op
        self.kind: TensorType = op.statistics
        self.time, self.blend = op.time_constant.value.data, op.blend_time_constant.value.data
        self.frozen = self.time == self.blend == math.inf
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

    @cached_property
    def count(self) -> Term:
        """The samples seen before; without a parameter for it a state counts."""
        if "count" in self.names:
            return self.site.read(self.names["count"], self.site.one)
        return self.site.state(f"count.{self.op.node_name}", "momentum")

    def write_count(self, samples: Term) -> None:
        """Count the samples, unless the statistics are frozen."""
        name = self.names.get("count", f"count.{self.op.node_name}")
        self.site.write(name, self.count + self.stands.choose(0.0, samples))

    @cached_property
    def constant(self) -> Term:
        """The time constant that holds."""
        return chosen(self.site, TIME_CONSTANT, self.time)

    @cached_property
    def stands(self) -> Term:
        """1 when both constants that hold are infinite: nothing moves."""
        blend = chosen(self.site, BLEND_TIME_CONSTANT, self.blend)
        return (self.constant > FOREVER) * (blend > FOREVER)

    def inverse(self, variance: Term) -> Term:
        """`1 / sqrt (variance + epsilon)`."""
        return (variance + self.op.epsilon.value.data).apply(ew.SqrtOp).reciprocal()

    def normalised(self, *statistics: Term) -> Term:
        """The operation that normalises by mean and inverse deviation."""
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


def weight_of(own: Parts, samples: Term) -> Term:
    """How much the minibatch counts for the running statistics.

    `n / (n + count)` for a negative time constant; else 1 for the first minibatch, unless all is
    frozen, and `1 - exp (-n / constant) = 2 t / (1 + t)`, `t = tanh (n / constant / 2)`, later.
    """
    count, time = own.count, own.constant
    first = (count > 0.0).choose(0.0, 1.0) * (1 - own.stands)
    half = (0.5 * (samples * time.reciprocal())).apply(ew.TanhOp)
    later = first.choose(1.0, (2.0 * half) * (half + 1).reciprocal())
    return (time > 0.0).choose(later, samples * (samples + count).reciprocal())


def chosen(site: Site, prefix: str, own: float) -> Term:
    """The time constant that holds: that of the node unless the host gave another."""
    given = site.state(prefix + site.op.node_name, "hyper")
    return given.same(site.writer.term(0.0)).choose(bounded(own), given)


def bounded(constant: float) -> float:
    """A time constant with 0 and infinity replaced by numbers that act alike."""
    if constant == 0:
        return SHORTEST
    return LONGEST if math.isinf(constant) or constant > LONGEST else constant
