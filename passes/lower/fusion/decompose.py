"""`net-decompose`: what has no kernel of its own, in terms of operations that have one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from brainscript.dialects.net import criteria, crop, elementwise, linear, normalise, parameters
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.crop_offsets import settle
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of, symbols_of
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.net.shapes import OVER_ALL, OVER_SAMPLES
from brainscript.dialects.sched import PRODUCTS, WINDOWS
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.fusion import (
    decompose_convolution,
    decompose_normalise,
    decompose_samples,
    decompose_sequence,
    decompose_shape,
)
from brainscript.passes.lower.fusion.embedded import join_embedded
from brainscript.passes.lower.fusion.families import LATE, is_column_largest, is_constant
from brainscript.passes.lower.fusion.steps import Steps

MANY = 4096
"""Elements of a sample from which on a sum of everything is worth several threads."""


@dataclass(frozen=True)
class NetDecompose(ModulePass):
    """Write criteria, metrics and state updates as elementwise operations and sums.

    Before: `%ce = net.cross_entropy_with_softmax %y, %z : !net.t<[1], f32>`
    After: `%l = net.log_softmax %z`, `%p = net.element_times %y, %l`, `%s = net.reduce %p`,
    `%m = net.negate %s`, all for each sample, and `%ce = net.sum_to %m`, the sum over samples.

    `net.accumulate` becomes read, plus, write; `net.pass` disappears; the product `A' * B` is the
    gradient of a product by its right operand.
    """

    name = "net-decompose"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            decompose(network)


def cross_entropy_with_softmax(steps: Steps, op: Operation) -> SSAValue:
    """`-sum y .* LogSoftmax (z)`."""
    label, z = op.operands[:2]
    picked = steps.times(label, steps.add(normalise.LogSoftmaxOp(z)))
    return steps.total(steps.negate(steps.sample_sum(picked)), op.results[0])


def cross_entropy(steps: Steps, op: Operation) -> SSAValue:
    """`-sum y .* Log (p)`."""
    label, p = op.operands[:2]
    picked = steps.times(label, steps.log(p))
    return steps.total(steps.negate(steps.sample_sum(picked)), op.results[0])


def square_error(steps: Steps, op: Operation) -> SSAValue:
    """`sum (a - b)^2`."""
    difference = steps.minus(*op.operands)
    return steps.total(steps.times(difference, difference), op.results[0])


def logistic(steps: Steps, op: Operation) -> SSAValue:
    """`-sum Log (y p + (1 - y) (1 - p))`; with weights `-n sum (w Log) / sum w`."""
    label, p, *weights = op.operands
    one = steps.number(1.0, p)
    other = steps.times(steps.minus(one, label), steps.minus(one, p))
    logs = steps.log(steps.add(elementwise.PlusOp(steps.times(label, p), other)))
    result = op.results[0]
    if not weights:
        return steps.negate(steps.total(logs, result))
    weight = weights[0]
    each = type_of(result).with_axis(type_of(label).axis or type_of(p).axis)
    count = steps.total(steps.add(elementwise.BroadcastToOp(one, result_type=each)), result)
    weighed = steps.times(count, steps.total(steps.times(weight, logs), result))
    mean = steps.add(elementwise.QuotientOp(weighed, steps.total(weight, result)))
    return steps.negate(mean)


def classification_error(steps: Steps, op: Operation) -> SSAValue:
    """Whether the first largest element of the label is not among the topN first of z.

    With topN: z at the place `p` of the label is `zp`; what stands before it are the elements
    larger than `zp`, and those equal to it with an index below `p`.
    """
    label, z, *top = op.operands
    p = steps.largest(label)
    if not top:
        wrong = steps.add(elementwise.NotEqualOp(p, steps.largest(z)))
        return steps.total(wrong, op.results[0])
    number = steps.add(parameters.IndexOp(result_type=type_of(z).with_axis(None)))
    mark = steps.add(elementwise.EqualOp(number, p))
    zero = steps.number(0.0, z)
    zp = steps.sample_sum(steps.add(elementwise.SelectOp(mark, z, zero)))
    equal = steps.add(elementwise.EqualOp(z, zp))
    tied = steps.times(equal, steps.add(elementwise.LessOp(number, p)))
    before = steps.add(elementwise.PlusOp(steps.add(elementwise.GreaterOp(z, zp)), tied))
    wrong = steps.add(elementwise.GreaterEqualOp(steps.sample_sum(before), top[0]))
    return steps.total(wrong, op.results[0])


def sum_elements(steps: Steps, op: Operation) -> SSAValue:
    """The sum over the elements of all samples, of the first operand."""
    return steps.total(op.operands[0], op.results[0])


def reduction(steps: Steps, op: Operation) -> SSAValue:
    """Over all samples: within each of them, then across; the largest has a kernel."""
    assert isinstance(op, ReduceOp)
    name, axis, x, result = op.op.data, op.axis.value.data, op.x, op.results[0]
    if axis >= 0 or is_column_largest(op):
        return result
    if axis == OVER_ALL:
        x = steps.add(ReduceOp(x, options={"op": name}))
    return x if type_of(x).axis is None else ACROSS[name](steps, x, result)


def sum_across(steps: Steps, x: SSAValue, result: SSAValue) -> SSAValue:
    """The sum over samples."""
    return steps.add(elementwise.SumToOp(x, result_type=type_of(result)))


def sum_of_all(steps: Steps, op: Operation) -> SSAValue:
    """The sum of many elements of all samples: threads sum samples, then their sums are added.

    Sums that something is subtracted from are asked for with `late` operands, and kept exact.
    """
    assert isinstance(op, elementwise.SumToOp)
    kind, result, owner = type_of(op.x), type_of(op.result), op.x.owner
    plain = not (isinstance(owner, Operation) and LATE in owner.attributes)
    if kind.axis is None or result.shape != (1,) or result.axis is not None or not plain:
        return op.result
    if kind.sparse or kind.elements < MANY:
        return op.result
    return steps.add(elementwise.SumToOp(steps.sample_sum(op.x), result_type=result))


def mean_across(steps: Steps, x: SSAValue, result: SSAValue) -> SSAValue:
    """The sum over samples, divided by their number."""
    one = steps.number(1.0, x)
    each = type_of(x).with_shape((1,))
    ones = steps.add(elementwise.BroadcastToOp(one, result_type=each))
    count = steps.add(elementwise.SumToOp(ones, result_type=type_of(one)))
    return steps.add(elementwise.QuotientOp(sum_across(steps, x, result), count))


def largest_across(steps: Steps, x: SSAValue, result: SSAValue) -> SSAValue:
    """The largest over samples."""
    return steps.add(ReduceOp(x, options={"op": "Max", "axis": OVER_SAMPLES}))


def smallest_across(steps: Steps, x: SSAValue, result: SSAValue) -> SSAValue:
    """`-max (-x)`."""
    return steps.negate(largest_across(steps, steps.negate(x), result))


def log_sum_across(steps: Steps, x: SSAValue, result: SSAValue) -> SSAValue:
    """`t + log (sum exp (x - s))` with t the largest, and s the same or, if that is infinite, 0."""
    top = largest_across(steps, x, result)
    zero = steps.number(0.0, x)
    finite = steps.add(elementwise.EqualOp(steps.minus(top, top), zero))
    shift = steps.add(elementwise.SelectOp(finite, top, zero))
    powers = steps.add(elementwise.ExpOp(steps.minus(x, shift)))
    return steps.add(elementwise.PlusOp(top, steps.log(sum_across(steps, powers, result))))


ACROSS: dict[str, Callable[[Steps, SSAValue, SSAValue], SSAValue]] = {
    "Sum": sum_across,
    "Mean": mean_across,
    "Max": largest_across,
    "Min": smallest_across,
    "LogSum": log_sum_across,
}


def times(steps: Steps, op: Operation) -> SSAValue:
    """The product of two sums, where it is that."""
    assert isinstance(op, linear.TimesOp)
    if not op.multiplies_sums:
        return op.result
    return steps.times(steps.sample_sum(op.a), steps.sample_sum(op.b))


def transpose_times(steps: Steps, op: Operation) -> SSAValue:
    """`A' * B`."""
    kind = type_of(op.results[0])
    return steps.add(linear.TimesGradientRightOp(*op.operands, result_type=kind))


def gradient_right(steps: Steps, op: Operation) -> SSAValue:
    """`A' * g`: where A differs from sample to sample and B does not, made for each and summed."""
    result = op.results[0]
    kind, axis = type_of(result), type_of(op.operands[0]).axis
    if axis is None or kind.axis is not None:
        return result
    each = op.clone()
    Rewriter.replace_value_with_new_type(each.results[0], kind.with_axis(axis))
    return steps.add(elementwise.SumToOp(steps.add(each), result_type=kind))


def diagonal_times(steps: Steps, op: Operation) -> SSAValue:
    """`d .* x`."""
    kind = type_of(op.results[0])
    return steps.add(elementwise.ElementTimesOp(*op.operands, result_type=kind))


def accumulate(steps: Steps, op: Operation) -> None:
    """Read the sum, add, write it back."""
    assert isinstance(op, parameters.AccumulateOp)
    network = op.parent_op()
    assert isinstance(network, NetworkOp)
    kind, value = symbols_of(network)[op.target].type, op.value
    if type_of(value) != kind:
        value = steps.add(elementwise.SumToOp(value, result_type=kind))
    old = steps.add(parameters.ReadOp(op.target, kind))
    steps.builder.insert(parameters.WriteOp(op.target, steps.add(elementwise.PlusOp(old, value))))


def settle_writes(network: NetworkOp) -> None:
    """Let reads that follow a write take its value, and keep the last write of each symbol."""
    last: dict[str, parameters.WriteOp] = {}
    for op in list(network.block.ops):
        if isinstance(op, parameters.ReadOp) and op.target in last:
            op.result.replace_all_uses_with(last[op.target].value)
            Rewriter.erase_op(op)
        elif isinstance(op, parameters.WriteOp):
            earlier = last.get(op.target)
            if earlier is not None:
                Rewriter.erase_op(earlier)
            last[op.target] = op


def materialise(network: NetworkOp) -> None:
    """Put `net.pass` where a value must lie in memory of its own.

    That is between a constant or a reshape and a product, a root or a write, and between a symbol
    and another symbol that takes its value: two may be swapped.
    """
    for op in list(network.block.ops):
        write = isinstance(op, parameters.WriteOp)
        product = op.name in (*PRODUCTS, *WINDOWS)
        if not (product or write or isinstance(op, RootsOp)):
            continue
        for number, value in enumerate(op.operands):
            owner = value.owner
            if not isinstance(owner, Operation):
                continue
            copied = isinstance(owner, ReshapeOp) and not product
            if copied or is_constant(owner) or (write and isinstance(owner, parameters.ReadOp)):
                op.operands[number] = Steps(op).add(elementwise.PassOp(value))


def identity(steps: Steps, op: Operation) -> SSAValue:
    """The operand itself."""
    return op.operands[0]


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    criteria.CrossEntropyWithSoftmaxOp: cross_entropy_with_softmax,
    criteria.CrossEntropyOp: cross_entropy,
    criteria.SquareErrorOp: square_error,
    criteria.LogisticOp: logistic,
    criteria.ClassificationErrorOp: classification_error,
    criteria.DummyCriterionOp: sum_elements,
    linear.SumElementsOp: sum_elements,
    ReduceOp: reduction,
    **decompose_samples.RULES,
    linear.TimesOp: times,
    linear.TransposeTimesOp: transpose_times,
    linear.TimesGradientRightOp: gradient_right,
    elementwise.DiagTimesOp: diagonal_times,
    elementwise.SumToOp: sum_of_all,
    elementwise.PassOp: identity,
    elementwise.LabelsToGraphOp: identity,
    elementwise.StopGradientOp: identity,
    **decompose_convolution.RULES,
    **decompose_normalise.RULES,
    **decompose_sequence.RULES,
    **decompose_shape.RULES,
    parameters.AccumulateOp: accumulate,
}


def decompose(network: NetworkOp) -> None:
    """Apply `RULES` to every operation of the network; one that gives its own result stays."""
    join_embedded(network)
    seen: set[Operation] = set()
    fresh = list(network.block.ops)
    for op in fresh:
        if isinstance(op, crop.CropOp):
            settle(op)
    while fresh:
        for op in fresh:
            apply_rule(op)
        seen.update(fresh)
        fresh = [op for op in network.block.ops if op not in seen]


def apply_rule(op: Operation) -> None:
    """Replace an operation by what its rule writes, if it has one."""
    rule = RULES.get(type(op))
    if rule is None:
        return
    value = rule(Steps(op), op)
    if op.results and value is op.results[0]:
        return
    if value is not None:
        keep_name(op, value)
        op.results[0].replace_all_uses_with(value)
    Rewriter.erase_op(op)


def keep_name(op: Operation, value: SSAValue) -> None:
    """Give the value the node name of the operation that it stands for, if it has none."""
    owner, node = value.owner, op.properties.get("node")
    if isinstance(owner, NetOp) and node is not None and owner.node is None:
        owner.properties["node"] = node
