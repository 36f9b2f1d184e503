"""Statistics of a minibatch that a convolution gives beside its result.

Batch normalisation in training needs `x - r` and its square summed over samples and over the
elements of a channel. Where x is made by a convolution, its kernel has every element at hand: it
gives the mean and the variance of each channel of each sample, and what is left to be summed are
these few numbers. They hang on one sample alone, so that results do not on the number of threads.
"""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.convolution import CorrelateBackOp, CorrelateOp
from brainscript.dialects.net.elementwise import ElementTimesOp, MinusOp, PlusOp, SumToOp
from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.normalise import PlaneMeanOp, PlaneVarianceOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.convolution.form import form_of, is_general
from brainscript.passes.lower.fusion.steps import Steps


def share_statistics(network: NetworkOp) -> None:
    """Write the sums of batch normalisations over convolutions as sums over samples.

    Before: `%z = net.correlate %w, %x`, `%d = net.minus %z, %r`, `%s = net.sum_to %d`,
    `%q = net.element_times %d, %d`, `%t = net.sum_to %q`
    After: with `%m = net.plane_mean %z` and `%v = net.plane_variance %z`, and p elements in a
    plane, `%s = p sum_to (%m - %r)` and `%t = p sum_to (%v + (%m - %r) .* (%m - %r))`.
    """
    for op in list(network.block.ops):
        if isinstance(op, CorrelateOp | CorrelateBackOp) and not is_general(op):
            for use in list(op.result.uses):
                rest = use.operation
                if isinstance(rest, MinusOp) and rest.a is op.result and is_statistic(rest):
                    replace_sums(op, rest)


def statistic_kind(op: CorrelateOp | CorrelateBackOp) -> TensorType | None:
    """The type of one number for each channel of the result; None for results of other forms."""
    kind, form = type_of(op.result), form_of(op)
    assert kind.shape is not None
    *plane, channels = kind.shape
    made = form.channels if isinstance(op, CorrelateBackOp) else form.maps
    if kind.axis is None or channels != made:
        return None
    return kind.with_shape((*(1 for _ in plane), channels))


def is_statistic(rest: MinusOp) -> bool:
    """Whether `x - r` is needed for nothing but its sum and that of its square, by channel."""
    x = rest.a.owner
    assert isinstance(x, CorrelateOp | CorrelateBackOp)
    kind = statistic_kind(x)
    if kind is None or type_of(rest.b) != kind.with_axis(None):
        return False
    users = [use.operation for use in rest.result.uses]
    squares = [op for op in users if is_square(op)]
    sums = [op for op in users if not is_square(op)]
    sums += [use.operation for op in squares for use in op.results[0].uses]
    return bool(squares) and all(
        isinstance(op, SumToOp) and type_of(op.result) == kind.with_axis(None) for op in sums
    )


def is_square(op: Operation) -> bool:
    """Whether this is a value times itself."""
    return isinstance(op, ElementTimesOp) and op.a is op.b


def replace_sums(op: CorrelateOp | CorrelateBackOp, rest: MinusOp) -> None:
    """Sum what the convolution gives for each sample instead of its result."""
    kind = statistic_kind(op)
    assert kind is not None
    steps = Steps(rest)
    mean = steps.add(PlaneMeanOp(op.result, result_type=kind))
    variance = steps.add(PlaneVarianceOp(op.result, result_type=kind))
    distance = MinusOp(mean, rest.b)
    distance.attributes.update(rest.attributes)
    value = steps.add(distance)
    size = float(type_of(op.result).elements // kind.elements)
    for user in dict.fromkeys(use.operation for use in list(rest.result.uses)):
        if isinstance(user, SumToOp):
            replace(user, value, size)
            continue
        squared = Steps(user).times(value, value)
        for use in list(user.results[0].uses):
            assert isinstance(use.operation, SumToOp)
            replace(use.operation, Steps(user).add(PlusOp(variance, squared)), size)
        Rewriter.erase_op(user)
    Rewriter.erase_op(rest)


def replace(total: SumToOp, value: SSAValue, size: float) -> None:
    """Let a sum be `size` times that of another value over samples."""
    steps = Steps(total)
    made = steps.add(SumToOp(value, result_type=type_of(total.result)))
    total.result.replace_all_uses_with(steps.times(made, steps.number(size, made)))
    Rewriter.erase_op(total)
