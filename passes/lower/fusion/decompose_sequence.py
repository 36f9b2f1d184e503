"""Criteria on sequences of labels in terms of what finds their labels and their kernels."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation, SSAValue

from brainscript.axes import first_of
from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.alignment import (
    BEGINS,
    CtcLossOp,
    EditCountsOp,
    EditDistanceOp,
    ForwardBackwardOp,
)
from brainscript.dialects.net.normalise import LogSoftmaxOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shape import SliceOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.fusion.steps import Steps


def labels_of(steps: Steps, labels: SSAValue) -> SSAValue:
    """For each step the label that begins there, or -1."""
    largest = steps.add(ReduceOp(labels, options={"op": "Max"}))
    begins = steps.add(ew.EqualOp(largest, steps.number(BEGINS, labels)))
    return steps.add(ew.SelectOp(begins, steps.largest(labels), steps.number(-1.0, labels)))


def forward_backward(steps: Steps, op: Operation) -> SSAValue:
    """`-ln P` of each sequence, summed over the sequences."""
    assert isinstance(op, ForwardBackwardOp)
    log_p = steps.add(LogSoftmaxOp(op.features))
    tokens = labels_of(steps, op.graph)
    kind, options = per_sequence(op.features, 1), op.option_values()
    loss = steps.add(CtcLossOp(log_p, tokens, result_type=kind, options=options))
    return steps.total(loss, op.result)


def per_sequence(like: SSAValue, elements: int) -> TensorType:
    """So many numbers for each sequence."""
    kind = type_of(like)
    assert kind.axis is not None
    return kind.with_shape((elements,)).with_axis(first_of(kind.axis))


def edit_distance(steps: Steps, op: Operation) -> SSAValue:
    """`edits * steps / length`, each summed over the sequences."""
    assert isinstance(op, EditDistanceOp)
    tokens = [steps.largest(v) for v in dict.fromkeys(op.operands)]
    kind, options = per_sequence(op.left, 2), op.option_values()
    counts = steps.add(EditCountsOp(*tokens, result_type=kind, options=options))
    sums = steps.add(ew.SumToOp(counts, result_type=kind.with_axis(None)))
    edits, length = (
        steps.add(SliceOp(sums, options={"begin": i, "end": i + 1, "axis": 1})) for i in range(2)
    )
    one = type_of(op.left).with_shape((1,))
    ones = steps.add(ew.BroadcastToOp(steps.number(1.0, op.left), result_type=one))
    count = steps.add(ew.SumToOp(ones, result_type=one.with_axis(None)))
    return steps.add(ew.QuotientOp(steps.times(edits, count), length))


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    ForwardBackwardOp: forward_backward,
    EditDistanceOp: edit_distance,
}
