"""Which conditions of `Where` are the same: they make one dynamic axis."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from brainscript.dialects.net.network import NetworkOp, node_name_of
from brainscript.dialects.net.parameters import ReadOp
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.sequence import WhereOp
from brainscript.dialects.tensors import type_of

Key = tuple[object, ...]


def name_conditions(network: NetworkOp) -> None:
    """Give every `Where` the name of its condition; conditions computed alike have one name."""
    found = [op for op in network.block.ops if isinstance(op, WhereOp)]
    if not found:
        return
    numbers = _numbers(network)
    names: dict[int, str] = {}
    stale: set[str] = set()
    for op in found:
        number = numbers[op.cond]
        name = StringAttr(names.setdefault(number, _name(op, len(names))))
        if op.condition != name:
            stale.add(str(type_of(op.result).axis))
            op.properties["condition"] = name
    _forget(network, stale)


def _forget(network: NetworkOp, axes: set[str]) -> None:
    """Take axes that have another name now from all values: inference gives them anew.

    A ring would keep them, since each of its values has the axis of the one before.
    """
    for op in network.block.ops if axes else ():
        for value in op.results:
            axis = str(type_of(value).axis)
            if any(axis == old or axis.startswith(f"{old}/") for old in axes):
                Rewriter.replace_value_with_new_type(value, type_of(value).with_axis(None))


def _name(op: WhereOp, count: int) -> str:
    return node_name_of(op.cond) or f"condition {count + 1}"


def _numbers(network: NetworkOp) -> dict[SSAValue, int]:
    """A number for each value; values that equal operations make of equal operands share one."""
    keys: dict[Key, int] = {}
    numbers: dict[SSAValue, int] = {}
    for op in network.block.ops:
        key = _key(op, numbers)
        for place, value in enumerate(op.results):
            numbers[value] = keys.setdefault((*key, place), len(keys))
    return numbers


def _key(op: Operation, numbers: dict[SSAValue, int]) -> Key:
    """What decides the value of an operation; one that closes a loop is only like itself."""
    if isinstance(op, ReadOp):
        return op.name, op.target
    known = all(v in numbers for v in op.operands)
    if not op.operands or (isinstance(op, DelayOp) and not known) or not known:
        return (op,)
    options: dict[str, Attribute] = {k: v for k, v in op.properties.items() if k != "node"}
    return op.name, *(numbers[v] for v in op.operands), *sorted(options.items(), key=str)
