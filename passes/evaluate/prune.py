"""Pass `bs-prune`: what the roots do not reach goes."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from brainscript.dialects.bs import (
    LISTS,
    ArrayOp,
    BoolOp,
    CloneFunctionOp,
    ComposeOp,
    LambdaOp,
    LoadedOp,
    NetworkOp,
    NumberOp,
    RecordOp,
    RootsOp,
    StringOp,
)
from brainscript.passes.evaluate.plain import network_of

PLAIN = (
    ArrayOp,
    BoolOp,
    CloneFunctionOp,
    ComposeOp,
    LambdaOp,
    LoadedOp,
    NumberOp,
    RecordOp,
    StringOp,
)
"""Values that can never be a node."""


@dataclass(frozen=True)
class BsPrune(ModulePass):
    """Mark from the roots and drop the rest.

    Stock dead code elimination keeps functions that call themselves and whatever functions that
    nobody calls use.

    Before: `%f = bs.lambda ["x"]() { .. }` that no remaining operation calls, among the roots.
    After: neither the function nor its root; nodes and parameters that a root reaches stay.
    """

    name = "bs-prune"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Prune the program of the module."""
        network = network_of(op)
        if network is not None:
            prune(network)


def _drop_plain_roots(roots: RootsOp) -> None:
    """Members that are functions, numbers or records are no nodes and need not be kept."""
    kept = [
        (name, value)
        for name, value in zip(roots.names.data, roots.values, strict=True)
        if name.data in LISTS or not isinstance(value.owner, PLAIN)
    ]
    if len(kept) < len(roots.values):
        roots.operands = [value for _, value in kept]
        roots.properties = {"names": ArrayAttr([name for name, _ in kept])}


def prune(network: NetworkOp) -> None:
    """Drop every operation of the graph region that the roots do not reach."""
    block = network.body.block
    last = block.last_op
    assert isinstance(last, RootsOp)
    if network.form.data == "members":
        _drop_plain_roots(last)
    live: set[Operation] = {last}
    todo: list[Operation] = [last]
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
