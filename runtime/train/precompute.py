"""The pass before training that estimates means and standard deviations from the data."""

from __future__ import annotations

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.network import Network, Reader
from brainscript.runtime.train.feed import feed, set_hyper
from brainscript.runtime.train.log import Log
from brainscript.runtime.train.options import Options


def precompute(network: Network, reader: Reader, options: Options, log: Log) -> bool:
    """Estimate what the network needs; gives whether there was anything to do.

    One pass with the first minibatch size over the first epoch of the reader: all data, or
    `epochSize` samples when `useAllDataForPreComputedNode` is off.
    """
    nodes = network.facts.precomputed
    if not nodes:
        return False
    log.line("precompute", count=len(nodes))
    for node in nodes:
        log.traced("precompute node", name=node.name, operation=node.operation)
    step = network.compile("precompute")
    inputs = network.inputs_of("precompute")
    size = 0 if options.precompute_all else options.epoch_size
    reader.start_epoch(0, size, options.minibatch_size(0))
    count = 0
    while (minibatch := reader.next()) is not None:
        feed(step, inputs, minibatch)
        set_hyper(network, 0.0, 0.0, minibatch.samples)
        step.run()
        count += 1
    if not count:
        raise BrainScriptError(Diagnostic("BS0718", "the reader gave no data to precompute from"))
    log.line("precompute done")
    return True
