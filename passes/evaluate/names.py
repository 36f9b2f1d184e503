"""Which nodes are in a network, in which order it is put together, and what they are called."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import LISTS, NodeOp, ReadOp, RootsOp
from brainscript.passes.evaluate.failures import failure, type_name
from brainscript.passes.evaluate.options import inputs_of, node_name
from brainscript.passes.evaluate.plain import flattened


def is_node(value: SSAValue) -> bool:
    """Whether an evaluated value is a node."""
    return isinstance(value.owner, NodeOp | ReadOp)


@dataclass
class Assembly:
    """A network put together: its nodes breadth first from the roots, and their names.

    `lists` has the nodes of the five lists of node groups, by the name of the list.
    """

    nodes: list[SSAValue] = field(default_factory=list[SSAValue])
    names: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    lists: dict[str, list[SSAValue]] = field(default_factory=dict[str, list[SSAValue]])


def assemble(roots: RootsOp) -> Assembly:
    """Collect the nodes from the roots and name them.

    A node is named by its path, or by the last member of the network record that is this node.
    """
    found = Assembly()
    starts: list[SSAValue] = []
    members: list[tuple[str, SSAValue]] = []
    for name, value in zip((n.data for n in roots.names.data), roots.values, strict=True):
        if name in LISTS:
            found.lists[name] = _list(name, value)
            starts += found.lists[name]
        elif is_node(value):
            members.append((name, value))
    starts += [value for _, value in members]
    renamed = {value: name for name, value in members}
    found.nodes = breadth_first(starts)
    taken: dict[str, SSAValue] = {}
    for value in found.nodes:
        name = _free_name(value, renamed.get(value), taken)
        taken[name.lower()] = value
        found.names[value] = name
    return found


def breadth_first(starts: Sequence[SSAValue]) -> list[SSAValue]:
    """The nodes that `starts` reach: nearest first, inputs from left to right."""
    order = list(dict.fromkeys(starts))
    seen = set(order)
    todo = deque(order)
    while todo:
        op = todo.popleft().owner
        for given in inputs_of(op) if isinstance(op, NodeOp) else ():
            for value in flattened(given):
                if value not in seen:
                    seen.add(value)
                    order.append(value)
                    todo.append(value)
    return order


def _list(name: str, value: SSAValue) -> list[SSAValue]:
    nodes = flattened(value)
    for node in nodes:
        if not is_node(node):
            assert isinstance(node.owner, Operation)
            title = f"'{name}' must list nodes, not {type_name(node.owner)}"
            raise failure(node.owner, "BS0312", title)
    return nodes


def _free_name(value: SSAValue, renamed: str | None, taken: dict[str, SSAValue]) -> str:
    """The node's name; a path that is taken gets `_` in front, a member's name is an error.

    Names are compared without regard to case. The constant that a number stands for shares its
    path with the node beside it, so it gives way in any case.
    """
    op = value.owner
    assert isinstance(op, Operation)
    name = renamed or node_name(op) or "node"
    gives_way = any(c in name for c in ".[]") or (isinstance(op, ReadOp) and op.hidden is not None)
    while (other := taken.get(name.lower())) is not None:
        if not gives_way:
            assert isinstance(other.owner, Operation)
            title = f"two nodes are named '{name}'"
            label = "names of nodes are compared without regard to case"
            raise failure(op, "BS0313", title, label, "rename one of the two members")
        name = "_" + name
    return name
