"""The options of an evaluated node as plain values, and the shape of a node as far as known."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    DELAYS,
    ArrayOp,
    NodeOp,
    ParameterOp,
    path_of,
)
from brainscript.dialects.net.kinds import KINDS
from brainscript.dialects.net.shapes import ShapeError
from brainscript.dialects.tensors import UNKNOWN, TensorType
from brainscript.passes.evaluate.failures import failure, type_name
from brainscript.passes.evaluate.plain import Plain, flattened, plain

Option = Plain | tuple[Plain, ...]


def inputs_of(op: NodeOp) -> Sequence[SSAValue]:
    """The operands that are inputs."""
    return op.arguments[: len(op.arguments) - len(op.option_names())]


def options_of(op: NodeOp | ParameterOp) -> dict[str, Option]:
    """The options by name, arrays as flat tuples; other values than literals are refused."""
    names = op.option_names()
    values = op.arguments[len(op.arguments) - len(names) :]
    return {name: _option(op, name, v) for name, v in zip(names, values, strict=True)}


def _option(op: Operation, name: str, value: SSAValue) -> Option:
    if isinstance(value.owner, ArrayOp):
        return tuple(_plain(op, name, element) for element in flattened(value))
    return _plain(op, name, value)


def _plain(op: Operation, name: str, value: SSAValue) -> Plain:
    literal = plain(value.owner)
    if literal is None:
        assert isinstance(value.owner, Operation)
        if is_axis(value):
            return node_name(value.owner)
        what = type_name(value.owner)
        raise failure(op, "BS0305", f"option '{name}' must be a plain value, not {what}")
    return literal


def is_axis(value: SSAValue) -> bool:
    """Whether this is a `DynamicAxis`, which stands for its name."""
    return isinstance(value.owner, NodeOp) and value.owner.kind.data == "DynamicAxis"


def dims_of(value: Option) -> tuple[int, ...] | None:
    """Dimensions written as a number or an array; 0 is one that is not known yet."""
    items = value if isinstance(value, tuple) else (value,)
    dims: list[int] = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, float) or not item.is_integer():
            return None
        dims.append(int(item) if item > 0 else UNKNOWN)
    return tuple(dims)


def written_type(op: object, inputs: Sequence[TensorType]) -> TensorType:
    """The type of a node as far as it follows from its options and the types of its inputs."""
    if not isinstance(op, NodeOp | ParameterOp):
        return TensorType.of(None)
    options = options_of(op)
    kind = op.kind.data if isinstance(op, NodeOp) else ""
    if not kind or kind == "InputValue" or kind in DELAYS:
        dims = options.get("shape" if kind in DELAYS else "dims")
        axis = None if not kind else "*"
        return TensorType.of(None if dims is None else dims_of(dims), axis=axis)
    options.pop("tag", None)
    try:
        return KINDS[kind].infer(inputs, options)
    except (ShapeError, KeyError):
        return TensorType.of(None)


def node_name(op: Operation) -> str:
    """The name of an evaluated node before the network is put together."""
    return path_of(op).lstrip("/")
