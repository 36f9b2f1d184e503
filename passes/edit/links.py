"""Passes `net-set-input` and `net-remove`: inputs of nodes changed, nodes taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.dialects.net.clone import RemovedOp
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import ReadOp, SinkOp
from brainscript.dialects.net.recurrence import early_operands
from brainscript.dialects.tensors import type_of
from brainscript.passes.edit.open_shapes import alike, reopen
from brainscript.passes.edit.order import sort_operations
from brainscript.passes.edit.patterns import named_nodes, one_node, owner_of


@dataclass(frozen=True)
class NetSetInput(ModulePass):
    """Let input `index` (from 0) of the node `node` be the node `input`.

    Before: `%ce = net.square_error %y, %z {node = "ce"}` and
    `net-set-input{node="ce" index=1 input="top"}`.
    After: `%ce = net.square_error %y, %top {node = "ce"}`, moved behind `%top`.
    """

    name = "net-set-input"

    node: str
    index: int
    input: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Change the link in the network of the module."""
        network = network_of(op)
        if network is not None:
            set_input(network, self.node, self.index, self.input)


@dataclass(frozen=True)
class NetRemove(ModulePass):
    """Take away the nodes that a pattern means.

    Nodes that still use one get a `net.removed` in its place, which has to be replaced before the
    network is used.

    Before: `%z = net.plus %p, %b {node = "z"}` and `net-remove{node="z"}`.
    After: `%z = net.removed {node = "z"}` if there is a user, else nothing.
    """

    name = "net-remove"

    node: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Remove from the network of the module."""
        network = network_of(op)
        if network is not None:
            remove(network, self.node)


def set_input(network: NetworkOp, node: str, index: int, source: str) -> None:
    """Change one input of a node."""
    value, new = one_node(network, node), one_node(network, source)
    op = owner_of(value)
    if not 0 <= index < len(op.operands):
        title = f"'{node}' has no input {index}"
        label = f"its inputs are counted from 0 to {len(op.operands) - 1}"
        raise BrainScriptError(Diagnostic("BS0382", title, label=label))
    before = op.operands[index]
    op.operands[index] = new
    settle_links(network, value)
    if not alike(before, new):
        reopen([op])


def set_inputs(network: NetworkOp, node: str, sources: Sequence[str]) -> None:
    """Change all inputs of a node."""
    value = one_node(network, node)
    op = owner_of(value)
    if len(sources) != len(op.operands):
        plural = "" if len(op.operands) == 1 else "s"
        title = f"'{node}' has {len(op.operands)} input{plural}, {len(sources)} are given"
        raise BrainScriptError(Diagnostic("BS0382", title))
    op.operands = [one_node(network, source) for source in sources]
    settle_links(network, value)
    reopen([op])


def settle_links(network: NetworkOp, value: SSAValue) -> None:
    """Check that a node does not need its own value, and put operations in order again."""
    start = owner_of(value)
    seen = {start}
    todo = [start]
    while todo:
        for operand in early_operands(todo.pop()):
            owner = owner_of(operand)
            if owner is start:
                title = f"'{node_name_of(value)}' would need its own value"
                help = "a loop over time goes through PastValue or FutureValue"
                raise BrainScriptError(Diagnostic("BS0384", title, help=help))
            if owner not in seen:
                seen.add(owner)
                todo.append(owner)
    sort_operations(network)
    drop_removed(network)


def remove(network: NetworkOp, pattern: str) -> list[str]:
    """Take nodes away; gives their names."""
    found = [value for value, _ in named_nodes(network, pattern)]
    names = [node_name_of(value) for value in found]
    _leave_groups(network, set(found))
    for value in found:
        op = owner_of(value)
        gone = RemovedOp(type_of(value), node_name_of(value))
        network.block.insert_op_before(gone, op)
        gone.result.name_hint = value.name_hint
        value.replace_all_uses_with(gone.result)
        erase_node(network, op)
    drop_removed(network)
    return names


def erase_node(network: NetworkOp, op: Operation) -> None:
    """Erase the operation of a node that nobody uses, and the parameter that it alone names."""
    name = op.target if isinstance(op, ReadOp) else ""
    op.detach()
    op.erase()
    symbol = symbols_of(network).get(name)
    others = (other for other in network.block.ops if isinstance(other, ReadOp | SinkOp))
    if symbol is not None and all(other.target != name for other in others):
        symbol.detach()
        symbol.erase()


def drop_removed(network: NetworkOp) -> None:
    """Forget removed nodes that nobody uses any more."""
    for op in list(network.block.ops):
        if isinstance(op, RemovedOp) and not op.result.uses:
            op.detach()
            op.erase()


def check_complete(network: NetworkOp) -> None:
    """Raise BrainScriptError when a node still uses a removed one."""
    for op in network.block.ops:
        if isinstance(op, RemovedOp):
            users = [use.operation for use in op.result.uses]
            names = [node_name_of(user.results[0]) for user in users if user.results]
            title = f"'{names[0] if names else ''}' still uses '{op.node_name}', which was removed"
            help = "give it another input with SetNodeInput, or remove it, too"
            raise BrainScriptError(Diagnostic("BS0384", title, help=help))


def _leave_groups(network: NetworkOp, gone: set[SSAValue]) -> None:
    roots = network.roots
    entries = [(group, value) for group, value in roots.entries if value not in gone]
    if len(entries) < len(roots.entries):
        new = RootsOp(entries)
        new.location = roots.location
        network.block.insert_op_before(new, roots)
        roots.detach()
        roots.erase()
