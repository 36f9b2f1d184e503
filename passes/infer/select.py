"""The part of a network that one mode of use needs."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from brainscript.diagnostic import BrainScriptError, Diagnostic, did_you_mean
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.normalise import InvStdDevOp, MeanOp
from brainscript.dialects.net.parameters import ReadOp, SinkOp, StateOp
from brainscript.dialects.net.places import span_of
from brainscript.dialects.net.stored import stored_of
from brainscript.dialects.tensors import type_of

Roots = list[tuple[str, SSAValue]]
MODES = ("train", "test", "write", "precompute")


@dataclass(frozen=True)
class NetSelect(ModulePass):
    """Keep what a mode needs, and make of the rest of the roots nothing.

    `train` keeps the first criterion (or the one named `criterion`) and the evaluation nodes (or
    those named `outputs`); `test` all criteria and evaluation nodes, or those named `outputs`;
    `write` the output nodes, or those named `outputs`; `precompute` the `Mean` and `InvStdDev`
    nodes. The values of the nodes `traced` can be read after a step of training or of a test. In
    the other modes the `Mean` and `InvStdDev` nodes become reads of state:

    Before: `%m = net.mean %x {node = "m"} : T`.
    After: `net.state @m : T {role = "statistic"}` and `%m = net.read @m : T`.
    """

    name = "net-select"

    mode: str = "train"
    outputs: tuple[str, ...] = ()
    criterion: str = ""
    traced: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Choose the roots, then drop what they do not reach."""
        network = network_of(op)
        if network is None:
            return
        if self.mode not in MODES:
            title = f"'{self.mode}' is not a mode; known: {', '.join(MODES)}"
            raise BrainScriptError(Diagnostic("BS0402", title))
        roots = self._roots(network)
        roots += [("output", named_value(network, name)) for name in self.traced]
        old = network.roots
        new = RootsOp(roots)
        new.location = old.location
        network.block.insert_op_before(new, old)
        old.detach()
        old.erase()
        remove_dead(network)
        freeze_statistics(op, network, self.mode == "precompute")
        remove_unused_symbols(network)

    def _roots(self, network: NetworkOp) -> Roots:
        if self.mode == "precompute":
            kinds = (MeanOp, InvStdDevOp)
            found = [o for o in network.block.ops if isinstance(o, kinds) and not stored_of(o)]
            return [("output", o.result) for o in found]
        if self.mode == "write":
            return self._chosen(network, "output", self.outputs)
        metrics = self._chosen(network, "evaluation", self.outputs)
        if self.mode == "test":
            criteria = [] if self.outputs else network.roots.group("criterion")
            return unique([("criterion", v) for v in criteria] + metrics)
        names = (self.criterion,) if self.criterion else ()
        return unique(self._chosen(network, "criterion", names)[:1] + metrics)

    def _chosen(self, network: NetworkOp, group: str, names: tuple[str, ...]) -> Roots:
        if not names:
            return [(group, value) for value in network.roots.group(group)]
        return [(group, named_value(network, name)) for name in names]


def unique(roots: Roots) -> Roots:
    """The roots without values that were there before."""
    first: dict[SSAValue, str] = {}
    for group, value in roots:
        first.setdefault(value, group)
    return [(group, value) for value, group in first.items()]


def named_value(network: NetworkOp, name: str) -> SSAValue:
    """The value of the node of this name; node names do not depend on case."""
    known = {node_name_of(r): r for op in network.block.ops for r in op.results}
    if name in known:
        return known[name]
    folded = {k.lower(): v for k, v in known.items() if k}
    if name.lower() in folded:
        return folded[name.lower()]
    title = f"there is no node '{name}' in the network"
    help = did_you_mean(name, [k for k in known if k])
    raise BrainScriptError(Diagnostic("BS0410", title, span_of(network.location), help=help))


def remove_dead(network: NetworkOp) -> None:
    """Erase the operations that neither the roots nor a sink need."""
    todo: list[Operation] = [op for op in network.block.ops if isinstance(op, RootsOp | SinkOp)]
    needed: set[Operation] = set(todo)
    while todo:
        for value in todo.pop().operands:
            op = value.owner
            if isinstance(op, Operation) and op not in needed:
                needed.add(op)
                todo.append(op)
    dead = [op for op in network.block.ops if op not in needed]
    for op in dead:
        op.detach()
        op.drop_all_references()
    for op in dead:
        op.erase(safe_erase=False)


def freeze_statistics(module: ModuleOp, network: NetworkOp, known: bool = False) -> None:
    """Statistics found before training (only the `known` ones, if asked) are read from state."""
    for op in list(network.block.ops):
        if not isinstance(op, MeanOp | InvStdDevOp) or (known and stored_of(op) is None):
            continue
        name, kind = op.node_name, type_of(op.result)
        module.body.block.insert_op_before(
            StateOp(name, kind, {"role": "statistic", "of": op.OPERATION}, op.location), network
        )
        read = ReadOp(name, kind, op.location)
        read.result.name_hint = op.result.name_hint
        network.block.insert_op_before(read, op)
        op.result.replace_all_uses_with(read.result)
        op.detach()
        op.erase()
    remove_dead(network)


def remove_unused_symbols(network: NetworkOp) -> None:
    """Erase the parameters and state that the network does not mention."""
    used = {op.target for op in network.block.ops if isinstance(op, ReadOp | SinkOp)}
    for name, symbol in symbols_of(network).items():
        if name not in used:
            symbol.detach()
            symbol.erase()
