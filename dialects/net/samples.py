"""Operations in which a sample meets other samples of the minibatch; the compiler makes them."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.irdl import irdl_op_definition, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.shapes import same_rule
from brainscript.dialects.tensors import TensorType

FOLDS = {"place": 1, "sum": 2, "rank": 3, "slope": 5}
"""What `net.query_fold` computes, and how many operands it needs."""


@irdl_op_definition
class RollOp(UnaryOp):
    """Sample j of the result is sample `j + shift` of x, modulo the number of samples."""

    name = "net.roll"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("shift", 1, "integer", "shift"),)

    shift = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))


@irdl_op_definition
class QueryFoldOp(NetOp):
    """For each sample a sum over the samples of its query; the first operand is the query.

    `place`: how many stand before it. `sum` of x: the sum of x. `rank` of score and gain: how many
    have a larger score, or the same score and a smaller gain. `slope` of score, gain, discount and
    ideal: the gradient of `LambdaRank` by the score. Samples of one query follow each other.
    """

    name = "net.query_fold"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("fold", "sum", "text", "fold"),)
    rule = staticmethod(same_rule)

    values = var_operand_def(TensorType)
    fold = prop_def(StringAttr, default_value=StringAttr("sum"))

    def verify_(self) -> None:
        """The fold exists and has its operands."""
        super().verify_()
        if FOLDS.get(self.fold.data) != len(self.values):
            raise VerifyException(f"'{self.fold.data}' of {len(self.values)} values is no fold")
