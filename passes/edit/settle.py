"""What is left of a network after its edits: reachable nodes, final names, groups by tags."""

from __future__ import annotations

from collections import deque
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.clone import BASE, ORIGIN, PATH, REPLACED, TAGS, KeepOp
from brainscript.dialects.net.network import (
    GROUPS,
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import ParameterOp, ReadOp
from brainscript.dialects.net.places import failure
from brainscript.passes.edit.names import SEPARATOR, gives_way


def settle(module: ModuleOp, network: NetworkOp) -> None:
    """Drop what is not needed, name the rest, and fill the groups."""
    nodes = _live_nodes(network)
    _drop_others(network, set(nodes))
    _enter_groups(network, nodes)
    _name_loaded(module, network, nodes)
    for op in network.block.ops:
        for name in (BASE, ORIGIN, PATH, REPLACED, TAGS):
            op.attributes.pop(name, None)
    _keep_used_symbols(module, network)


def _live_nodes(network: NetworkOp) -> list[Operation]:
    """The operations that the roots and `net.keep` reach, nearest first."""
    starts = [value for _, value in network.roots.entries]
    for op in network.block.ops:
        if isinstance(op, KeepOp):
            starts += op.values
    found = dict.fromkeys(_owner(value) for value in starts)
    todo = deque(found)
    while todo:
        for value in todo.popleft().operands:
            owner = _owner(value)
            if owner not in found:
                found[owner] = None
                todo.append(owner)
    return list(found)


def _owner(value: SSAValue) -> Operation:
    assert isinstance(value.owner, Operation)
    return value.owner


def _drop_others(network: NetworkOp, live: set[Operation]) -> None:
    dead = [op for op in network.block.ops if op not in live and not isinstance(op, RootsOp)]
    for op in dead:
        op.detach()
    for op in dead:
        op.drop_all_references()


def _enter_groups(network: NetworkOp, nodes: list[Operation]) -> None:
    """Nodes that are listed come first in a group, then those that a tag puts there."""
    roots = network.roots
    entries = dict.fromkeys(roots.entries)
    for op in nodes:
        tags = op.attributes.get(TAGS)
        if isinstance(tags, ArrayAttr):
            groups = cast("ArrayAttr[StringAttr]", tags).data
            entries |= {(group.data, op.results[0]): None for group in groups}
    if len(entries) == len(roots.entries):
        return
    new = RootsOp(sorted(entries, key=lambda entry: GROUPS.index(entry[0])))
    new.location = roots.location
    network.block.insert_op_before(new, roots)
    roots.detach()
    roots.erase()


def _name_loaded(module: ModuleOp, network: NetworkOp, nodes: list[Operation]) -> None:
    """Nodes of loaded networks get their own names, if those are free."""
    taken: dict[str, Operation] = {}
    for op in nodes:
        if ORIGIN not in op.attributes:
            taken[node_name_of(op.results[0]).lower()] = op
    symbols = symbols_of(network)
    for op in nodes:
        if ORIGIN not in op.attributes:
            continue
        parameter = symbols.get(op.target) if isinstance(op, ReadOp) else None
        name = node_name_of(op.results[0])
        if parameter is not None:
            name = name.partition(SEPARATOR)[2]
        name = _free(op, name, taken)
        taken[name.lower()] = op
        if isinstance(op, ReadOp) and parameter is not None:
            op.properties["symbol"] = SymbolRefAttr(name)
            parameter.properties["sym_name"] = StringAttr(name)
        else:
            op.properties["node"] = StringAttr(name)


def _free(op: Operation, name: str, taken: dict[str, Operation]) -> str:
    while name.lower() in taken:
        if REPLACED not in op.attributes and not gives_way(name):
            title = f"two nodes are named '{name}'"
            label = "one comes from a loaded network, which goes on under its own name"
            help = "rename the new node, or list the old one among the inputs of CloneFunction"
            raise failure(taken[name.lower()], "BS0373", title, label, help)
        name = "_" + name
    return name


def _keep_used_symbols(module: ModuleOp, network: NetworkOp) -> None:
    """Parameters that are read, in the order of their names; nothing else of loaded networks."""
    used = {op.target for op in network.block.ops if isinstance(op, ReadOp)}
    kept: list[Operation] = []
    for op in list(module.body.block.ops):
        if isinstance(op, ParameterOp):
            op.detach()
            op.attributes.pop(ORIGIN, None)
            if op.sym_name.data in used:
                kept.append(op)
        elif isinstance(op, ModuleOp):
            op.detach()
    kept.sort(key=lambda op: op.sym_name.data if isinstance(op, ParameterOp) else "")
    first = module.body.block.first_op
    assert first is network_of(module)
    module.body.block.insert_ops_before(kept, network)
