"""`net-set-mode`: nodes that do one thing in training and another elsewhere, for one mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, network_of
from brainscript.dialects.net.normalise import BatchNormalizationOp
from brainscript.passes.gradient.terms import Term
from brainscript.passes.infer.select import remove_dead, remove_unused_symbols
from brainscript.passes.mode import batch_normalization
from brainscript.passes.mode.site import Site

Rule = Callable[..., Term]


@dataclass(frozen=True)
class NetSetMode(ModulePass):
    """Replace the nodes that depend on the mode by what they do in it.

    In training (`training=true`) a batch normalisation uses the statistics of the minibatch and
    moves the running ones; else it uses those.

    Before: `%y = net.batch_normalization %x, %s, %b, %m, %v, %n {node = "y"} : T`
    After: `%d = net.minus %x, %m`, ..., `%y = net.plus %p, %b {node = "y"} : T`.
    """

    name = "net-set-mode"

    training: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is None:
            return
        table = TRAINING if self.training else ELSEWHERE
        changed = False
        for node in list(network.block.ops):
            rule = table.get(cast("type[NetOp]", type(node)))
            if rule is not None and isinstance(node, NetOp):
                replace(op, network, node, rule)
                changed = True
        if changed:
            remove_dead(network)
            remove_unused_symbols(network)


def replace(module: ModuleOp, network: NetworkOp, node: NetOp, rule: Rule) -> None:
    """Put what the rule gives in the place of a node; it takes over the name."""
    value = rule(Site(module, network, node), node).value
    owner = value.owner
    if node.node is not None and isinstance(owner, NetOp) and owner.node is None:
        owner.properties["node"] = node.node
    if value.name_hint is None:
        value.name_hint = node.result.name_hint
    node.result.replace_all_uses_with(value)
    node.detach()
    node.erase()


TRAINING: dict[type[NetOp], Rule] = {
    BatchNormalizationOp: batch_normalization.with_minibatch_statistics,
}
ELSEWHERE: dict[type[NetOp], Rule] = {
    BatchNormalizationOp: batch_normalization.with_running_statistics,
}
