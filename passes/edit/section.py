"""What a clone copies: the nodes between the inputs and the outputs of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.parameters import ReadOp

Node = TypeVar("Node")

FREEZABLE = frozenset({"BatchNormalization"})
"""Operations with state of their own, which a clone copies as it copies parameters."""


def inputs_of(value: SSAValue) -> Sequence[SSAValue]:
    """The values that the node is computed from."""
    owner = value.owner
    return tuple(owner.operands) if isinstance(owner, Operation) else ()


def is_freezable(value: SSAValue) -> bool:
    """Whether the node is a parameter or has parameters of its own."""
    owner = value.owner
    if isinstance(owner, ReadOp):
        return True
    return isinstance(owner, NetOp) and owner.OPERATION in FREEZABLE


def reached(starts: Iterable[Node], inputs: Callable[[Node], Iterable[Node]]) -> dict[Node, None]:
    """`starts` and everything upstream of them, in the order in which it is met."""
    found = dict.fromkeys(starts)
    todo = list(found)
    while todo:
        for node in inputs(todo.pop()):
            if node not in found:
                found[node] = None
                todo.append(node)
    return found


def dependent(
    nodes: Iterable[Node], starts: Iterable[Node], inputs: Callable[[Node], Iterable[Node]]
) -> set[Node]:
    """`starts` and those of `nodes` that depend on them; rings are no obstacle."""
    users: dict[Node, list[Node]] = {}
    for node in nodes:
        for source in inputs(node):
            users.setdefault(source, []).append(node)
    found = set(starts)
    todo = list(found)
    while todo:
        for user in users.get(todo.pop(), ()):
            if user not in found:
                found.add(user)
                todo.append(user)
    return found


def copied(
    inputs: Sequence[SSAValue],
    outputs: Sequence[SSAValue],
    mode: str,
    upstream: Mapping[SSAValue, None],
) -> set[SSAValue]:
    """The nodes that a clone needs a copy of; `upstream` has all that the outputs depend on.

    Copied is what lies on a path from an input or, unless the mode is `shared`, from a parameter
    to an output. What no output of the copy needs is left out.
    """
    starts = set(inputs)
    if mode != "shared":
        starts |= {value for value in upstream if is_freezable(value)}
    moving = dependent(upstream, starts, inputs_of) - set(inputs)

    def inside(value: SSAValue) -> list[SSAValue]:
        return [v for v in inputs_of(value) if v in moving]

    return set(reached([v for v in outputs if v in moving], inside))
