"""Makes the operations that stand for one that has no kernel of its own."""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from brainscript.dialects.net import elementwise, parameters
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.tensors import TensorType, type_of


class Steps:
    """Makes operations in front of the one being replaced; each gives its value."""

    def __init__(self, op: Operation):
        self.builder = Builder(InsertPoint.before(op))
        self.location = op.location

    def add(self, op: Operation) -> SSAValue:
        """Insert an operation."""
        op.location = self.location
        return self.builder.insert(op).results[0]

    def times(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a .* b`."""
        return self.add(elementwise.ElementTimesOp(a, b))

    def minus(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a - b`."""
        return self.add(elementwise.MinusOp(a, b))

    def negate(self, a: SSAValue) -> SSAValue:
        """`-a`."""
        return self.add(elementwise.NegateOp(a))

    def log(self, a: SSAValue) -> SSAValue:
        """`Log (a)`, clipped."""
        return self.add(elementwise.LogOp(a))

    def number(self, value: float, like: SSAValue) -> SSAValue:
        """A constant `[1]` of the element type of `like`."""
        return self.add(parameters.SplatOp(value, TensorType.of((1,), type_of(like).element)))

    def sample_sum(self, a: SSAValue) -> SSAValue:
        """The sum over the elements of each sample, `[1]`."""
        return self.add(ReduceOp(a, options={"op": "Sum"}))

    def largest(self, a: SSAValue) -> SSAValue:
        """The index of the first largest element of each sample."""
        return self.add(ReduceOp(a, options={"op": "Argmax"}))

    def total(self, a: SSAValue, result: SSAValue) -> SSAValue:
        """The sum over elements and samples, of the type of `result`."""
        each = a if type_of(a).elements == 1 else self.sample_sum(a)
        if type_of(each) == type_of(result):
            return each
        return self.add(elementwise.SumToOp(each, result_type=type_of(result)))
