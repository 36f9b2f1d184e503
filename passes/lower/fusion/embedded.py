"""Sums of values that stand side by side in zeros: the gradients of the slices of one value."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.elementwise import PlusOp
from brainscript.dialects.net.network import NetworkOp
from brainscript.dialects.net.shape import EmbedOp, SpliceOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.lower.fusion.decompose_shape import spliced
from brainscript.passes.lower.fusion.steps import Steps


def join_embedded(network: NetworkOp) -> None:
    """Write sums of embedded values as a splice of them.

    Before: `%a = net.embed %g, %b = net.embed %h {begin = 3}, %s = net.plus %a, %b`
    After: `%s = net.splice %g, %h`; what lies at one place is added there.
    """
    for op in list(network.block.ops):
        if isinstance(op, PlusOp) and not is_part(op):
            join(op)


def is_part(op: PlusOp) -> bool:
    """Whether the only user of a sum is another sum of the same type."""
    uses = [use.operation for use in op.result.uses]
    return len(uses) == 1 and isinstance(uses[0], PlusOp) and uses[0].result.type == op.result.type


def terms(op: PlusOp) -> Iterator[SSAValue]:
    """What a sum of sums adds up."""
    for value in op.operands:
        inner = value.owner
        if isinstance(inner, PlusOp) and is_part(inner) and value.type == op.result.type:
            yield from terms(inner)
        else:
            yield value


def join(op: PlusOp) -> None:
    """Replace the embedded terms of a sum along the axis that most of them have."""
    listed = list(terms(op))
    embedded = [
        v.owner for v in listed if isinstance(v.owner, EmbedOp) and v.type == op.result.type
    ]
    axes = [e.axis.value.data for e in embedded]
    axis = max(axes, key=axes.count, default=0)
    chosen = [e for e in embedded if e.axis.value.data == axis]
    placed = places(op, chosen, axis) if len(chosen) > 1 else None
    if placed is None:
        return
    results = [e.result for e in chosen]
    steps = Steps(op)
    total = spliced(steps, op.result, axis, placed)
    for value in listed:
        if not any(value is r for r in results):
            total = steps.add(PlusOp(total, value))
    if op.node is not None and isinstance(total.owner, SpliceOp | PlusOp):
        total.owner.node = op.node
    op.result.replace_all_uses_with(total)
    Rewriter.erase_op(op)


def places(op: Operation, chosen: list[EmbedOp], axis: int) -> dict[int, SSAValue] | None:
    """The values by where they begin, those at one place added; None where some overlap."""
    ranges: dict[int, int] = {}
    for e in chosen:
        size = shape_of(e.x)[axis - 1]
        if ranges.setdefault(e.begin.value.data, size) != size:
            return None
    at = 0
    for begin, size in sorted(ranges.items()):
        if begin < at:
            return None
        at = begin + size
    found: dict[int, SSAValue] = {}
    steps = Steps(op)
    for e in chosen:
        begin = e.begin.value.data
        old = found.get(begin)
        found[begin] = e.x if old is None else steps.add(PlusOp(old, e.x))
        assert type_of(found[begin]) == type_of(e.x)
    return found
