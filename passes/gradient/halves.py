"""A training step in two halves, so that gradients can be summed over processes in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of, symbols_of
from brainscript.dialects.net.parameters import (
    AccumulateOp,
    GradientOp,
    ReadOp,
    StateOp,
    WriteOp,
)
from brainscript.dialects.tensors import type_of

HELD = "gradient."
"""Before the name of a parameter: the state that holds its gradient."""


@dataclass(frozen=True)
class NetHoldGradients(ModulePass):
    """The first half of a step: gradients are stored and nothing moves.

    The host may change `@"gradient.PARAMETER"` before the second half, `net-take-gradients`, runs.

    Before: `net.gradient @W, %g`.
    After: `net.state @gradient.W`, .., `net.write @gradient.W, %g`.
    """

    name = "net-hold-gradients"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every gradient; the writes come last."""
        network = network_of(op)
        if network is None:
            return
        for gradient in gradients_of(op, network):
            write = WriteOp(HELD + gradient.target, gradient.value, gradient.location)
            network.block.insert_op_before(write, network.roots)
            erase(gradient)


@dataclass(frozen=True)
class NetTakeGradients(ModulePass):
    """The second half of a step: gradients are those that the first half has stored.

    What the minibatch decides is forgotten: inputs, roots, and the states that the first half
    moves. `net-update` comes next, then `net-dce`.

    Before: `net.gradient @W, %g`.
    After: `%h = net.read @gradient.W`, `net.gradient @W, %h`.
    """

    name = "net-take-gradients"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Read every gradient; what else the step writes is written by the other half."""
        network = network_of(op)
        if network is None:
            return
        gradients = list(gradients_of(op, network))
        for sink in [o for o in network.block.ops if isinstance(o, WriteOp | AccumulateOp)]:
            erase(sink)
        for gradient in gradients:
            read = ReadOp(HELD + gradient.target, type_of(gradient.value), gradient.location)
            network.block.insert_op_before(read, gradient)
            gradient.operands[0] = read.result
        old, new = network.roots, RootsOp([])
        new.location = old.location
        network.block.insert_op_before(new, old)
        erase(old)


def gradients_of(module: ModuleOp, network: NetworkOp) -> Iterator[GradientOp]:
    """The gradients of a network; the state that holds each is declared."""
    symbols = symbols_of(network)
    for gradient in [op for op in network.block.ops if isinstance(op, GradientOp)]:
        parameter = symbols[gradient.target]
        values = {"role": "gradient", "of": gradient.target}
        state = StateOp(HELD + gradient.target, parameter.type, values, gradient.location)
        module.body.block.insert_op_before(state, network)
        yield gradient


def erase(op: Operation) -> None:
    """Take an operation out that nothing uses."""
    op.detach()
    op.erase()
