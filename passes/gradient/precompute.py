"""Statistics found before training, one minibatch at a time."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.network import NetworkOp, RootsOp, network_of, symbols_of
from brainscript.dialects.net.normalise import InvStdDevOp, MeanOp
from brainscript.dialects.net.parameters import ReadOp, StateOp, WriteOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.terms import Term, Writer

OLD_WEIGHT = "hyper.old_weight"
NEW_WEIGHT = "hyper.new_weight"
SMALLEST_VARIANCE = 1e-10


@dataclass(frozen=True)
class NetPrecompute(ModulePass):
    """Turn `Mean` and `InvStdDev` into updates of their running values.

    The host sets `@hyper.old_weight` to `n / (n + k)` and `@hyper.new_weight` to `1 / (n + k)` for
    n samples seen before and k samples in the minibatch. With these, `mean <- old mean + new sum x`
    and `variance <- old (variance + (mean before - mean)^2) + new sum (x - mean)^2`. `@NODE` holds
    the value of the node after every minibatch; `InvStdDev` is `1 / sqrt (max (variance, 1e-10))`
    and keeps its running values in `@NODE.mean` and `@NODE.variance`.

    Before: `%m = net.mean %x {node = "m"} : T`.
    After: `%s = net.sum_to %x : T`, .., `net.write @m, %new : T`.
    """

    name = "net-precompute"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every statistic; nothing is left to be a root."""
        network = network_of(op)
        if network is None:
            return
        statistics = [o for o in network.block.ops if isinstance(o, MeanOp | InvStdDevOp)]
        if not statistics:
            return
        old = network.roots
        new = RootsOp([])
        new.location = old.location
        network.block.insert_op_before(new, old)
        old.detach()
        old.erase()
        Precompute(op, network, type_of(statistics[0].result)).run(statistics)


class Precompute:
    """The rewriting of one network."""

    def __init__(self, module: ModuleOp, network: NetworkOp, kind: TensorType):
        self.module = module
        self.network = network
        self.symbols = symbols_of(network)
        self.writer = Writer(network.roots, kind.element)
        one = TensorType.of((1,), kind.element)
        self.old = self._state(OLD_WEIGHT, one, "hyper", "")
        self.new = self._state(NEW_WEIGHT, one, "hyper", "")
        self.writes: list[WriteOp] = []

    def run(self, statistics: list[MeanOp | InvStdDevOp]) -> None:
        """All updates, then the writes."""
        for op in statistics:
            self.writer.location = op.location
            kind, name = type_of(op.result), op.node_name
            before = self._state(name, kind, "statistic", op.OPERATION)
            if isinstance(op, MeanOp):
                self._write(name, self._mean(op, before))
            else:
                self._deviation(op, name, kind)
            op.result.replace_all_uses_with(before.value)
            op.detach()
            op.erase()
        for write in self.writes:
            self.writer.insert(write)

    def _mean(self, op: MeanOp | InvStdDevOp, before: Term) -> Term:
        total = self.writer.make(ew.SumToOp, op.x, result=type_of(op.result))
        return self.old * before + self.new * self.writer.term(total)

    def _deviation(self, op: InvStdDevOp, name: str, kind: TensorType) -> None:
        before = self._state(f"{name}.mean", kind, "running", name)
        variance = self._state(f"{name}.variance", kind, "running", name)
        mean = self._mean(op, before)
        shift, rest = before - mean, self.writer.term(op.x) - mean
        squares = self.writer.make(ew.SumToOp, (rest * rest).value, result=kind)
        found = self.old * (variance + shift * shift) + self.new * self.writer.term(squares)
        kept = (found > SMALLEST_VARIANCE).choose(found, SMALLEST_VARIANCE)
        self._write(f"{name}.mean", mean)
        self._write(f"{name}.variance", found)
        self._write(name, kept.apply(ew.SqrtOp).reciprocal())

    def _write(self, name: str, value: Term) -> None:
        self.writes.append(WriteOp(name, value.value, self.writer.location))

    def _state(self, name: str, kind: TensorType, role: str, of: str) -> Term:
        if name not in self.symbols:
            values = {"role": role, "of": of} if of else {"role": role}
            symbol = StateOp(name, kind, values, self.writer.location)
            self.module.body.block.insert_op_before(symbol, self.network)
            self.symbols[name] = symbol
        read = ReadOp(name, kind, self.writer.location)
        self.writer.insert(read)
        return self.writer.term(read.result)
