"""Pass `bs-prune`: what the roots do not reach goes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.bs import NetworkOp
from brainscript.passes.evaluate.plain import network_of


@dataclass(frozen=True)
class BsPrune(ModulePass):
    """Mark from the roots and drop the rest.

    Stock dead code elimination keeps functions that call themselves and whatever functions that
    nobody calls use.
    """

    name = "bs-prune"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Prune the program of the module."""
        network = network_of(op)
        if network is not None:
            prune(network)


def prune(network: NetworkOp) -> None:
    """Drop every operation of the graph region that the roots do not reach."""
    block = network.body.block
    last = block.last_op
    assert last is not None
    live: set[Operation] = {last}
    todo = [last]
    while todo:
        op = todo.pop()
        for inner in op.walk() if op.regions else (op,):
            for value in inner.operands:
                owner = value.owner
                if isinstance(owner, Operation) and owner.parent is block and owner not in live:
                    live.add(owner)
                    todo.append(owner)
    dead = [op for op in block.ops if op not in live]
    for op in dead:
        op.detach()
    for op in dead:
        op.drop_all_references()
