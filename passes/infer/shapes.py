"""Shapes: every value gets its dimensions, parameters take theirs from where they are used."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.axis_sources import with_sources
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.criteria import CriterionOp, EpochAccumulatorOp
from brainscript.dialects.net.network import NetworkOp, network_of, node_name_of, symbols_of
from brainscript.dialects.net.normalise import InvStdDevOp, MeanOp
from brainscript.dialects.net.parameters import ParameterOp, ReadOp, SymbolOp
from brainscript.dialects.net.places import failure, name_of, span_of
from brainscript.dialects.net.recurrence import DelayOp
from brainscript.dialects.net.shapes import Inferred, ShapeError, as_written, is_early
from brainscript.dialects.tensors import Shape, TensorType, shape_text, type_of
from brainscript.limits import exceeded, limit
from brainscript.passes.infer.conditions import name_conditions
from brainscript.passes.infer.initial import file_shape, initial_range
from brainscript.passes.infer.loops import check_loops


@dataclass(frozen=True)
class NetInferShapes(ModulePass):
    """Give every value its shape and dynamic axis.

    A parameter with open dimensions takes them from the operand that it meets; the sweep over the
    network is repeated until nothing changes. Then nothing may be open any more, and parameters
    with random values get the range that follows from their dimensions.

    Before: `%w = net.read @W : !net.t<[5 x ?], f32>` and `%z = net.times %w, %x : !net.t<*, f32>`
    with `%x : !net.t<[4], f32, @"*">`.
    After: `%w = net.read @W : !net.t<[5 x 4], f32>` and `%z : !net.t<[5], f32, @"*">`.
    """

    name = "net-infer-shapes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Infer, then check that all is known."""
        network = network_of(op)
        if network is None:
            return
        inference = Inference(network)
        inference.run()
        inference.check()


class Inference:
    """The sweeps over one network."""

    def __init__(self, network: NetworkOp):
        self.network = network
        self.symbols = symbols_of(network)
        self.changed = True
        self.patient = True
        self.strict = True
        self.refused = False

    def run(self) -> None:
        """Sweep until nothing changes."""
        for symbol in self.symbols.values():
            if isinstance(symbol, ParameterOp):
                file_shape(symbol)
        name_conditions(self.network)
        delays = self._delays()
        most = len(self.symbols) + 2 * len(delays) + 2
        self.strict = not delays
        self._sweep(most)
        if delays and self._open():
            self.patient = False
            self._sweep(most)
        if self.refused:
            self.strict = True
            self._sweep(most)
        if self.changed and delays:
            title = f"the shape of '{name_of(delays[0])}' grows with every step"
            label = f"it is {shape_text(type_of(delays[0].result).shape)} and still changes"
            raise failure(delays[0], "BS0408", title, label)

    def _sweep(self, most: int) -> None:
        """Visit all operations until nothing changes, at most so many times."""
        self.changed = True
        while self.changed and most >= 0:
            self.changed = False
            most -= 1
            for op in self.network.block.ops:
                if not (self.patient and is_early([type_of(v) for v in op.operands])):
                    self._visit(op)

    def _open(self) -> bool:
        """Whether the shape of some value is not known at all."""
        return any(type_of(r).shape is None for op in self.network.block.ops for r in op.results)

    def _delays(self) -> list[DelayOp]:
        return [op for op in self.network.block.ops if isinstance(op, DelayOp)]

    def _visit(self, op: Operation) -> None:
        if isinstance(op, ReadOp):
            symbol = self.symbols.get(op.target)
            if symbol is not None:
                self._set(op.result, symbol.type)
        elif isinstance(op, NetOp) and type(op).rule is not as_written:
            found = self._infer(op)
            if found is None:
                return
            for operand, shape in zip(op.operands, found.operands, strict=False):
                self._complete(operand, shape)
            kind = type_of(op.operands[0])
            self._set(op.result, TensorType.of(found.shape, kind.element, found.axis))

    def _infer(self, op: NetOp) -> Inferred | None:
        """What the rule says. Where shapes of rings still grow, what does not fit may fit later."""
        try:
            return infer(op)
        except BrainScriptError:
            if self.strict:
                raise
            self.refused = True
            return None

    def _set(self, value: SSAValue, kind: TensorType) -> None:
        if value.type != kind:
            Rewriter.replace_value_with_new_type(value, kind)
            self.changed = True

    def _complete(self, operand: SSAValue, shape: Shape | None) -> None:
        """Hand a completed shape on to the parameter that the operand reads."""
        if shape is None or type_of(operand).shape == shape:
            return
        owner = operand.owner
        symbol = self.symbols.get(owner.target) if isinstance(owner, ReadOp) else None
        if isinstance(symbol, ParameterOp):
            symbol.properties["type"] = symbol.type.with_shape(shape)
            self._set(operand, symbol.type)
            self.changed = True

    def check(self) -> None:
        """Raise for what is still open, too large, or not minibatch data where it must be."""
        for symbol in self.symbols.values():
            check_symbol(symbol)
            if isinstance(symbol, ParameterOp):
                initial_range(symbol)
        for op in self.network.block.ops:
            if isinstance(op, NetOp):
                check_operation(op)
        check_loops(self.network)


