"""`net-dce`: what nobody asks for is not computed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.net.network import network_of
from brainscript.passes.infer.select import remove_dead, remove_unused_symbols


@dataclass(frozen=True)
class NetDce(ModulePass):
    """Erase the operations that neither a root nor a written symbol needs, and unused symbols.

    Rings that lead nowhere go as well.

    Before: `%a = net.exp %x`, `%b = net.tanh %x`, `net.roots output(%b)`.
    After: `%b = net.tanh %x`, `net.roots output(%b)`.
    """

    name = "net-dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is not None:
            remove_dead(network)
            remove_unused_symbols(network)
