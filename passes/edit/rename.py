"""Pass `net-rename`: nodes get other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of, symbols_of
from brainscript.dialects.net.parameters import ReadOp
from brainscript.passes.edit.patterns import named_nodes, nodes_of, owner_of


@dataclass(frozen=True)
class NetRename(ModulePass):
    """Rename the node `old`, or all nodes that the pattern `old` means, to `new`.

    What `*` stands for in `old` stands for the `*` in `new`. A name that is taken is an error.

    Before: `%h = net.sigmoid %p {node = "h1"}` and `net-rename{old="h*" new="low*"}`.
    After: `%h = net.sigmoid %p {node = "low1"}`.
    """

    name = "net-rename"

    old: str
    new: str

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rename in the network of the module."""
        network = network_of(op)
        if network is not None:
            rename(network, self.old, self.new)


def rename(network: NetworkOp, old: str, new: str) -> dict[str, str]:
    """Rename what a pattern means; gives the new name of each old one."""
    found = named_nodes(network, old)
    if "*" not in new and len(found) > 1:
        title = f"'{old}' means {len(found)} nodes, which cannot all be named '{new}'"
        raise BrainScriptError(Diagnostic("BS0384", title, help="write a * in the new name, too"))
    names = {value: new.replace("*", part, 1) for value, part in found}
    before = {node_name_of(value): name for value, name in names.items()}
    put_names(network, names)
    return before


def put_names(network: NetworkOp, names: Mapping[SSAValue, str]) -> None:
    """Give nodes new names; all of them at once, so that names may be exchanged."""
    taken = {node_name_of(v).lower(): node_name_of(v) for v in nodes_of(network) if v not in names}
    for value, name in names.items():
        if name.lower() in taken:
            title = f"'{node_name_of(value)}' cannot be renamed: there is a node '{name}'"
            raise BrainScriptError(Diagnostic("BS0384", title, help="remove or rename that first"))
        taken[name.lower()] = name
    symbols = symbols_of(network)
    for value, name in names.items():
        op = owner_of(value)
        if isinstance(op, ReadOp):
            symbols[op.target].properties["sym_name"] = StringAttr(name)
            op.properties["symbol"] = SymbolRefAttr(name)
        else:
            op.properties["node"] = StringAttr(name)
