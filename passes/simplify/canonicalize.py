"""`net-canonicalize`: operations that are simpler than they are written."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.tensors import type_of
from brainscript.passes.simplify.arithmetic import ARITHMETIC
from brainscript.passes.simplify.moves import MOVES
from brainscript.passes.simplify.site import Site, Table, erase, is_free, redirect

RULES: Table = {**ARITHMETIC, **MOVES}


@dataclass(frozen=True)
class NetCanonicalize(ModulePass):
    """Replace operations by simpler ones that give the same bits; `keep` names nodes to leave.

    The rules are the tables `ARITHMETIC` and `MOVES`; an open dimension holds them off.

    Before: `%a = net.negate %x`, `%b = net.negate %a`, `%c = net.slice %s {end = 3}` with
    `%s = net.splice %b, %y`, `%b` having 3 elements.
    After: `%x` in the place of `%c`.
    """

    name = "net-canonicalize"

    keep: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            canonicalize(network, self.keep)


def canonicalize(network: NetworkOp, keep: Container[str] = ()) -> None:
    """Rewrite a network: operands come before their users, so once through is enough."""
    for op in list(network.block.ops):
        if type(op) not in RULES or op.parent is None or not isinstance(op, NetOp):
            continue
        value = None if keep and op.node_name in keep else simplified(op)
        if value is not None:
            redirect(op, value)


def simplified(op: NetOp) -> SSAValue | None:
    """What the rules make of an operation; None when they leave it."""
    found = once(op)
    while found is not None and isinstance(made := found.owner, NetOp) and is_free(made):
        better = once(made)
        if better is None:
            break
        found = better
        erase(made)
    return found


def once(op: NetOp) -> SSAValue | None:
    """What the first rule that holds makes of an operation."""
    rules = RULES.get(type(op), ())
    if type(op) in MOVES and not all(type_of(v).known for v in (op.result, *op.operands)):
        return None
    site = Site(op)
    values = (rule(site) for rule in rules)
    return next((value for value in values if value is not None), None)