def infer(op: NetOp) -> Inferred:
    """What the rule of an operation says; a shape error becomes a diagnostic."""
    try:
        return type(op).rule([type_of(v) for v in op.operands], op.option_values())
    except ShapeError as found:
        error = with_sources(found, op.operands)
        label = error.label + operand_names(op)
        title = f"{error.title} in '{name_of(op)}'"
        raise failure(op, error.code, title, label, error.help) from error


def operand_names(op: NetOp) -> str:
    """The operands that have a name which the user knows, with their shapes."""
    parts = [
        f"'{name}' is {shape_text(type_of(v).shape)}"
        for v in op.operands
        if (name := node_name_of(v))
    ]
    return f" ({', '.join(parts)})" if parts else ""


def check_symbol(symbol: SymbolOp) -> None:
    """The type of a symbol is complete and within the limits."""
    shape = symbol.type.shape
    if not symbol.type.known:
        raise failure(
            symbol,
            "BS0405",
            f"the dimensions of '{symbol.sym_name.data}' were never inferred",
            f"its shape is {shape_text(shape)}",
            "give all its dimensions, or use it where an operand of known shape meets it; "
            "an output dimension of a product is never inferred",
        )
    check_size(symbol, shape)


def check_size(op: Operation, shape: Shape | None) -> None:
    """Raise when a tensor has more elements or axes than the limits allow."""
    assert shape is not None
    for name, size in (("rank", len(shape)), ("tensor-elements", prod(shape))):
        if size > limit(name):
            title = f"'{name_of(op)}' is too large"
            raise exceeded(name, "BS0416", title, span_of(op.location), shape_text(shape))


def check_operation(op: NetOp) -> None:
    """The result is known; criteria, statistics and delays see minibatch data."""
    kind = type_of(op.result)
    if not kind.known:
        title = f"the shape of '{name_of(op)}' is not known"
        raise failure(op, "BS0408", title, f"it is {shape_text(kind.shape)}")
    check_size(op, kind.shape)
    if not isinstance(op, CriterionOp | EpochAccumulatorOp | MeanOp | InvStdDevOp | DelayOp):
        return
    for operand in op.operands[: 1 if isinstance(op, DelayOp) else 2]:
        if type_of(operand).axis is None:
            title = f"an input of '{name_of(op)}' must be minibatch data"
            raise failure(op, "BS0412", title, _without_samples(operand))


def _without_samples(value: SSAValue) -> str:
    """Why a value is one for all samples: a sum over them, or no Input behind it."""
    who = name_of(value.owner) if isinstance(value.owner, Operation) else "it"
    todo, seen = [value], {value}
    while todo:
        if type_of(value := todo.pop()).axis is not None:
            return f"'{who}' is one value for all samples: they are summed"
        new = [v for v in getattr(value.owner, "operands", ()) if v not in seen]
        seen.update(new)
        todo += new
    return f"'{who}' does not depend on an Input"
