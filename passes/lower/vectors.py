"""Writing vector arithmetic: `Vectors` inserts `arith`, `math` and `kern` operations on lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    Float64Type,
    FloatAttr,
    VectorType,
)
from xdsl.ir import Attribute, Operation, SSAValue

from brainscript.dialects.kern import BroadcastOp
from brainscript.dialects.kern_rows import ChooseOp, DecayOp

_UNARY: dict[str, type[Operation]] = {
    "exp": math.ExpOp,
    "decay": DecayOp,
    "log": math.LogOp,
    "log1p": math.Log1pOp,
    "tanh": math.TanhOp,
    "sqrt": math.SqrtOp,
    "abs": math.AbsFOp,
    "floor": math.FloorOp,
    "sin": math.SinOp,
    "cos": math.CosOp,
    "asin": math.AsinOp,
    "acos": math.AcosOp,
    "sinh": math.SinhOp,
    "cosh": math.CoshOp,
    "negate": arith.NegfOp,
}
_BINARY: dict[str, type[Operation]] = {
    "add": arith.AddfOp,
    "subtract": arith.SubfOp,
    "multiply": arith.MulfOp,
    "divide": arith.DivfOp,
}


def dense(values: Sequence[float], kind: Attribute) -> DenseIntOrFPElementsAttr[Any]:
    """The lanes of a constant vector; a single value fills them all."""
    return DenseIntOrFPElementsAttr.from_list(cast(VectorType[Float64Type], kind), values)


@dataclass(frozen=True, slots=True)
class Vectors:
    """Inserts operations on values of one type (a vector, or a scalar) through a builder."""

    builder: Builder
    kind: Attribute

    @property
    def element(self) -> Attribute:
        """The type of one lane."""
        return self.kind.element_type if isinstance(self.kind, VectorType) else self.kind  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def insert(self, op: Operation) -> SSAValue:
        """Insert an operation and return its only result."""
        return self.builder.insert(op).results[0]

    def constant(self, value: float) -> SSAValue:
        """The number, rounded to the element type, in every lane.

        One that is not finite is a scalar that is spread: read back from text as the lanes of a
        constant it would be another number.
        """
        if isinstance(self.element, Float32Type):
            value = float(np.float32(value))
        kind = self.kind
        if kind != self.element and not isfinite(value):
            scalar = arith.ConstantOp(FloatAttr(value, cast(Float64Type, self.element)))
            return self.insert(BroadcastOp(self.insert(scalar), kind))
        if kind != self.element:
            return self.insert(arith.ConstantOp(dense([value], kind)))
        return self.insert(arith.ConstantOp(FloatAttr(value, cast(Float64Type, kind))))

    def unary(self, name: str, x: SSAValue) -> SSAValue:
        """A function of one operand: exp, decay (`exp` of what is not above 0), log, tanh, ..."""
        return self.insert(_UNARY[name].create(operands=[x], result_types=[x.type]))

    def binary(self, name: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """add, subtract, multiply or divide."""
        return self.insert(_BINARY[name].create(operands=[a, b], result_types=[a.type]))

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a + b`"""
        return self.binary("add", a, b)

    def sub(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a - b`"""
        return self.binary("subtract", a, b)

    def mul(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a * b`"""
        return self.binary("multiply", a, b)

    def div(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a / b`"""
        return self.binary("divide", a, b)

    def choose(
        self, predicate: str, a: SSAValue, b: SSAValue, yes: SSAValue, no: SSAValue
    ) -> SSAValue:
        """`yes` in the lanes where the comparison holds, else `no`."""
        return self.insert(ChooseOp(predicate, a, b, yes, no))
