"""Evaluated values of the program as plain Python values, and back."""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import FloatAttr, ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import (
    ArrayOp,
    BoolOp,
    NetworkOp,
    NumberOp,
    RecordOp,
    RootsOp,
    StringOp,
)
from brainscript.limits import limit, recursion
from brainscript.passes.evaluate.failures import failure, holds_itself

Plain = float | str | bool
LITERALS = frozenset({NumberOp, StringOp, BoolOp})


def plain(op: object) -> Plain | None:
    """The value of a literal, None for any other operation."""
    if type(op) not in LITERALS:
        return None
    if isinstance(op, NumberOp):
        number: FloatAttr[Any] = op.value
        return float(number.value.data)
    if isinstance(op, StringOp):
        return op.value.data
    assert isinstance(op, BoolOp)
    return bool(op.value.value.data)


def integer(op: object) -> int | None:
    """The value of a number without a fraction, else None."""
    value = plain(op)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def flattened(value: SSAValue) -> list[SSAValue]:
    """`value`, or when it is an array what is in it, at any depth and from left to right."""
    found: list[SSAValue] = []
    todo: list[SSAValue | None] = [value]
    inside: dict[ArrayOp, None] = {}
    while todo:
        item = todo.pop()
        if item is None:
            inside.popitem()
            continue
        array = item.owner
        if not isinstance(array, ArrayOp):
            found.append(item)
            _check_length(len(found), inside)
        elif array in inside:
            raise holds_itself(array)
        elif array.elements:
            inside[array] = None
            todo.append(None)
            todo.extend(reversed(array.elements))
    return found


def _check_length(length: int, inside: dict[ArrayOp, None]) -> None:
    """Refuse so many elements; they are reported at the innermost array."""
    if inside and length > limit("array-length"):
        help = f"raise the limit with --limit array-length=N (now {limit('array-length')})"
        title = "an array of arrays holds too many elements"
        raise failure(next(reversed(inside)), "BS0321", title, help=help, stopped=True)


def plain_deep(value: SSAValue) -> object:
    """A value with all that is in it: arrays as lists, records as dictionaries.

    Anything else (nodes, functions) is its operation.
    """
    op = value.owner
    if isinstance(op, ArrayOp):
        return [plain_deep(element) for element in op.elements]
    if isinstance(op, RecordOp):
        pairs = zip(op.names.data, op.members, strict=False)
        return {name.data: plain_deep(member) for name, member in pairs}
    found = plain(op)
    return op if found is None else found


def network_of(module: ModuleOp) -> NetworkOp | None:
    """The program of a module."""
    return next((op for op in module.ops if isinstance(op, NetworkOp)), None)


def value_of(module: ModuleOp) -> object:
    """The value of an evaluated program built by `build_value`."""
    network = network_of(module)
    roots: Operation | None = network.body.block.last_op if network is not None else None
    assert isinstance(roots, RootsOp)
    with recursion(limit("path-length")):
        return plain_deep(roots.values[0])
