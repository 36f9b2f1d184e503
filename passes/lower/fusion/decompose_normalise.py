"""Normalisation in terms of elementwise operations."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import elementwise, normalise
from brainscript.passes.lower.fusion.families import LATE
from brainscript.passes.lower.fusion.steps import Steps


def normalisation(steps: Steps, op: Operation) -> SSAValue:
    """`(x - mean) .* s`."""
    x, mean, scale = op.operands
    return steps.times(steps.minus(x, mean), scale)


def denormalisation(steps: Steps, op: Operation) -> SSAValue:
    """`x / s + mean`."""
    x, mean, scale = op.operands
    return steps.add(elementwise.PlusOp(steps.add(elementwise.QuotientOp(x, scale)), mean))


def with_given_statistics(steps: Steps, op: Operation) -> SSAValue:
    """`(x - mean) .* (scale .* inverse) + bias`."""
    x, scale, bias, mean, inverse = op.operands[:5]
    rest = elementwise.MinusOp(x, mean)
    rest.attributes[LATE] = UnitAttr()
    scaled = steps.times(steps.add(rest), steps.times(scale, inverse))
    return steps.add(elementwise.PlusOp(scaled, bias))


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    normalise.NormaliseOp: with_given_statistics,
    normalise.PerDimMeanVarNormalizationOp: normalisation,
    normalise.PerDimMeanVarDeNormalizationOp: denormalisation,
}
