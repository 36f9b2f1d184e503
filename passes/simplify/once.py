"""`net-compute-once`: what depends on parameters alone is computed before the first minibatch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import BroadcastToOp
from brainscript.dialects.net.network import (
    ONCE,
    NetworkOp,
    RootsOp,
    network_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import (
    IndexOp,
    InputOp,
    ParameterOp,
    ReadOp,
    SinkOp,
    SplatOp,
    StateOp,
    WriteOp,
)
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.infer.recurrences import keep_root_names
from brainscript.passes.infer.select import remove_dead
from brainscript.passes.simplify.site import is_pure

PREFIX = "once."
GROWTH, SMALL = 4, 1 << 16
"""What has more elements than this, and this many times those that it is made from, stays."""


@dataclass(frozen=True)
class NetComputeOnce(ModulePass):
    """Move what depends on parameters alone to a network of its own, run once for many minibatches.

    For steps that move no parameter. The name of the state says what is in it: two steps that
    compute the same share it. Whoever changes a parameter lets the other network run again.

    Before: `%w = net.read @W`, `%e = net.exp %w : T`, `%z = net.element_times %e, %x`.
    After: `net.state @once.exp.HASH : T {role = "derived"}`, `%e = net.read @once.exp.HASH`,
    `%z = net.element_times %e, %x`, and behind it
    `net.network attributes {once} { .. %e = net.exp %w, net.write @once.exp.HASH, %e }`.
    """

    name = "net-compute-once"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Split the network of the module."""
        network = network_of(op)
        if network is None:
            return
        fixed = Fixed(network)
        moved = fixed.moved()
        if moved:
            keep_root_names(network)
            split(op, network, fixed, moved)


class Fixed:
    """The values of a network that are the same for every minibatch."""

    def __init__(self, network: NetworkOp):
        self.block = network.block
        self.sizes: dict[SSAValue, int] = {}
        """The values, each with the number of elements of the parameters that it is made from."""
        self._digests: dict[SSAValue, str] = {}
        symbols = symbols_of(network)
        written = {op.target for op in self.block.ops if isinstance(op, SinkOp)}
        lasting = {n for n, s in symbols.items() if n not in written and is_lasting(s)}
        for op in self.block.ops:
            if isinstance(op, ReadOp):
                if op.target in lasting:
                    self.sizes[op.result] = op.result.type.elements
            elif isinstance(op, NetOp) and self._is_fixed(op):
                self.sizes[op.result] = sum(self.sizes[v] for v in op.operands)

    def _is_fixed(self, op: NetOp) -> bool:
        kind = op.result.type
        if kind.axis is not None or not is_pure(op) or isinstance(op, InputOp):
            return False
        if not all(v in self.sizes for v in op.operands):
            return False
        return kind.elements <= max(SMALL, GROWTH * sum(self.sizes[v] for v in op.operands))

    def moved(self) -> list[SSAValue]:
        """What the rest of the network reads of them, and is worth keeping, first ones first."""
        waiting = [
            value
            for op in self.block.ops
            if not (op.results and op.results[0] in self.sizes)
            for value in op.operands
        ]
        found: set[SSAValue] = set()
        while waiting:
            value = waiting.pop()
            if value not in self.sizes or value in found:
                continue
            if isinstance(value.owner, ReshapeOp | BroadcastToOp):
                waiting += value.owner.operands
            elif not isinstance(value.owner, ReadOp | SplatOp | IndexOp):
                found.add(value)
        return [op.results[0] for op in self.block.ops if op.results and op.results[0] in found]

    def needed_by(self, values: list[SSAValue]) -> Iterator[Operation]:
        """The operations that make these values, in their order."""
        waiting, found = list(values), set[SSAValue]()
        while waiting:
            value = waiting.pop()
            if value not in found and isinstance(value.owner, Operation):
                found.add(value)
                waiting += value.owner.operands
        return (op for op in self.block.ops if op.results and op.results[0] in found)

    def digest(self, value: SSAValue) -> str:
        """A text that stands for how a value is computed from parameters."""
        if value not in self._digests:
            op = value.owner
            assert isinstance(op, Operation)
            options = sorted((k, str(v)) for k, v in op.properties.items() if k != "node")
            parts = [op.name, str(type_of(value)), *(f"{k} = {v}" for k, v in options)]
            parts += [self.digest(operand) for operand in op.operands]
            self._digests[value] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self._digests[value]


def is_lasting(symbol: Operation) -> bool:
    """Whether a symbol holds what training has made, and what other steps leave alone."""
    if isinstance(symbol, StateOp):
        return symbol.role.data == "statistic"
    return isinstance(symbol, ParameterOp)


def split(module: ModuleOp, network: NetworkOp, fixed: Fixed, moved: list[SSAValue]) -> None:
    """Compute the values in a network of their own; read them here."""
    copies: dict[SSAValue, SSAValue] = {}
    made: list[Operation] = []
    for op in fixed.needed_by(moved):
        copy = op.clone(copies)
        copy.results[0].name_hint = op.results[0].name_hint
        made.append(copy)
    for name, value in names_of(fixed, moved).items():
        kind, owner = type_of(value), value.owner
        assert isinstance(owner, Operation)
        symbol = StateOp(name, kind, {"role": "derived"}, owner.location)
        module.body.block.insert_op_before(symbol, network)
        read = ReadOp(name, kind, owner.location)
        read.result.name_hint = value.name_hint
        network.block.insert_op_before(read, owner)
        made.append(WriteOp(name, copies[value], owner.location))
        value.replace_all_uses_with(read.result)
    prepared = NetworkOp([*made, RootsOp([])], network.location)
    prepared.attributes[ONCE] = UnitAttr()
    module.body.block.insert_op_after(prepared, network)
    remove_dead(network)


def names_of(fixed: Fixed, values: list[SSAValue]) -> dict[str, SSAValue]:
    """What the states are called that hold the values; equal values are kept once."""
    found: dict[str, SSAValue] = {}
    for value in values:
        owner = value.owner
        assert isinstance(owner, Operation)
        what = owner.name.removeprefix("net.")
        name = f"{PREFIX}{what}.{fixed.digest(value)[:12]}"
        first = found.setdefault(name, value)
        if first is not value:
            value.replace_all_uses_with(first)
    return found
