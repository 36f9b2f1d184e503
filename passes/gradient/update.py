"""From gradients to the training step: parameters move, criteria are added up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xdsl.context import Context
from xdsl.dialects.builtin import LocationAttr, ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import SumElementsOp
from brainscript.dialects.net.network import (
    NetworkOp,
    RootsOp,
    network_of,
    node_name_of,
    symbols_of,
)
from brainscript.dialects.net.normalise import NormaliseOp
from brainscript.dialects.net.parameters import (
    AccumulateOp,
    GradientOp,
    ParameterOp,
    ReadOp,
    StateOp,
    SymbolOp,
    WriteOp,
)
from brainscript.dialects.net.random import UniformOp, generator_type
from brainscript.dialects.net.running import RunningMeanOp
from brainscript.dialects.tensors import Element, TensorType, type_of
from brainscript.passes.gradient.build import element_of
from brainscript.passes.gradient.rules import RULES, Step, clipped, thresholded
from brainscript.passes.gradient.sparse import TOUCHED, Rows, forget
from brainscript.passes.gradient.terms import Term, Writer

LEARNING_RATE = "hyper.learning_rate"
MOMENTUM = "hyper.momentum"
SPARSE_RULES = ("sgd", "adagrad")
"""The rules that treat columns apart that a sparse input does not touch."""


@dataclass(frozen=True)
class NetUpdate(ModulePass):
    """Turn each gradient into the update of its parameter and each criterion into a running sum.

    The rule `sgd` is CNTK's momentum with unit gain: with the learning rate per sample `lr`, times
    the parameter's multiplier, and the momentum `m` of the minibatch,
    `s <- m s + (1 - m) lr g` and `W <- W - s`, the columns that a sparse input does not touch left
    alone; the others are in `rules.py`. `clip` bounds the
    gradient first: its `elements` or its `norm`; then `l2` adds a multiple of W to it; at the end
    `noise` adds random numbers and `l1` moves W towards 0. Unless `normalised`, `l1` and `l2`
    leave alone the scale and bias of a normalisation. The host sets `@hyper.learning_rate` and
    `@hyper.momentum` before each minibatch, and whatever else the rule reads. Criterion and
    evaluation roots become additions to `@"criterion.NODE"`, or its value where they are a mean
    over the epoch; without gradients (a test) this is all that happens.

    Before: `net.gradient @W, %g`.
    After: `%s = net.read @momentum.W`, `.. net.write @momentum.W, %new_s`, `net.write @W, %new_w`.
    """

    name = "net-update"

    rule: str = "sgd"
    clip: str = ""
    l1: bool = False
    l2: bool = False
    average: bool = True
    normalised: bool = True
    noise: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Updates in the order of the gradients, then the sums."""
        network = network_of(op)
        if network is None:
            return
        element = element_of(network)
        if element is not None:
            Update(op, network, element, self).run()


