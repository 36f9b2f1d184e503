"""`net-store-sparse`: sparse inputs are handed over as they are, expanded only where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from brainscript.dialects.net import criteria, elementwise, linear
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.net.shape import ReshapeOp, TransposeDimensionsOp
from brainscript.dialects.net.sparse import (
    SPARSE_KERNELS,
    DensifyOp,
    MinusSparseOp,
    SparseDotOp,
    SparseGradientOp,
    SparseLargestOp,
    SparseSumOp,
    SparseTimesOp,
)
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.infer.recurrences import keep_root_names
from brainscript.passes.lower.fusion.steps import Steps

KEPT = ("criterion", "evaluation", "output")
"""The groups of roots that are read after a step, densely."""


@dataclass(frozen=True)
class NetStoreSparse(ModulePass):
    """Give sparse inputs a sparse type, and what reads them its sparse form.

    Before: `%x = net.input "x" {sparse = true} : !net.t<[943], f32, @"*">`, `net.times %w, %x`
    After: `%x = net.input "x" {sparse = true} : !net.t<[943], f32, @"*", sparse>` and
    `net.sparse_times %w, %x`.

    What has no sparse form reads `net.densify %x`.
    """

    name = "net-store-sparse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            store_sparse(network)


def store_sparse(network: NetworkOp) -> None:
    """Rewrite a network; one without sparse inputs stays as it is."""
    values: list[SSAValue] = []
    for op in list(network.block.ops):
        given = isinstance(op, InputOp) and bool(op.sparse)
        if given or (isinstance(op, ReshapeOp) and type_of(op.x).sparse):
            (value,) = op.results
            kind = type_of(value).as_sparse()
            values.append(Rewriter.replace_value_with_new_type(value, kind))
    if values:
        keep_root_names(network)
    for value in values:
        for user in dict.fromkeys(use.operation for use in value.uses):
            _settle(user)


def _settle(op: Operation) -> None:
    """Put the sparse form of an operation in its place, or let it read dense values."""
    if op.name in SPARSE_KERNELS or isinstance(op, ReshapeOp):
        return
    rule = RULES.get(type(op))
    made = None if rule is None else rule(Steps(op), op)
    if made is not None:
        owner, node = made.owner, op.properties.get("node")
        if node is not None and isinstance(owner, NetOp):
            owner.properties["node"] = node
        Rewriter.replace_op(op, [], [made])
        return
    kept = op.entries if isinstance(op, RootsOp) else None
    for number, value in enumerate(op.operands):
        if kept is not None and kept[number][0] not in KEPT:
            continue
        if isinstance(value.type, TensorType) and value.type.sparse:
            op.operands[number] = _densified(value)


def _densified(value: SSAValue) -> SSAValue:
    """The dense form of a value, made once behind it."""
    for use in value.uses:
        if isinstance(use.operation, DensifyOp):
            return use.operation.result
    owner = value.owner
    assert isinstance(owner, Operation)
    kind = type_of(value)
    made = DensifyOp(value, result_type=kind.with_shape(kind.shape), location=owner.location)
    Rewriter.insert_op(made, InsertPoint.after(owner))
    return made.result


def times(steps: Steps, op: Operation) -> SSAValue | None:
    """`W * x`, for a W that all samples share; a transposed W is read as it lies."""
    w, x = op.operands
    if type_of(w).axis is not None or not type_of(x).sparse:
        return None
    kind = type_of(op.results[0])
    turned = w.owner
    if isinstance(turned, TransposeDimensionsOp) and len(type_of(w).shape or ()) == MATRIX:
        w, options = turned.x, {"transposed": True}
    else:
        options = {}
    return steps.add(SparseTimesOp(w, x, result_type=kind, options=options))


MATRIX = 2


def transpose_times(steps: Steps, op: Operation) -> SSAValue | None:
    """`W' * x` for a W that all samples share, `x' * z` of two samples."""
    a, b = op.operands
    kind, left, right = type_of(op.results[0]), type_of(a), type_of(b)
    if left.axis is None and right.sparse:
        return steps.add(SparseTimesOp(a, b, result_type=kind, options={"transposed": True}))
    inner = kind.elements == 1 and left.elements == right.elements and left.axis == right.axis
    if not inner or (left.sparse and right.sparse):
        return None
    sparse, dense = (a, b) if left.sparse else (b, a)
    return steps.add(SparseDotOp(sparse, dense, result_type=kind))


def gradient_left(steps: Steps, op: Operation) -> SSAValue | None:
    """`g * x'`, or `x * g'`: the gradient of a product with W or W'."""
    g, x = op.operands
    kind = type_of(op.results[0])
    if kind.axis is not None or type_of(g).axis != type_of(x).axis:
        return None
    if type_of(g).sparse and type_of(x).sparse:
        return None
    if type_of(x).sparse:
        return steps.add(SparseGradientOp(g, x, result_type=kind))
    return steps.add(SparseGradientOp(x, g, result_type=kind, options={"transposed": True}))


