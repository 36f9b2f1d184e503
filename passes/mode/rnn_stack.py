"""`net-expand-rnn-stacks`: stacks of recurrent layers as products, gates and delays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.linear import TransposeTimesOp
from brainscript.dialects.net.network import network_of
from brainscript.dialects.net.recurrence import (
    DelayOp,
    FutureValueOp,
    PastValueOp,
    unlinked,
)
from brainscript.dialects.net.rnn_stack import GATES, OptimizedRnnStackOp
from brainscript.dialects.net.shape import ReshapeOp, SliceOp, SpliceOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.gradient.terms import Term
from brainscript.passes.mode.set_mode import replace
from brainscript.passes.mode.site import Site


@dataclass(frozen=True)
class NetExpandRnnStacks(ModulePass):
    """Replace every `net.optimized_rnn_stack` by its layers.

    Before: `%y = net.optimized_rnn_stack %w, %x {hidden = 3, cell = "rnnTanh"}`
    After, with W, R and b slices of `%w`: `%a = net.transpose_times %W, %x`,
    `%p = net.past_value %y {outside = 0.0}`, `%r = net.transpose_times %R, %p`,
    `%y = net.tanh (%a + %r + b)`.
    """

    name = "net-expand-rnn-stacks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the network of the module."""
        network = network_of(op)
        if network is None:
            return
        nodes = [node for node in network.block.ops if isinstance(node, OptimizedRnnStackOp)]
        for number, node in enumerate(nodes):
            replace(Site(op, network, node, number), expand)


def expand(site: Site, op: OptimizedRnnStackOp) -> Term:
    """The formulas of a stack."""
    return _Stack(site, op).value()


@dataclass(frozen=True)
class _Layer:
    """Where the weights of one layer in one direction lie."""

    inputs: int
    weights: int
    biases: int
    backwards: bool


class _Stack:
    """Writes one stack."""

    def __init__(self, site: Site, op: OptimizedRnnStackOp):
        self.site, self.op = site, op
        self.hidden = op.hidden.value.data
        self.gates = GATES[op.cell.data]
        self.directions = 2 if op.bidirectional.value.data else 1
        count = prod(shape_of(op.weights))
        self.blob = self._make(ReshapeOp, op.weights, dims=(count,))
        cells: dict[str, Callable[[_Layer, Term], Term]] = {
            "lstm": self._lstm,
            "gru": self._gru,
            "rnnReLU": self._relu,
            "rnnTanh": self._tanh,
        }
        self.cell = cells[op.cell.data]

    def value(self) -> Term:
        """The output of the last layer."""
        x = self.site.term(self.op.x)
        if len(shape_of(self.op.x)) > 1:
            x = self._make(ReshapeOp, x.value, dims=(prod(shape_of(self.op.x)),))
        for layer in self._layers():
            ways = [self.cell(way, x) for way in layer]
            x = ways[0] if len(ways) == 1 else self._splice(ways)
        return x

    def _layers(self) -> list[list[_Layer]]:
        """The layers, each with its directions: matrices first, then all biases."""
        wide, place = shape_of(self.op.x), 0
        sizes: list[tuple[int, int, bool]] = []
        for number in range(self.op.layers.value.data):
            inputs = prod(wide) if number == 0 else self.directions * self.hidden
            for way in range(self.directions):
                sizes.append((inputs, place, way == 1))
                place += self.gates * self.hidden * (inputs + self.hidden)
        found: list[_Layer] = []
        for inputs, weights, backwards in sizes:
            found.append(_Layer(inputs, weights, place, backwards))
            place += 2 * self.gates * self.hidden
        return [found[i : i + self.directions] for i in range(0, len(found), self.directions)]

    def _make(self, cls: type, *inputs: SSAValue, **options: object) -> Term:
        return self.site.term(self.site.writer.make(cls, *inputs, options=options))

    def _cut(self, x: Term, begin: int, size: int) -> Term:
        """Elements of a vector."""
        if (begin, size) == (0, shape_of(x.value)[0]):
            return x
        return self._make(SliceOp, x.value, begin=begin, end=begin + size)

    def _splice(self, parts: list[Term]) -> Term:
        return self._make(SpliceOp, *(part.value for part in parts), axis=1)

    def _product(self, begin: int, columns: int, x: Term) -> Term:
        """The matrices of all gates times x, one behind the other."""
        rows = self.gates * self.hidden
        matrix = self._cut(self.blob, begin, rows * columns)
        shaped = self._make(ReshapeOp, matrix.value, dims=(columns, rows))
        return self._make(TransposeTimesOp, shaped.value, x.value)

    def _driven(self, layer: _Layer, x: Term) -> Term:
        """The input's part of all gates, with its biases."""
        bias = self._cut(self.blob, layer.biases, self.gates * self.hidden)
        return self._product(layer.weights, layer.inputs, x) + bias

    def _fed_back(self, layer: _Layer, before: Term) -> Term:
        """The recurrent part of all gates, with its biases."""
        rows = self.gates * self.hidden
        bias = self._cut(self.blob, layer.biases + rows, rows)
        return self._product(layer.weights + rows * layer.inputs, self.hidden, before) + bias

    def _gate(self, all_gates: Term, number: int) -> Term:
        return self._cut(all_gates, number * self.hidden, self.hidden)

    def _before(self, layer: _Layer, x: Term) -> tuple[DelayOp, Term]:
        """A value of the step before, 0 at first; what it delays is set later."""
        kind = type_of(x.value).with_shape((self.hidden,))
        cls = FutureValueOp if layer.backwards else PastValueOp
        delay = cls(
            unlinked(kind),
            result_type=kind,
            location=self.op.location,
            options={"outside": 0.0},
        )
        self.site.writer.insert(delay)
        return delay, self.site.term(delay.result)

    def _simple(self, layer: _Layer, x: Term, function: type) -> Term:
        delay, before = self._before(layer, x)
        value = (self._driven(layer, x) + self._fed_back(layer, before)).apply(function)
        delay.operands[0] = value.value
        return value

    def _relu(self, layer: _Layer, x: Term) -> Term:
        return self._simple(layer, x, ew.RectifiedLinearOp)

    def _tanh(self, layer: _Layer, x: Term) -> Term:
        return self._simple(layer, x, ew.TanhOp)

    def _lstm(self, layer: _Layer, x: Term) -> Term:
        (late_h, h), (late_c, c) = self._before(layer, x), self._before(layer, x)
        gates = self._driven(layer, x) + self._fed_back(layer, h)
        into, keep, out = (self._gate(gates, k).apply(ew.SigmoidOp) for k in (0, 1, 3))
        cell = keep * c + into * self._gate(gates, 2).apply(ew.TanhOp)
        value = out * cell.apply(ew.TanhOp)
        late_h.operands[0], late_c.operands[0] = value.value, cell.value
        return value

    def _gru(self, layer: _Layer, x: Term) -> Term:
        delay, before = self._before(layer, x)
        driven, fed = self._driven(layer, x), self._fed_back(layer, before)
        reset, update = (
            (self._gate(driven, k) + self._gate(fed, k)).apply(ew.SigmoidOp) for k in (0, 1)
        )
        new = (self._gate(driven, 2) + reset * self._gate(fed, 2)).apply(ew.TanhOp)
        value = (1.0 - update) * new + update * before
        delay.operands[0] = value.value
        return value
