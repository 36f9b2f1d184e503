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
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.build import element_of
from brainscript.passes.gradient.sparse import TOUCHED, Rows
from brainscript.passes.gradient.terms import Term, Writer

HELD = "gradient."
"""Before the name of a parameter: the state that holds its gradient."""


@dataclass(frozen=True)
class NetHoldGradients(ModulePass):
    """The first half of a step: gradients are stored and nothing moves.

    The host may change `@"gradient.PARAMETER"` before the second half, `net-take-gradients`, runs.
    Of a table that meets a sparse input `@"touched.PARAMETER"` is 1 in the columns touched.

    Before: `net.gradient @W, %g`.
    After: `net.state @gradient.W`, .., `net.write @gradient.W, %g`.
    """

    name = "net-hold-gradients"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every gradient; the writes come last."""
        network = network_of(op)
        if network is None:
            return
        writes: list[WriteOp] = []
        for gradient, touched in gradients_of(op, network):
            target, place = gradient.target, gradient.location
            writes.append(WriteOp(HELD + target, gradient.value, place))
            if touched is not None:
                writes.append(WriteOp(TOUCHED + target, touched.value, place))
            erase(gradient)
        for write in writes:
            network.block.insert_op_before(write, network.roots)


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
        gradients = [gradient for gradient, _ in gradients_of(op, network)]
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


def gradients_of(module: ModuleOp, network: NetworkOp) -> Iterator[tuple[GradientOp, Term | None]]:
    """The gradients of a network, with the columns touched where its input is sparse; the states
    that hold both are declared."""
    symbols, element = symbols_of(network), element_of(network)
    gradients = [op for op in network.block.ops if isinstance(op, GradientOp)]
    if element is None:
        return
    writer = Writer(network.roots, element)

    def declare(name: str, kind: TensorType, of: str, gradient: GradientOp) -> None:
        values = {"role": "gradient", "of": of}
        state = StateOp(name, kind, values, gradient.location)
        module.body.block.insert_op_before(state, network)

    for gradient in gradients:
        target = gradient.target
        declare(HELD + target, symbols[target].type, target, gradient)
        writer.location = gradient.location
        rows = Rows.of(writer, gradient.value)
        touched = None if rows is None else rows.mask()
        if touched is not None:
            declare(TOUCHED + target, type_of(touched.value), target, gradient)
        yield gradient, touched


def erase(op: Operation) -> None:
    """Take an operation out that nothing uses."""
    op.detach()
    op.erase()
