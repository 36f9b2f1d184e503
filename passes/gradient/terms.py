"""Writing gradient formulas: values of the network with operators that append operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xdsl.dialects.builtin import LocationAttr, UnitAttr, UnknownLoc
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net import elementwise as ew
from brainscript.dialects.net import normalise, reduce
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.net.sequence import SequenceFoldOp
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.net.shapes import padded
from brainscript.dialects.tensors import Element, Shape, TensorType, shape_of, type_of

ONE = 1.0


@dataclass
class Writer:
    """Appends operations in front of `before`, all at one location."""

    before: Operation
    element: Element
    location: LocationAttr = field(default_factory=UnknownLoc)
    numbers: dict[float, SSAValue] = field(default_factory=dict[float, SSAValue])

    def insert(self, op: Operation) -> None:
        """Insert an operation at the end."""
        block = self.before.parent_block()
        assert block is not None
        block.insert_op_before(op, self.before)

    def make(
        self,
        cls: type[NetOp],
        *inputs: SSAValue,
        result: TensorType | None = None,
        options: Mapping[str, object] | None = None,
    ) -> SSAValue:
        """The result of a new operation."""
        op = cls(*inputs, result_type=result, location=self.location, options=options)
        self.insert(op)
        return op.result

    def number(self, value: float) -> SSAValue:
        """A constant `[1]`, made once for every number."""
        if value not in self.numbers:
            op = SplatOp(value, TensorType.of((1,), self.element))
            self.insert(op)
            self.numbers[value] = op.result
        return self.numbers[value]

    def term(self, value: SSAValue | float) -> Term:
        """A value or number to write formulas with."""
        return Term(self, self.number(float(value)) if isinstance(value, int | float) else value)

    def reshape(self, value: SSAValue, shape: Shape) -> SSAValue:
        """The same elements in another shape."""
        if shape_of(value) == shape:
            return value
        return self.make(ReshapeOp, value, options={"dims": shape})

    def fit(self, value: SSAValue, want: TensorType) -> SSAValue:
        """The gradient `value` summed or repeated to the type of the operand that it belongs to."""
        have = type_of(value)
        if have == want:
            return value
        if have.axis is not None and want.axis is not None and have.axis != want.axis:
            have = have.with_axis(want.axis)
            value = self.make(SequenceFoldOp, value, result=have)
        assert have.shape is not None
        assert want.shape is not None
        rank = max(len(have.shape), len(want.shape))
        one, other = padded(have.shape, rank), padded(want.shape, rank)
        if one == other and have.axis == want.axis:
            return self.reshape(value, want.shape)
        low = tuple(a if b != 1 else 1 for a, b in zip(one, other, strict=True))
        narrow = want.with_shape(low).with_axis(have.axis if want.axis else None)
        if low == other and narrow.axis == want.axis:
            return self.make(ew.SumToOp, value, result=want)
        if (low, narrow.axis) != (one, have.axis):
            value = self.make(ew.SumToOp, value, result=narrow)
        return self.make(ew.BroadcastToOp, value, result=want)


@dataclass(frozen=True)
class Term:
    """A value in a formula."""

    writer: Writer
    value: SSAValue

    def apply(self, cls: type[NetOp], *others: Term | float, **options: object) -> Term:
        """`cls (self, others..)` with options."""
        inputs = [self.value, *(self.lift(t).value for t in others)]
        return Term(self.writer, self.writer.make(cls, *inputs, options=options))

    def lift(self, other: Term | float) -> Term:
        """A number as a term."""
        return other if isinstance(other, Term) else self.writer.term(other)

    @property
    def constant(self) -> float | None:
        """The number that this term is, if it is one."""
        owner = self.value.owner
        return owner.value.value.data if isinstance(owner, SplatOp) else None

    def __add__(self, other: Term | float) -> Term:
        return self.apply(ew.PlusOp, other)

    def __sub__(self, other: Term | float) -> Term:
        return self.apply(ew.MinusOp, other)

    def __rsub__(self, other: float) -> Term:
        return self.lift(other) - self

    def __mul__(self, other: Term | float) -> Term:
        """The product; factors that are numbers are taken together, and 1 is left out."""
        right = self.lift(other)
        one, two = self.constant, right.constant
        if one is not None and two is not None:
            return self.writer.term(one * two)
        if one == ONE:
            return right
        return self if two == ONE else self.apply(ew.ElementTimesOp, right)

    def __rmul__(self, other: float) -> Term:
        return self.lift(other) * self

    def __neg__(self) -> Term:
        if self.constant is not None:
            return self.writer.term(-self.constant)
        return self.apply(ew.NegateOp)

    def __gt__(self, other: float) -> Term:
        return self.apply(ew.GreaterOp, other)

    def same(self, other: Term) -> Term:
        """1 where the two are equal, else 0."""
        return self.apply(ew.EqualOp, other)

    def choose(self, then: Term | float, otherwise: Term | float) -> Term:
        """`then` where this is not 0, else `otherwise`."""
        return self.apply(ew.SelectOp, then, otherwise)

    def reshape(self, shape: Shape) -> Term:
        """The same elements in another shape."""
        return Term(self.writer, self.writer.reshape(self.value, shape))

    def late(self) -> Term:
        """The same, to be computed where it is used: what it is made of lies in memory."""
        assert isinstance(self.value.owner, Operation)
        self.value.owner.attributes["late"] = UnitAttr()
        return self

    def exp(self) -> Term:
        """`e^x`."""
        return self.apply(ew.ExpOp)

    def log(self) -> Term:
        """The clipped logarithm."""
        return self.apply(ew.LogOp)

    def reciprocal(self) -> Term:
        """`1 / x`, and 0 at 0."""
        return self.apply(ew.ReciprocalOp)

    def over(self, divisor: Term) -> Term:
        """`x / divisor`, the divisor kept away from 0."""
        return self.apply(ew.QuotientOp, divisor)

    def softmax(self) -> Term:
        """Over the whole sample."""
        return self.apply(normalise.SoftmaxOp)

    def sum(self) -> Term:
        """Over the whole sample."""
        return self.apply(reduce.ReduceOp, op="Sum", axis=0)
