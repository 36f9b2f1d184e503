"""The pass before training that estimates means and standard deviations from the data."""

from __future__ import annotations

from brainscript.axes import made
from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import Network, Reader
from brainscript.runtime.train.feed import feed
from brainscript.runtime.train.log import Log
from brainscript.runtime.train.options import Options


def precompute(network: Network, reader: Reader, options: Options, log: Log) -> bool:
    """Estimate what the network needs; gives whether there was anything to do.

    One pass with the first minibatch size over the first epoch of the reader: all data, or
    `epochSize` samples when `useAllDataForPreComputedNode` is off.
    """
    nodes = [node for node in network.facts.precomputed if not node.file]
    if not nodes:
        return False
    log.line("precompute", count=len(nodes))
    for node in nodes:
        log.traced("precompute node", name=node.name, operation=node.operation)
    step = network.compile("precompute")
    inputs = network.inputs_of("precompute")
    size = 0 if options.precompute_all else options.epoch_size
    reader.start_epoch(0, size, options.minibatch_size(0))
    axis, seen = _axis(network), 0
    while (minibatch := reader.next()) is not None:
        feed(step, inputs, minibatch)
        new = step.columns[axis]
        if not new:
            continue
        network.state.view("hyper.old_weight").fill(seen / (seen + new))
        network.state.view("hyper.new_weight").fill(1 / (seen + new))
        step.run()
        seen += new
    if not seen:
        raise BrainScriptError(Diagnostic("BS0718", "the reader gave no data to precompute from"))
    log.line("precompute done")
    return True


def _axis(network: Network) -> str:
    """The axis over which all estimates run."""
    nodes = network.facts.nodes
    wanted = [spec for spec in network.facts.precomputed if not spec.file]
    sources = {spec.name: nodes[spec.name].inputs[0] for spec in wanted}
    axes = {name: nodes[source].axis for name, source in sources.items()}
    if len(set(axes.values())) > 1:
        listed = ", ".join(f"'{name}' over '{axis}'" for name, axis in axes.items())
        title = f"estimates over different dynamic axes are not supported: {listed}"
        raise BrainScriptError(Diagnostic("BS0726", title))
    name, axis = next(iter(axes.items()))
    if made(axis).kind == "found":
        title = f"'{name}' estimates over the steps that a condition finds, which is not supported"
        raise BrainScriptError(Diagnostic("BS0726", title))
    return axis
