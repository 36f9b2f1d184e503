"""Where an operation is replaced by others: reading, writing and declaring symbols in place."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import NetworkOp, symbols_of
from brainscript.dialects.net.parameters import ReadOp, StateOp, WriteOp
from brainscript.dialects.net.places import failure
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.terms import Term, Writer


class Site:
    """Writes operations in front of `op`; what they read is what was written before.

    `number` tells apart the sites of one network.
    """

    def __init__(self, module: ModuleOp, network: NetworkOp, op: NetOp, number: int):
        self.module, self.network, self.op, self.number = module, network, op, number
        self.element = type_of(op.result).element
        self.writer = Writer(op, self.element, op.location)
        self.one = TensorType.of((1,), self.element)

    def term(self, value: SSAValue) -> Term:
        """A value to write formulas with."""
        return Term(self.writer, value)

    def parameter(self, operand: SSAValue, what: str) -> str:
        """The symbol that an operand reads."""
        owner = operand.owner
        if isinstance(owner, ReadOp):
            return owner.target
        title = f"the {what} of '{self.op.node_name}' must be a parameter"
        label = f"it is '{owner.name}'" if isinstance(owner, Operation) else ""
        raise failure(self.op, "BS0417", title, label, "give it a ParameterTensor")

    def read(self, name: str, kind: TensorType) -> Term:
        """The value of a symbol here, in this shape."""
        read = ReadOp(name, kind, self.op.location)
        self.writer.insert(read)
        return self.term(read.result)

    def write(self, name: str, value: Term) -> None:
        """Let a symbol take a value."""
        self.writer.insert(WriteOp(name, value.value, self.op.location))

    def state(self, name: str, role: str, kind: TensorType | None = None) -> Term:
        """A number, or a value of another type, held outside; declared if it is new."""
        if name not in symbols_of(self.network):
            values = {"role": role}
            if name.endswith(self.op.node_name):
                values["of"] = self.op.node_name
            symbol = StateOp(name, kind or self.one, values, self.op.location)
            self.module.body.block.insert_op_before(symbol, self.network)
        return self.read(name, kind or self.one)

    def samples(self, axis: str) -> Term:
        """How many samples lie on an axis."""
        each = self.one.with_axis(axis)
        ones = self.writer.make(ew.BroadcastToOp, self.writer.number(1.0), result=each)
        return self.sum(self.term(ones), self.one)

    def sum(self, x: Term, kind: TensorType) -> Term:
        """The sum over samples, and over what the type does not have."""
        return self.term(self.writer.make(ew.SumToOp, x.value, result=kind))

    def reshaped(self, value: SSAValue, kind: TensorType) -> Term:
        """A value in another shape of as many elements."""
        if type_of(value) == kind:
            return self.term(value)
        options = {"dims": kind.shape}
        return self.term(self.writer.make(ReshapeOp, value, options=options))
