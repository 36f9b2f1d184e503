"""Criteria and metrics: one number, the sum over all samples of the minibatch.

Gradients: `passes/gradient/criteria.py`.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import (
    classification_rule,
    criterion_rule,
    given_rule,
    logistic_rule,
)
from brainscript.dialects.tensors import TensorType


class CriterionOp(NetOp, ABC):
    """Compares a prediction with a label; the result is `[1]` without a dynamic axis."""

    rule = staticmethod(criterion_rule)

    label = operand_def(TensorType)
    prediction = operand_def(TensorType)


@irdl_op_definition
class CrossEntropyWithSoftmaxOp(CriterionOp):
    """`-sum y .* LogSoftmax (z)`. BrainScript: `CrossEntropyWithSoftmax (y, z)`."""

    name = "net.cross_entropy_with_softmax"
    OPERATION: ClassVar[str] = "CrossEntropyWithSoftmax"


@irdl_op_definition
class CrossEntropyOp(CriterionOp):
    """`-sum y .* Log (p)`, clipped as `Log` is. BrainScript: `CrossEntropy (y, p)`."""

    name = "net.cross_entropy"
    OPERATION: ClassVar[str] = "CrossEntropy"


@irdl_op_definition
class SquareErrorOp(CriterionOp):
    """`sum (a - b)^2`, without a factor 1/2. BrainScript: `SquareError (a, b)`."""

    name = "net.square_error"
    OPERATION: ClassVar[str] = "SquareError"


@irdl_op_definition
class LogisticOp(CriterionOp):
    """`-sum Log (y p + (1 - y) (1 - p))`, the logarithm clipped as in `Log`.

    BrainScript: `Logistic (y, p)`. With weights, `WeightedLogistic (y, p, w)`, it is
    `-n * sum (w Log (..)) / sum w` for n samples.
    """

    name = "net.logistic"
    OPERATION: ClassVar[str] = "Logistic"
    rule = staticmethod(logistic_rule)

    label = operand_def(TensorType)
    prediction = operand_def(TensorType)
    weight = opt_operand_def(TensorType)


@irdl_op_definition
class ClassificationErrorOp(CriterionOp):
    """How many samples have their first largest label not among the topN first of z.

    BrainScript: `ClassificationError (y, z, topN=1)`. Elements of z are ordered from large to
    small, equal ones by index; without the third operand topN is 1.
    """

    name = "net.classification_error"
    OPERATION: ClassVar[str] = "ClassificationError"
    rule = staticmethod(classification_rule)

    label = operand_def(TensorType)
    prediction = operand_def(TensorType)
    top_n = opt_operand_def(TensorType)


@irdl_op_definition
class DummyCriterionOp(NetOp):
    """The sum of `objective`; `gradient` is taken for its gradient with respect to `prediction`.

    BrainScript: `new ComputationNode {operation = 'DummyCriterion'}` with these three inputs.
    """

    name = "net.dummy_criterion"
    OPERATION: ClassVar[str] = "DummyCriterion"
    rule = staticmethod(given_rule)

    objective = operand_def(TensorType)
    gradient = operand_def(TensorType)
    prediction = operand_def(TensorType)
