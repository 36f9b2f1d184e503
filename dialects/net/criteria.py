"""Criteria and metrics: one number, the sum over all samples of the minibatch.

Gradients: `passes/gradient/criteria.py`.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.criterion_rules import (
    class_based_rule,
    contrastive_rule,
    ranking_rule,
)
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.shapes import (
    classification_rule,
    criterion_rule,
    given_rule,
    logistic_rule,
    statistic_rule,
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


@irdl_op_definition
class ClassBasedCrossEntropyOp(NetOp):
    """`-sum (LogSoftmax (class scores)[c] + LogSoftmax (W' h of the words of c)[w])`.

    The label is `(w, c, first word of c, first word of the next class)`.
    BrainScript: `ClassBasedCrossEntropyWithSoftmax (label, h, W, class scores)`.
    """

    name = "net.class_based_cross_entropy_with_softmax"
    OPERATION: ClassVar[str] = "ClassBasedCrossEntropyWithSoftmax"
    rule = staticmethod(class_based_rule)

    label = operand_def(TensorType)
    x = operand_def(TensorType)
    weights = operand_def(TensorType)
    classes = operand_def(TensorType)


@irdl_op_definition
class NoiseContrastiveOp(NetOp):
    """Noise-contrastive estimation: one word of a sample against k words drawn at random.

    The label is `k + 1` pairs of a word and the logarithm of its probability in the noise; the
    first pair is the word itself, its value negated. With `s = bias[w] + h . E[:, w]` and
    `n = ln k - value` it is `-sum (s - LogPlus (s, n))` for the word, with n for s for the noise.
    """

    name = "net.noise_contrastive"
    OPERATION: ClassVar[str] = "NCEBasedCrossEntropyWithSoftmax"
    rule = staticmethod(contrastive_rule)

    label = operand_def(TensorType)
    x = operand_def(TensorType)
    weights = operand_def(TensorType)
    bias = operand_def(TensorType)


class RankingOp(NetOp, ABC):
    """Compares the order of samples by score with that by gain, query by query.

    Samples of one query follow each other, those of larger gain first.
    """

    rule = staticmethod(ranking_rule)

    gain = operand_def(TensorType)
    score = operand_def(TensorType)
    query = operand_def(TensorType)


@irdl_op_definition
class LambdaRankOp(RankingOp):
    """`100 n (1 - mean of DCG / IDCG over the queries)` of n samples.

    `DCG = sum gain / ln (2 + rank)`, ranks from 0 by score, equal scores by smaller gain; IDCG is
    that of the order of the data. BrainScript: `LambdaRank (gain, score, query)`.
    """

    name = "net.lambda_rank"
    OPERATION: ClassVar[str] = "LambdaRank"


@irdl_op_definition
class NDCG1EvalOp(RankingOp):
    """`100 n` times the mean over queries of the gain at rank 0 over the first gain.

    BrainScript: `NDCG1Eval (gain, score, query)`.
    """

    name = "net.ndcg1_eval"
    OPERATION: ClassVar[str] = "NDCG1Eval"


@irdl_op_definition
class EpochAccumulatorOp(UnaryOp):
    """The mean of x over the samples of the epoch so far, those of the minibatch among them.

    It begins anew with each epoch, validation, test and action `write`. As an evaluation it is
    averaged already: the log has the last value, `* 1`. BrainScript: `EpochAccumulator (x)`.
    """

    name = "net.epoch_accumulator"
    OPERATION: ClassVar[str] = "EpochAccumulator"
    rule = staticmethod(statistic_rule)
