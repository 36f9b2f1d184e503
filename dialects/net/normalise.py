"""The softmax family and normalisation by statistics. Gradients: `passes/gradient/normalise.py`."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.shapes import normalisation_rule, statistic_rule
from brainscript.dialects.tensors import TensorType


@irdl_op_definition
class SoftmaxOp(UnaryOp):
    """`e^x / sum e^x` over the whole sample. BrainScript: `Softmax (z)`."""

    name = "net.softmax"
    OPERATION: ClassVar[str] = "Softmax"


@irdl_op_definition
class LogSoftmaxOp(UnaryOp):
    """`x - max - ln (sum e^(x - max))` over the whole sample. BrainScript: `LogSoftmax (z)`."""

    name = "net.log_softmax"
    OPERATION: ClassVar[str] = "LogSoftmax"


@irdl_op_definition
class HardmaxOp(UnaryOp):
    """1 at the first largest element of the sample, else 0. BrainScript: `Hardmax (z)`."""

    name = "net.hardmax"
    OPERATION: ClassVar[str] = "Hardmax"


@irdl_op_definition
class MeanOp(UnaryOp):
    """The mean of x over the whole training set, found before training. BrainScript: `Mean (x)`."""

    name = "net.mean"
    OPERATION: ClassVar[str] = "Mean"
    rule = staticmethod(statistic_rule)


@irdl_op_definition
class InvStdDevOp(UnaryOp):
    """`1 / sqrt (max (variance, 1e-10))` of x over the whole training set, found before training.

    BrainScript: `InvStdDev (x)`.
    """

    name = "net.inv_std_dev"
    OPERATION: ClassVar[str] = "InvStdDev"
    rule = staticmethod(statistic_rule)


@irdl_op_definition
class PerDimMeanVarNormalizationOp(NetOp):
    """`(x - mean) .* s` with s the inverse standard deviation.

    BrainScript: `PerDimMeanVarNormalization (x, mean, invStdDev)`.
    """

    name = "net.per_dim_mean_var_normalization"
    OPERATION: ClassVar[str] = "PerDimMeanVarNormalization"
    rule = staticmethod(normalisation_rule)

    x = operand_def(TensorType)
    mean = operand_def(TensorType)
    inv_std_dev = operand_def(TensorType)


@irdl_op_definition
class PerDimMeanVarDeNormalizationOp(NetOp):
    """`x / s + mean`, with s kept at least 1e-30 away from 0.

    BrainScript: `PerDimMeanVarDeNormalization (x, mean, invStdDev)`.
    """

    name = "net.per_dim_mean_var_de_normalization"
    OPERATION: ClassVar[str] = "PerDimMeanVarDeNormalization"
    rule = staticmethod(normalisation_rule)

    x = operand_def(TensorType)
    mean = operand_def(TensorType)
    inv_std_dev = operand_def(TensorType)
