"""The action `bnstat`: the statistics of batch normalisation anew, as plain means over data."""

from __future__ import annotations

from collections.abc import Sequence

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.actions.session import Session, amounts, named_nodes, network_of
from brainscript.runtime.model.store import save_network
from brainscript.runtime.network import Network, NodeSpec, Reader
from brainscript.runtime.train.epoch_start import TIME_CONSTANTS, evaluation_order, write_number
from brainscript.runtime.train.feed import loop_over
from brainscript.settings import Settings

OPERATION = "BatchNormalization"
MEAN, VARIANCE, COUNT = 3, 4, 5
"""The places of the running statistics among the inputs of a node."""
CUMULATIVE, FROZEN, AT_ONCE = -1.0, 1e30, 1e-30
"""Time constants: the mean of all samples, values that stay, and no blending."""


def statistics(section: Settings, session: Session) -> None:
    """Find the statistics of one node after the other and save the model beside the old one."""
    network = network_of(section, session)
    facts = network.facts
    default = [*facts.criteria, *facts.metrics]
    roots = named_nodes(network, section, "evalNodeNames", default, session)
    nodes = normalisations(network, roots)
    if not nodes:
        title = "the network has no BatchNormalization node"
        raise BrainScriptError(Diagnostic("BS0729", title, section.span))
    names = [node.name for node in roots]
    inputs = network.inputs_of("test", names)
    reader = session.environment.open_reader(section.section("reader"), inputs, False)
    size, count = amounts(section, 40960)[1], section.integer("itersPerNode", 30)
    if count < 1:
        raise section.wrong("itersPerNode", "must be positive")
    path = section.text("newModelPath", "") or section.text("modelPath") + ".PBN"
    section.boolean("enableDistributedMBReading", False)
    if session.environment.dry_run:
        session.environment.planned[path] = network
        return
    reader.start_epoch(0, len(nodes) * size * count, size)
    Estimate(network, roots, reader, count).run(nodes)
    for node in nodes:
        session.log.line("statistics", name=node.name)
    save_network(path, network)
    session.log.line("model saved", nodes=len(facts.nodes), path=path)


def normalisations(network: Network, roots: Sequence[NodeSpec]) -> list[NodeSpec]:
    """The batch normalisations below the roots, in the order of evaluation."""
    found: dict[str, NodeSpec] = {}
    for root in roots:
        for name in evaluation_order(network.facts, root.name):
            node = network.facts.nodes[name]
            if node.operation == OPERATION:
                found[name] = node
    return list(found.values())


class Estimate:
    """Runs minibatches in training mode, forward only."""

    def __init__(
        self, network: Network, roots: Sequence[NodeSpec], reader: Reader, minibatches: int
    ):
        names = [node.name for node in roots]
        self.network, self.minibatches = network, minibatches
        step = network.compile("criterion", names)
        inputs = network.inputs_of("test", names)
        self.loop = loop_over(network, step, inputs, reader, roots[0])

    def run(self, nodes: Sequence[NodeSpec]) -> None:
        """One node after the other; those that are done keep what was found."""
        for node in nodes:
            for place in (MEAN, VARIANCE, COUNT):
                for name in node.inputs[place : place + 1]:
                    write_number(self.network, name, 0.0)
            self._hold(node, CUMULATIVE, AT_ONCE)
            if not self._forward():
                title = f"the data ended before the statistics of '{node.name}' were found"
                raise BrainScriptError(Diagnostic("BS0718", title))
            self._hold(node, FROZEN, FROZEN)

    def _forward(self) -> bool:
        """Run the minibatches of one node, some in a call; False where the data ends before."""
        left = self.minibatches
        while left > 0:
            done = self.loop.run(left).minibatches
            if not done:
                return False
            left -= done
        return True

    def _hold(self, node: NodeSpec, *constants: float) -> None:
        for prefix, value in zip(TIME_CONSTANTS, constants, strict=True):
            write_number(self.network, prefix + node.name, value)
