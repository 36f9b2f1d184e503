"""Which nodes are in a network, in which order it is put together, and what they are called."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.ir import Operation, SSAValue

from brainscript.builders import PLAIN_LIST
from brainscript.dialects.bs import (
    LISTS,
    NAMED,
    ClonedOp,
    CloneOp,
    EditedOp,
    LoadedNodeOp,
    NetworkOp,
    NodeOp,
    ReadOp,
    RootsOp,
    path_of,
)
from brainscript.passes.evaluate.failures import failure, type_name
from brainscript.passes.evaluate.networks.importing import needs_of
from brainscript.passes.evaluate.options import inputs_of, is_axis, node_name
from brainscript.passes.evaluate.plain import flattened


def is_node(value: SSAValue) -> bool:
    """Whether an evaluated value is a node."""
    return isinstance(value.owner, NodeOp | ReadOp | LoadedNodeOp | ClonedOp)


@dataclass
class Assembly:
    """A network put together: its nodes breadth first from the roots, and their names.

    `lists` has the nodes of the five lists of node groups, by the name of the list, `members` the
    nodes that the network is made of in any case. `sections` are nodes that are only there to be
    cloned or replaced, `edited` says that there are clones, edits or nodes of loaded networks.
    """

    nodes: list[SSAValue] = field(default_factory=list[SSAValue])
    names: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    lists: dict[str, list[SSAValue]] = field(default_factory=dict[str, list[SSAValue]])
    members: list[SSAValue] = field(default_factory=list[SSAValue])
    sections: list[SSAValue] = field(default_factory=list[SSAValue])
    edited: bool = False


def assemble(roots: RootsOp) -> Assembly:
    """Collect the nodes from the roots and name them.

    A node is named by its path, or by the last member of the network record that is this node;
    a list of one node is that node itself, so a list that makes no group names nothing.
    """
    found = Assembly()
    starts: list[SSAValue] = []
    members: list[tuple[str, SSAValue]] = []
    for name, value in zip((n.data for n in roots.names.data), roots.values, strict=True):
        if name in LISTS:
            found.lists[name] = _list(name, value)
            starts += found.lists[name]
        elif is_node(value) and not is_axis(value):
            members.append((name, value))
        elif isinstance(value.owner, EditedOp) and _is_whole(roots):
            found.members += value.owner.nodes[2 * len(value.owner.names.data) :]
    found.members += [value for _, value in members]
    named = [pair for pair in members if pair[0] != PLAIN_LIST and not _has_name(pair[1])]
    renamed = {value: name for name, value in named}
    found.nodes = breadth_first([*starts, *found.members])
    specials = [value for value in roots.values if isinstance(value.owner, EditedOp)]
    everything = breadth_first([*found.nodes, *specials], sections=True)
    found.edited = any(isinstance(value.owner, EDITING) for value in everything)
    live = set(found.nodes)
    found.sections = [value for value in everything if is_node(value) and value not in live]
    taken: dict[str, SSAValue] = {}
    for value in (*found.nodes, *found.sections):
        if value not in renamed and isinstance(value.owner, LoadedNodeOp | ClonedOp):
            continue
        name = _free_name(value, renamed.get(value), taken, value not in live)
        taken[name.lower()] = value
        found.names[value] = name
    return found


EDITING = (LoadedNodeOp, ClonedOp, EditedOp)


def _is_whole(roots: RootsOp) -> bool:
    """Whether the program is one expression that gives a network."""
    network = roots.parent_op()
    return isinstance(network, NetworkOp) and network.form.data == "network"


def breadth_first(starts: Sequence[SSAValue], sections: bool = False) -> list[SSAValue]:
    """The nodes that `starts` reach: nearest first, inputs from left to right.

    With `sections` those, too, that are only there to be cloned or replaced.
    """
    order = list(dict.fromkeys(starts))
    seen = set(order)
    todo = deque(order)
    while todo:
        for given in _sources(todo.popleft().owner, sections):
            for value in flattened(given):
                if value not in seen:
                    seen.add(value)
                    order.append(value)
                    todo.append(value)
    return order


def _sources(op: object, sections: bool) -> Sequence[SSAValue]:
    """What a node is made of; of a clone that is its arguments, and its section if asked for."""
    if isinstance(op, NodeOp):
        return inputs_of(op)
    if isinstance(op, EditedOp):
        return op.nodes
    if not isinstance(op, ClonedOp) or not isinstance(op.call.owner, CloneOp):
        return ()
    return (needs_of(op.call.owner) or ()) if sections else op.call.owner.arguments


def _list(name: str, value: SSAValue) -> list[SSAValue]:
    nodes = flattened(value)
    for node in nodes:
        if not is_node(node):
            assert isinstance(node.owner, Operation)
            title = f"'{name}' must list nodes, not {type_name(node.owner)}"
            help = f"write {name} = (a : b) with the names of nodes, without quotes"
            raise failure(node.owner, "BS0312", title, help=help)
    return nodes


def _has_name(value: SSAValue) -> bool:
    """Whether the field `nodeName` names the node."""
    return isinstance(value.owner, Operation) and path_of(value.owner).startswith(NAMED)


def _free_name(
    value: SSAValue, renamed: str | None, taken: dict[str, SSAValue], gives_way: bool
) -> str:
    """The node's name; a path that is taken gets `_` in front, a member's name is an error.

    Names are compared without regard to case. The constant that a number stands for shares its
    path with the node beside it, so it gives way in any case; so does a node that is only there
    to be cloned.
    """
    op = value.owner
    assert isinstance(op, Operation)
    name = renamed or node_name(op) or "node"
    hidden = isinstance(op, ReadOp) and op.hidden is not None
    gives_way = gives_way or hidden or any(c in name for c in ".[]")
    while (other := taken.get(name.lower())) is not None:
        if not gives_way:
            assert isinstance(other.owner, Operation)
            title = f"two nodes are named '{name}'"
            label = "names of nodes are compared without regard to case"
            raise failure(op, "BS0313", title, label, "rename one of the two members")
        name = "_" + name
    return name