def lookup_table(steps: Steps, op: Operation) -> SSAValue | None:
    """The table times the pieces of a sample."""
    table, x = op.operands
    if type_of(table).sparse:
        return None
    return steps.add(SparseTimesOp(table, x, result_type=type_of(op.results[0])))


def minus(steps: Steps, op: Operation) -> SSAValue | None:
    """A dense value less a sparse one of the same type."""
    z, x = op.operands
    kind = type_of(op.results[0])
    if type_of(z) != kind or type_of(x) != kind.as_sparse():
        return None
    return steps.add(MinusSparseOp(z, x, result_type=kind))


def sum_elements(steps: Steps, op: Operation) -> SSAValue | None:
    """The sums of the samples, added up."""
    each = _each(steps, SparseSumOp, op.operands[0])
    return steps.add(linear.SumElementsOp(each, result_type=type_of(op.results[0])))


def cross_entropy_with_softmax(steps: Steps, op: Operation) -> SSAValue | None:
    """`sum (y) LogSum (z) - y' z` of each sample."""
    label, z = op.operands
    if type_of(z).sparse or type_of(z).axis != type_of(label).axis:
        return None
    total = steps.times(_each(steps, SparseSumOp, label), _log_sum(steps, z))
    dot = _each(steps, SparseDotOp, label, z)
    value = steps.minus(total, dot)
    return steps.add(linear.SumElementsOp(value, result_type=type_of(op.results[0])))


def _log_sum(steps: Steps, z: SSAValue) -> SSAValue:
    return steps.add(ReduceOp(z, options={"op": "LogSum"}))


def classification_error(steps: Steps, op: Operation) -> SSAValue | None:
    """Whether the first largest element of the label is another one than that of z."""
    label, z, *top = op.operands
    if top or type_of(z).sparse or type_of(z).axis != type_of(label).axis:
        return None
    wanted = _each(steps, SparseLargestOp, label)
    wrong = steps.add(elementwise.NotEqualOp(wanted, steps.largest(z)))
    return steps.add(linear.SumElementsOp(wrong, result_type=type_of(op.results[0])))


def _each(steps: Steps, cls: type[NetOp], *operands: SSAValue) -> SSAValue:
    """One number for each sample."""
    kind = type_of(operands[0]).with_shape((1,))
    return steps.add(cls(*operands, result_type=kind))


RULES: dict[type[Operation], Callable[[Steps, Operation], SSAValue | None]] = {
    linear.TimesOp: times,
    linear.TransposeTimesOp: transpose_times,
    linear.TimesGradientLeftOp: gradient_left,
    linear.LookupTableOp: lookup_table,
    linear.SumElementsOp: sum_elements,
    elementwise.MinusOp: minus,
    criteria.CrossEntropyWithSoftmaxOp: cross_entropy_with_softmax,
    criteria.ClassificationErrorOp: classification_error,
}
"""The sparse form of each operation that has one; None from a rule: not with these operands."""
