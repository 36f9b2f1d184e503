"""Means over the samples of an epoch."""

from __future__ import annotations

from brainscript.dialects.net.criteria import EpochAccumulatorOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.net.running import RunningMeanOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.gradient.terms import Term
from brainscript.passes.mode.site import Site

ROLE = "accumulated"


def epoch_mean(site: Site, op: EpochAccumulatorOp) -> Term:
    """The mean so far, in `@accumulated.NODE`; `@accumulated.count.NODE` counts its samples."""
    axis, node = type_of(op.x).axis, op.node_name
    if axis is None:
        title = f"an input of '{node}' must be minibatch data"
        raise failure(op, "BS0412", title, "the mean is over samples")
    mean, count = f"{ROLE}.{node}", f"{ROLE}.count.{node}"
    before, samples = site.state(count, ROLE), site.samples(axis)
    operands = (site.state(mean, ROLE, type_of(op.result)), before, samples)
    made = RunningMeanOp(
        op.x,
        *(term.value for term in operands),
        result_type=type_of(op.result),
        node=node,
        location=op.location,
    )
    site.writer.insert(made)
    value = site.term(made.result)
    site.write(mean, value)
    site.write(count, before + samples)
    return value