class Update:
    """The rewriting of one network."""

    def __init__(self, module: ModuleOp, network: NetworkOp, element: Element, asked: NetUpdate):
        self.asked = asked
        self.module = module
        self.network = network
        self.symbols = symbols_of(network)
        self.writer = Writer(network.roots, element)
        self.element = element
        self.writes: list[WriteOp | AccumulateOp] = []
        self.reads: dict[str, SSAValue] = {}
        self.unregularised: set[str] = set()
        for op in network.block.ops:
            if isinstance(op, ReadOp):
                self.reads.setdefault(op.target, op.result)
            elif isinstance(op, NormaliseOp) and (op.unregularised or not asked.normalised):
                self.unregularised |= {node_name_of(op.scale), node_name_of(op.bias)}

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
        momentum = self.scalar(MOMENTUM, "hyper")
        rate = self.scalar(LEARNING_RATE, "hyper")
        gain = 1 - momentum
        rates: dict[float, Term] = {}
        scaled: dict[float, Term] = {}
        for op in gradients:
            parameter = self.symbols[op.target]
            assert isinstance(parameter, ParameterOp)
            by = parameter.multiplier
            if by not in rates:
                rates[by] = rate * by
                scaled[by] = gain * rates[by]
            self.writer.location = op.location
            self._update(op, parameter, momentum, rates[by], scaled[by])
            gradient = op.value
            op.detach()
            op.erase()
            forget(gradient)
        return self.writes

    def _update(
        self, op: GradientOp, parameter: ParameterOp, momentum: Term, eta: Term, scaled: Term
    ) -> None:
        """Clip, regularise, take the step of the rule, regularise again."""
        asked, memory = self.asked, ParameterMemory(self, op, parameter)
        g, kind = self.writer.term(op.value), type_of(op.value)
        sparse = asked.rule in SPARSE_RULES and not asked.l2
        rows = Rows.of(self.writer, op.value) if sparse else None
        if rows is not None and not (asked.l1 or asked.noise):
            columns = ColumnMemory(self, op, parameter, rows)
            given = Step(rows.gradient(), eta, momentum, columns, 0, asked.average, scaled)
            self._update_rows(op, replace(given, rows=True), columns)
            return
        if asked.clip:
            bound = memory.hyper("clipping") * memory.hyper("samples")
            g = clipped(g, bound, asked.clip == "norm")
        regular = op.target not in self.unregularised
        if asked.l2 and regular:
            decay = memory.hyper("l2") * memory.hyper("samples")
            g = g + decay * self.writer.term(self._read(op.target, kind))
        elements = math.prod(kind.shape or ())
        block = rows.mask() if rows is not None else self._touched(op.target) if sparse else None
        given = Step(g, eta, momentum, memory, elements, asked.average, scaled, block)
        step = RULES[asked.rule](given)
        weight = self.writer.term(self._read(op.target, kind)) - step
        if asked.noise:
            weight = weight + memory.hyper("noise") * memory.normal()
        if asked.l1 and regular:
            weight = thresholded(weight, eta * (memory.hyper("l1") * memory.hyper("samples")))
        self.write(op.target, weight, op.location)

    def _touched(self, target: str) -> Term | None:
        """1 in the columns of a table that have been touched when its gradient was stored."""
        state = self.symbols.get(TOUCHED + target)
        if not isinstance(state, StateOp):
            return None
        return self.writer.term(self._read(TOUCHED + target, state.type)) > 0.0

    def _update_rows(self, op: GradientOp, given: Step, memory: ColumnMemory) -> None:
        """The same for the columns that sparse inputs touch; the others stay."""
        asked, rows = self.asked, memory.rows
        if asked.clip:
            bound = memory.hyper("clipping") * memory.hyper("samples")
            given = replace(given, g=clipped(given.g, bound, asked.clip == "norm"))
        step = RULES[asked.rule](given)
        table = self._read(op.target, type_of(op.value))
        self.write(op.target, rows.put(table, rows.take(table) - step), op.location)

    def write(self, name: str, value: Term, location: LocationAttr) -> None:
        """Write a symbol once everything is computed."""
        self.writes.append(WriteOp(name, value.value, location))

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
            sink = WriteOp if isinstance(value.owner, RunningMeanOp) else AccumulateOp
            sums.append(sink(name, self._summed(value)))
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

    def scalar(self, name: str, role: str, of: str | None = None) -> Term:
        """A number held outside the network."""
        return self.state(name, self._one(), role, of)

    def state(
        self,
        name: str,
        kind: TensorType,
        role: str,
        of: str | None = None,
        held: TensorType | None = None,
    ) -> Term:
        """The value of a piece of state, declared if it is new; `held` is its shape there."""
        values: dict[str, object] = {"role": role}
        if of is not None:
            values["of"] = of
        self._declare(StateOp(name, held or kind, values))
        return self.writer.term(self._read(name, kind))

    def _declare(self, symbol: SymbolOp) -> None:
        name = symbol.sym_name.data
        if name not in self.symbols:
            self.module.body.block.insert_op_before(symbol, self.network)
            self.symbols[name] = symbol

    def _read(self, name: str, kind: TensorType) -> SSAValue:
        """The first read of a symbol that is there already in this shape, or a new one."""
        known = self.reads.get(name)
        if known is None or known.type != kind:
            read = ReadOp(name, kind, self.writer.location)
            self.writer.insert(read)
            known = self.reads[name] = read.result
        return known


class ParameterMemory:
    """What a rule remembers of one parameter: symbols `KIND.PARAMETER` of the role `momentum`."""

    def __init__(self, update: Update, op: GradientOp, parameter: ParameterOp):
        self._update = update
        self._name = op.target
        self._type, self._held = type_of(op.value), parameter.type
        self._location = op.location

    def old(self, kind: str) -> Term:
        """The remembered tensor of this kind, zero at first."""
        name = f"{kind}.{self._name}"
        return self._update.state(name, self._type, "momentum", self._name, self._held)

    def number(self, kind: str) -> Term:
        """The remembered number of this kind, zero at first."""
        return self._update.scalar(f"{kind}.{self._name}", "momentum", self._name)

    def keep(self, kind: str, value: Term) -> Term:
        """Remember a value; gives it back."""
        self._update.write(f"{kind}.{self._name}", value, self._location)
        return value

    def normal(self) -> Term:
        """Random numbers of the standard normal distribution, by the method of Box and Muller."""
        radius = (-2.0 * (1 - self._uniform("")).log()).apply(ew.SqrtOp)
        return radius * (self._uniform(".angle") * math.tau).apply(ew.CosineOp)

    def _uniform(self, which: str) -> Term:
        update, writer = self._update, self._update.writer
        name = f"generator.noise.{self._name}{which}"
        state = update.state(name, generator_type(self._type), "random", self._name)
        return writer.term(writer.make(UniformOp, state.value, result=self._type))

    def hyper(self, name: str) -> Term:
        """A number that the host sets."""
        return self._update.scalar(f"hyper.{name}", "hyper")


class ColumnMemory(ParameterMemory):
    """What a rule remembers of the columns of a parameter that a minibatch touches."""

    def __init__(self, update: Update, op: GradientOp, parameter: ParameterOp, rows: Rows):
        super().__init__(update, op, parameter)
        self.rows = rows

    def old(self, kind: str) -> Term:
        """The remembered columns of this kind, zero at first."""
        return self.rows.take(super().old(kind).value)

    def keep(self, kind: str, value: Term) -> Term:
        """Remember columns, and numbers; gives the value back."""
        if type_of(value.value).axis is None:
            return super().keep(kind, value)
        super().keep(kind, self.rows.put(super().old(kind).value, value))
        return value
