"""`net-set-mode`: nodes that do one thing in training and another elsewhere, for one mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.criteria import EpochAccumulatorOp
from brainscript.dialects.net.network import network_of
from brainscript.dialects.net.normalise import BatchNormalizationOp
from brainscript.dialects.net.random import (
    DropoutOp,
    EnvironmentInputOp,
    RandomDistributionOp,
    RandomSampleFrequencyOp,
    RandomSampleOp,
)
from brainscript.passes.gradient.terms import Term
from brainscript.passes.infer.select import remove_dead, remove_unused_symbols
from brainscript.passes.mode import accumulate, batch_normalization, random
from brainscript.passes.mode.site import Site

Rule = Callable[..., Term]


@dataclass(frozen=True)
class NetSetMode(ModulePass):
    """Replace the nodes that depend on the mode by what they do in it.

    In training (`training=true`) a batch normalisation uses the statistics of the minibatch and
    moves the running ones; else it uses those. Dropout passes its input on unless there is a rate
    (`dropout=true`, only in training). What is drawn at random is so in every mode, and what is
    accumulated over an epoch goes on in every mode.

    Before: `%y = net.batch_normalization %x, %s, %b, %m, %v, %n {node = "y"} : T`
    After: `%d = net.minus %x, %m`, ..., `%y = net.plus %p, %b {node = "y"} : T`.
    """

    name = "net-set-mode"

    training: bool = False
    dropout: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is None:
            return
        table = ALWAYS | (TRAINING if self.training else ELSEWHERE)
        if self.dropout and self.training:
            table[DropoutOp] = random.dropout
        nodes = [node for node in network.block.ops if type(node) in table]
        for number, node in enumerate(nodes):
            assert isinstance(node, NetOp)
            replace(Site(op, network, node, number + 1), table[type(node)])
        if nodes:
            remove_dead(network)
            remove_unused_symbols(network)


def replace(site: Site, rule: Rule) -> None:
    """Put what the rule gives in the place of a node; it takes over the name."""
    node = site.op
    value = rule(site, node).value
    owner = value.owner
    if node.node is not None and isinstance(owner, NetOp) and owner.node is None:
        owner.properties["node"] = node.node
    if value.name_hint is None:
        value.name_hint = node.result.name_hint
    node.result.replace_all_uses_with(value)
    node.detach()
    node.erase()


ALWAYS: dict[type[Operation], Rule] = {
    EpochAccumulatorOp: accumulate.epoch_mean,
    RandomDistributionOp: random.distribution,
    RandomSampleOp: random.sample,
    RandomSampleFrequencyOp: random.frequency,
    DropoutOp: random.same,
}
TRAINING: dict[type[Operation], Rule] = {
    BatchNormalizationOp: batch_normalization.with_minibatch_statistics,
    EnvironmentInputOp: random.in_training,
}
ELSEWHERE: dict[type[Operation], Rule] = {
    BatchNormalizationOp: batch_normalization.with_running_statistics,
    EnvironmentInputOp: random.elsewhere,
}
