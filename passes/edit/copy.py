"""Pass `net-copy`: nodes copied under other names, in one network or from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.dialects.net.clone import RemovedOp
from brainscript.dialects.net.network import (
    GROUPS,
    NetworkOp,
    RootsOp,
    module_of,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import ReadOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.edit.links import drop_removed, erase_node
from brainscript.passes.edit.open_shapes import alike, reopen
from brainscript.passes.edit.order import sort_operations
from brainscript.passes.edit.patterns import named_nodes, nodes_of, owner_of
from brainscript.passes.edit.section import inputs_of, reached


@dataclass(frozen=True)
class NetCopy(ModulePass):
    """Copy the nodes that the pattern `node` means; what `*` stands for goes into `to`.

    Links among them are links among the copies, other links stay. With `tree`, `to` is put in
    front of the names of everything below the one node.

    Before: `%h = net.times %W, %x {node = "h"}` and `net-copy{node="h" to="g"}`.
    After: the same and `%g = net.times %W, %x {node = "g"}`.
    """

    name = "net-copy"

    node: str
    to: str
    tree: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Copy within the network of the module."""
        network = network_of(op)
        if network is not None:
            wanted = subtree if self.tree else renamed
            copy_nodes(network, network, wanted(network, self.node, self.to))


def renamed(network: NetworkOp, pattern: str, to: str) -> dict[SSAValue, str]:
    """The nodes that a pattern means, with the names of their copies."""
    found = named_nodes(network, pattern)
    if "*" not in to and len(found) > 1:
        title = f"'{pattern}' means {len(found)} nodes, whose copies cannot all be named '{to}'"
        raise BrainScriptError(Diagnostic("BS0384", title, help="write a * in the new name, too"))
    return {value: to.replace("*", part, 1) for value, part in found}


def subtree(network: NetworkOp, pattern: str, prefix: str) -> dict[SSAValue, str]:
    """Everything below the nodes that a pattern means, with `prefix` before the names."""
    starts = [value for value, _ in named_nodes(network, pattern)]
    return {value: prefix + node_name_of(value) for value in reached(starts, inputs_of)}


def copy_nodes(source: NetworkOp, target: NetworkOp, names: Mapping[SSAValue, str]) -> None:
    """Copy nodes of one network to another, or to the same one.

    A node of the target that has the name of a copy gives way to it. A link to a node that is not
    copied stays within one network; from another one it leads to the node of that name, or to a
    `net.removed` that has to be replaced.
    """
    known = {node_name_of(v).lower(): v for v in nodes_of(target)}
    copies: dict[SSAValue, SSAValue] = {}
    pairs: list[tuple[Operation, Operation]] = []
    symbols = symbols_of(source)
    for old in list(source.block.ops):
        if not old.results or old.results[0] not in names:
            continue
        new = _copy(old, names[old.results[0]], symbols, target)
        copies[old.results[0]] = new.results[0]
        pairs.append((old, new))
    for old, new in pairs:
        new.operands = [
            _link(value, copies, known, same=source is target, target=target)
            for value in old.operands
        ]
    changed = [new for old, new in pairs if not all(map(alike, old.operands, new.operands))]
    for _, new in pairs:
        before = known.get(node_name_of(new.results[0]).lower())
        if before is not None and before.owner is not new:
            changed += _give_way(target, before, new.results[0])
    _enter_groups(source, target, copies)
    sort_operations(target)
    drop_removed(target)
    reopen(changed)


def _copy(
    old: Operation, name: str, symbols: Mapping[str, Operation], target: NetworkOp
) -> Operation:
    new = old.clone({}, clone_operands=False)
    new.operands = old.operands
    if isinstance(old, ReadOp) and isinstance(new, ReadOp):
        symbol = symbols[old.target].clone()
        symbol.properties["sym_name"] = StringAttr(name)
        new.properties["symbol"] = SymbolRefAttr(name)
        previous = symbols_of(target).get(name)
        if previous is not None:
            previous.properties["sym_name"] = StringAttr(f"{name}::before")
            for op in target.block.ops:
                if isinstance(op, ReadOp) and op.target == name:
                    op.properties["symbol"] = SymbolRefAttr(f"{name}::before")
        module_of(target).body.block.insert_op_before(symbol, target)
    else:
        new.properties["node"] = StringAttr(name)
    target.block.insert_op_before(new, target.roots)
    new.results[0].name_hint = old.results[0].name_hint
    return new


def _link(
    value: SSAValue,
    copies: Mapping[SSAValue, SSAValue],
    known: Mapping[str, SSAValue],
    *,
    same: bool,
    target: NetworkOp,
) -> SSAValue:
    if value in copies:
        return copies[value]
    if same:
        return value
    name = node_name_of(value)
    if name.lower() in known:
        return known[name.lower()]
    gone = RemovedOp(type_of(value), name)
    first = target.block.first_op
    assert first is not None
    target.block.insert_op_before(gone, first)
    return gone.result


def _give_way(target: NetworkOp, old: SSAValue, new: SSAValue) -> list[Operation]:
    """Let the users of a node use its copy; gives those whose shapes may change."""
    op = owner_of(old)
    users, same = [use.operation for use in old.uses], alike(old, new)
    old.replace_all_uses_with(new)
    erase_node(target, op)
    return [] if same else users


def _enter_groups(
    source: NetworkOp, target: NetworkOp, copies: Mapping[SSAValue, SSAValue]
) -> None:
    """Copies are in the groups of their originals."""
    roots = target.roots
    entries = dict.fromkeys(roots.entries)
    entries |= {(group, copies[v]): None for group, v in source.roots.entries if v in copies}
    new = RootsOp(sorted(entries, key=lambda entry: GROUPS.index(entry[0])))
    new.location = roots.location
    target.block.insert_op_before(new, roots)
    roots.detach()
    roots.erase()
