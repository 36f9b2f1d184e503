"""From gradients to the training step: parameters move, criteria are added up."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.parameters import (
    AccumulateOp,
    GradientOp,
    ParameterOp,
    ReadOp,
    StateOp,
    SymbolOp,
    WriteOp,
)
from brainscript.dialects.tensors import Element, TensorType, type_of
from brainscript.passes.gradient.build import element_of
from brainscript.passes.gradient.terms import Term, Writer

LEARNING_RATE = "hyper.learning_rate"
MOMENTUM = "hyper.momentum"


@dataclass(frozen=True)
class NetUpdate(ModulePass):
    """Turn each gradient into the update of its parameter and each criterion into a running sum.

    The rule is CNTK's momentum with unit gain: with the learning rate per sample `lr`, times the
    parameter's multiplier, and the momentum `m` of the minibatch,
    `s <- m s + (1 - m) lr g` and `W <- W - s`. The host sets `@hyper.learning_rate` and
    `@hyper.momentum` before each minibatch. Criterion and evaluation roots become additions to
    `@"criterion.NODE"`; without gradients (a test) this is all that happens.

    Before: `net.gradient @W, %g`.
    After: `%s = net.read @momentum.W`, `.. net.write @momentum.W, %new_s`, `net.write @W, %new_w`.
    """

    name = "net-update"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Updates in the order of the gradients, then the sums."""
        network = network_of(op)
        if network is None:
            return
        element = element_of(network)
        if element is not None:
            Update(op, network, element).run()


class Update:
    """The rewriting of one network."""

    def __init__(self, module: ModuleOp, network: NetworkOp, element: Element):
        self.module = module
        self.network = network
        self.symbols = symbols_of(network)
        self.writer = Writer(network.roots, element)
        self.element = element

    def run(self) -> None:
        """All updates and sums; writes come last, so that every read sees the old values."""
        sinks = self._sums()
        sinks += self._updates()
        for sink in sinks:
            self.writer.insert(sink)

    def _updates(self) -> list[WriteOp | AccumulateOp]:
        gradients = [op for op in self.network.block.ops if isinstance(op, GradientOp)]
        if not gradients:
            return []
        momentum = self._scalar(MOMENTUM, "hyper")
        rate = self._scalar(LEARNING_RATE, "hyper")
        gain = 1 - momentum
        steps: dict[float, Term] = {}
        writes: list[WriteOp | AccumulateOp] = []
        for op in gradients:
            parameter = self.symbols[op.target]
            assert isinstance(parameter, ParameterOp)
            multiplier = parameter.multiplier
            if multiplier not in steps:
                steps[multiplier] = gain * (rate * multiplier)
            self.writer.location = op.location
            writes += self._update(op, parameter, momentum, steps[multiplier])
            op.detach()
            op.erase()
        return writes

    def _update(
        self, op: GradientOp, parameter: ParameterOp, momentum: Term, step: Term
    ) -> list[WriteOp | AccumulateOp]:
        """`s <- m s + step g`, `W <- W - s`."""
        smoothed = f"momentum.{op.target}"
        old = self._state(smoothed, parameter.type, "momentum", op.target)
        new = momentum * old + step * self.writer.term(op.value)
        weight = self.writer.term(self._read(op.target, parameter.type)) - new
        return [
            WriteOp(smoothed, new.value, op.location),
            WriteOp(op.target, weight.value, op.location),
        ]

    def _sums(self) -> list[WriteOp | AccumulateOp]:
        """Criterion and evaluation roots become running sums and are roots no longer."""
        kept: list[tuple[str, SSAValue]] = []
        sums: list[WriteOp | AccumulateOp] = []
        roots = self.network.roots
        seen: set[str] = set()
        for group, value in roots.entries:
            if group not in ("criterion", "evaluation"):
                kept.append((group, value))
                continue
            node = node_name_of(value)
            if node in seen:
                continue
            seen.add(node)
            name = f"criterion.{node}"
            self._declare(StateOp(name, self._one(), {"role": "criterion", "of": node}))
            sums.append(AccumulateOp(name, self._summed(value)))
        new = RootsOp(kept)
        new.location = roots.location
        self.network.block.insert_op_before(new, roots)
        self.writer.before = new
        roots.detach()
        roots.erase()
        return sums

    def _summed(self, value: SSAValue) -> SSAValue:
        """A criterion of several elements or one per sample, added up."""
        if type_of(value) == self._one():
            return value
        return self.writer.make(SumElementsOp, value)

    def _one(self) -> TensorType:
        return TensorType.of((1,), self.element)

    def _scalar(self, name: str, role: str) -> Term:
        return self._state(name, self._one(), role)

    def _state(self, name: str, kind: TensorType, role: str, of: str | None = None) -> Term:
        """The value of a piece of state, declared if it is new."""
        values: dict[str, object] = {"role": role}
        if of is not None:
            values["of"] = of
        self._declare(StateOp(name, kind, values))
        return self.writer.term(self._read(name, kind))

    def _declare(self, symbol: SymbolOp) -> None:
        name = symbol.sym_name.data
        if name not in self.symbols:
            self.module.body.block.insert_op_before(symbol, self.network)
            self.symbols[name] = symbol

    def _read(self, name: str, kind: TensorType) -> SSAValue:
        """The first read of a symbol that is there already, or a new one."""
        for op in self.network.block.ops:
            if isinstance(op, ReadOp) and op.target == name:
                return op.result
        read = ReadOp(name, kind, self.writer.location)
        self.writer.insert(read)
        return read.result
