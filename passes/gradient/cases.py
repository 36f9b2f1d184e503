"""What a row of the gradient tables is: a formula for the gradient of one operand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.reduce import ReduceOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.gradient.terms import Term, Writer


@dataclass(frozen=True)
class Case:
    """One operation whose gradient is taken: `g` is the gradient of its result.

    `index` is the number of the operand for which it is taken.
    """

    op: NetOp
    g: Term
    index: int = 0

    @property
    def writer(self) -> Writer:
        """Where the operations go."""
        return self.g.writer

    def operand(self, index: int) -> Term:
        """An operand."""
        return Term(self.writer, self.op.operands[index])

    @property
    def o(self) -> Term:
        """The result of the operation."""
        return Term(self.writer, self.op.result)

    @property
    def x(self) -> Term:
        """The first operand."""
        return self.operand(0)

    @property
    def a(self) -> Term:
        """The first of several operands."""
        return self.operand(0)

    @property
    def b(self) -> Term:
        """The second operand."""
        return self.operand(1)

    @property
    def c(self) -> Term:
        """The third operand."""
        return self.operand(2)

    def kind(self, index: int) -> TensorType:
        """The type of an operand."""
        return type_of(self.op.operands[index])

    def make(self, cls: type[NetOp], *inputs: Term, index: int, **options: object) -> Term:
        """An operation whose result has the type of operand `index`."""
        values: list[SSAValue] = [t.value for t in inputs]
        made = self.writer.make(cls, *values, result=self.kind(index), options=options)
        return Term(self.writer, made)


Rule = Callable[[Case], Term]
Row = tuple[Rule | None, ...]
"""One rule per operand, the last one also for all further ones; None where the gradient is 0."""
Table = dict[str, Row]
"""Rows by the key of the operation."""


def key_of(op: NetOp) -> str:
    """The row of an operation: its name, with what kind of reduction, or whether weighted."""
    if isinstance(op, ReduceOp):
        return f"{op.name}.{op.op.data}"
    optional = len(op.get_irdl_definition().operands) > len(op.operands)
    return op.name if optional or op.name not in WEIGHTED else f"{op.name}.weighted"


WEIGHTED = frozenset({"net.logistic"})
"""Operations that have a row of their own when the optional operand is there."""
