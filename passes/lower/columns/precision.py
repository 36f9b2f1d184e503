"""In which precision a columns kernel computes: double where sums are subtracted from each other.

A variance is the mean of the squares less the square of the mean: where the mean is large beside
the deviation, most digits cancel, and single precision would leave none of them.
"""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float64Type, VectorType, f64
from xdsl.ir import Attribute, SSAValue

from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer


def cancels(program: Program) -> bool:
    """Whether a difference of two values is formed that both are made of sums."""
    made: dict[Node, bool] = {}
    for node in program.nodes():
        made[node] = node.kind == "total" or any(made[o] for o in node.operands)
        if node.name == "minus" and all(made[o] for o in node.operands):
            return True
    return False


class Precision:
    """The types in which a kernel computes, and the way there and back."""

    def __init__(self, program: Program, writer: Writer):
        self.writer = writer
        double = isinstance(writer.element, Float64Type)
        self.widens = not double and cancels(program)
        self.element: Attribute = f64 if self.widens else writer.element
        self.vector: Attribute = VectorType(f64, [writer.lanes]) if self.widens else writer.vector

    def widen(self, value: SSAValue) -> SSAValue:
        """A value that was read."""
        if not self.widens:
            return value
        kind = self.vector if isinstance(value.type, VectorType) else self.element
        return self.writer.insert(arith.ExtFOp(value, kind))

    def cut(self, value: SSAValue, kind: Attribute) -> SSAValue:
        """A value as one of `kind`, which is no wider."""
        if value.type == kind:
            return value
        return self.writer.insert(arith.TruncFOp(value, kind))
