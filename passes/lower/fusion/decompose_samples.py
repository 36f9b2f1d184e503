"""Products of samples, norms and the larger criteria in terms of simpler operations."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import criteria, elementwise, linear
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.running import RunningMeanOp
from brainscript.dialects.net.samples import RollOp
from brainscript.dialects.net.shape import SpliceOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.gradient.formulas.ranking import Ranking
from brainscript.passes.gradient.formulas.words import ClassBased, Contrast
from brainscript.passes.gradient.terms import Term, Writer
from brainscript.passes.lower.fusion.decompose_shape import reshaped
from brainscript.passes.lower.fusion.steps import Steps


def operands(op: Operation) -> list[Term]:
    """The operands, to write formulas with in front of the operation."""
    writer = Writer(op, type_of(op.results[0]).element, op.location)
    return [Term(writer, value) for value in op.operands]


def cosine(steps: Steps, a: SSAValue, b: SSAValue) -> SSAValue:
    """`a . b / |a| / |b|`."""
    value = steps.sample_sum(steps.times(a, b))
    for x in (a, b):
        norm = steps.add(elementwise.SqrtOp(steps.sample_sum(steps.times(x, x))))
        value = steps.add(elementwise.QuotientOp(value, norm))
    return value


def cos_distance(steps: Steps, op: Operation) -> SSAValue:
    """The cosine of two samples."""
    return cosine(steps, *op.operands)


def negative_samples(steps: Steps, op: Operation) -> SSAValue:
    """The cosine with the partner, then with those of other samples."""
    assert isinstance(op, linear.CosDistanceWithNegativeSamplesOp)
    shift = op.shift.value.data
    parts = [cosine(steps, op.a, op.b)]
    for number in range(op.count.value.data):
        other = steps.add(RollOp(op.b, options={"shift": shift + number}))
        parts.append(cosine(steps, op.a, other))
    return steps.add(SpliceOp(*parts, options={"axis": 1}))


def sample_sum(steps: Steps, op: Operation) -> SSAValue:
    """The sum over the elements of each sample."""
    return steps.sample_sum(op.operands[0])


def l1_norm(steps: Steps, op: Operation) -> SSAValue:
    """The sum of `|x|`."""
    return steps.total(steps.add(elementwise.AbsOp(op.operands[0])), op.results[0])


def l2_norm(steps: Steps, op: Operation) -> SSAValue:
    """The root of the sum of squares."""
    x = op.operands[0]
    return steps.add(elementwise.SqrtOp(steps.total(steps.times(x, x), op.results[0])))


def khatri_rao(steps: Steps, op: Operation) -> SSAValue:
    """A column times a row, as one column."""
    left, right = op.operands
    column = reshaped(steps, left, (type_of(left).elements,))
    row = reshaped(steps, right, (1, type_of(right).elements))
    return reshaped(steps, steps.times(column, row), shape_of(op.results[0]))


def lookup(steps: Steps, op: Operation) -> SSAValue:
    """The product of the table and the pieces side by side."""
    table, x = op.operands
    size = shape_of(table)[1]
    pieces = reshaped(steps, x, (size, type_of(x).elements // size))
    return reshaped(steps, steps.add(linear.TimesOp(table, pieces)), shape_of(op.results[0]))


def class_based(steps: Steps, op: Operation) -> SSAValue:
    """The sum of it over all samples."""
    given = operands(op)
    return steps.total(ClassBased.of(given).value(given[3]).value, op.results[0])


def contrast(steps: Steps, op: Operation) -> SSAValue:
    """The sum of it over all samples."""
    return steps.total(Contrast.of(operands(op)).value().value, op.results[0])


def lambda_rank(steps: Steps, op: Operation) -> SSAValue:
    """From ranks and places."""
    return Ranking.of(operands(op)).lambda_rank().value


def ndcg1(steps: Steps, op: Operation) -> SSAValue:
    """From ranks and places."""
    return Ranking.of(operands(op)).ndcg1().value


def running_mean(steps: Steps, op: Operation) -> SSAValue:
    """The mean before, moved by the part that the samples differ from it."""
    x, mean, count, samples = operands(op)
    total = x.writer.make(elementwise.SumToOp, x.value, result=type_of(op.results[0]))
    shift = x.writer.term(total) - samples * mean
    return (mean + shift.over(count + samples)).value


RULES: dict[type[NetOp], Callable[[Steps, Operation], SSAValue]] = {
    linear.CosDistanceOp: cos_distance,
    linear.CosDistanceWithNegativeSamplesOp: negative_samples,
    linear.SumColumnElementsOp: sample_sum,
    linear.MatrixL1RegOp: l1_norm,
    linear.MatrixL2RegOp: l2_norm,
    linear.KhatriRaoProductOp: khatri_rao,
    linear.LookupTableOp: lookup,
    criteria.ClassBasedCrossEntropyOp: class_based,
    criteria.NoiseContrastiveOp: contrast,
    criteria.LambdaRankOp: lambda_rank,
    criteria.NDCG1EvalOp: ndcg1,
    RunningMeanOp: running_mean,
}
