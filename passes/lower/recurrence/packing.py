"""Packing the weights of a loop once, before its steps."""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from brainscript.dialects.net.linear import TimesGradientRightOp, TimesOp
from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.packing import PackedTimesOp, PackOp, packed_elements
from brainscript.dialects.net.recurrence import RecurrenceOp
from brainscript.dialects.sched import is_sample_product
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.gemm import form_of

LEAST_ELEMENTS = 1024
"""Smaller weights stay in the cache however they lie."""


def pack_weights(network: NetworkOp) -> None:
    """Let the products of loops read packed weights.

    Before: `net.recurrence past(%r1 = %r) { .. %z = net.times %r1, %p }`
    After: `%k = net.pack %r {columns = 4, depth = 4}` and in the loop
    `%z = net.packed_times %k1, %p`.
    """
    packed: dict[tuple[SSAValue, int, bool], SSAValue] = {}
    for loop in list(network.block.ops):
        if isinstance(loop, RecurrenceOp):
            for op in list(loop.block.ops):
                if _may_pack(op):
                    _pack(loop, op, packed)
            drop_unused_inputs(loop)


def _may_pack(op: Operation) -> bool:
    if not isinstance(op, TimesOp | TimesGradientRightOp) or is_sample_product(op):
        return False
    weights = op.operands[0]
    large = type_of(weights).elements >= LEAST_ELEMENTS
    return large and isinstance(weights, BlockArgument) and form_of(op).columns > 1


def _pack(
    loop: RecurrenceOp, op: Operation, packed: dict[tuple[SSAValue, int, bool], SSAValue]
) -> None:
    form, outer = form_of(op), loop.outer(op.operands[0])
    key = (outer, form.columns, form.right_turned)
    options = {"columns": form.columns, "depth": form.depth.size}
    if key not in packed:
        size = packed_elements(form.columns, form.depth.size)
        kind = TensorType.of((size,), form.element)
        turned = {**options, "turned": form.right_turned}
        pack = PackOp(outer, result_type=kind, location=op.location, options=turned)
        Builder(InsertPoint.before(loop)).insert(pack)
        packed[key] = pack.result
    weights = packed[key]
    argument = _argument_for(loop, weights)
    product = PackedTimesOp(
        argument,
        op.operands[1],
        result_type=type_of(op.results[0]),
        location=op.location,
        options={**options, "output_rank": form.output_rank},
    )
    Rewriter.replace_op(op, product)


def _argument_for(loop: RecurrenceOp, value: SSAValue) -> SSAValue:
    for argument, operand in zip(loop.block.args, loop.inputs, strict=True):
        if operand is value:
            return argument
    loop.operands = [*loop.operands, value]
    return loop.block.insert_arg(value.type, len(loop.block.args))


def drop_unused_inputs(loop: RecurrenceOp) -> None:
    """Remove the arguments that no step reads."""
    for argument in reversed(loop.block.args):
        if not any(True for _ in argument.uses):
            kept = list(loop.operands)
            del kept[argument.index]
            loop.block.erase_arg(argument)
            loop.operands = kept
