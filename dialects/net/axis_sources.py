"""Which inputs bring a dynamic axis into a network, for messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.ir import Operation, SSAValue

from brainscript.axes import root_of
from brainscript.dialects.net.parameters import InputOp
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import type_of

AXES_DIFFER = "BS0406"


def inputs_above(value: SSAValue) -> list[InputOp]:
    """The inputs that a value depends on, nearest first."""
    seen: set[SSAValue] = set()
    waiting, found = [value], list[InputOp]()
    for current in waiting:
        owner = current.owner
        if current in seen or not isinstance(owner, Operation):
            continue
        seen.add(current)
        if isinstance(owner, InputOp):
            found.append(owner)
        waiting.extend(owner.operands)
    return found


def source_of(axis: str, values: Iterable[SSAValue]) -> str:
    """The name of an input on the axis, or on the one that the axis is made from."""
    above = (op for value in values if type_of(value).axis == axis for op in inputs_above(value))
    root = root_of(axis)
    return next((op.node_name for op in above if type_of(op.result).axis == root), "")


def with_sources(error: ShapeError, values: Sequence[SSAValue]) -> ShapeError:
    """The error; when two axes differ it names the inputs that they come from."""
    if error.code != AXES_DIFFER:
        return error
    axes = dict.fromkeys(a for v in values if (a := type_of(v).axis) is not None)
    named = [(axis, source_of(axis, values)) for axis in axes]
    parts = [f"'{axis}' of input '{name}'" if name else f"'{axis}'" for axis, name in named]
    return ShapeError(error.code, error.title, " and ".join(parts), error.help)
