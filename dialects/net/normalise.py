"""The softmax family and normalisation by statistics. Gradients: `passes/gradient/normalise.py`."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, FloatAttr, StringAttr
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp, Option, attribute
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    as_written,
    is_known,
    normalisation_rule,
    statistic_rule,
)
from brainscript.dialects.tensors import UNKNOWN, Shape, TensorType, shape_text, type_of


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


LAYOUTS = {"chw": -1, "cudnn": -1, "hwc": 0, "legacy": 0}
"""`imageLayout` in lower case -> the axis of the channels."""


def statistics_shape(sample: Shape, *, spatial: bool, layout: str) -> Shape:
    """The shape that broadcasts one number per feature, or per channel, over a sample."""
    if not spatial:
        return sample
    channels = LAYOUTS[layout.lower()] % len(sample)
    return tuple(d if k == channels else 1 for k, d in enumerate(sample))


def batch_normalization_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The result is like x; the four parameters hold one number per feature, or per channel.

    A parameter `[0 x 1]` becomes `[n x 1]`; the count is one number.
    """
    x, layout = inputs[0], options["layout"]
    assert isinstance(layout, str)
    if layout.lower() not in LAYOUTS:
        title = f"imageLayout must be 'CHW' or 'HWC', not '{layout}'"
        raise ShapeError("BS0402", title, "")
    if not is_known(x.shape) or not x.shape:
        return Inferred(x.shape, x.axis)
    shape = statistics_shape(x.shape, spatial=bool(options["spatial"]), layout=layout)
    found = [_one_for_each(t.shape, prod(shape), x.shape) for t in inputs[1:5]]
    if len(inputs) > 5:
        found.append(_one_for_each(inputs[5].shape, 1, x.shape))
    return Inferred(x.shape, x.axis, (x.shape, *found))


def _one_for_each(shape: Shape | None, count: int, sample: Shape) -> Shape | None:
    """The shape of a parameter of `count` elements, completed at its first open dimension."""
    if shape is None or shape == (UNKNOWN,):
        return (count,)
    rest = prod(d for d in shape if d != UNKNOWN)
    if UNKNOWN in shape and count % rest == 0:
        at = shape.index(UNKNOWN)
        filled = (1 if d == UNKNOWN else d for d in shape[at + 1 :])
        return (*shape[:at], count // rest, *filled)
    if rest == count and UNKNOWN not in shape:
        return shape
    raise ShapeError(
        "BS0401",
        "a parameter of the normalisation has the wrong size",
        f"it is {shape_text(shape)}, a sample is {shape_text(sample)}",
        f"it must have {count} element" + ("s" if count != 1 else ""),
    )


@irdl_op_definition
class BatchNormalizationOp(NetOp):
    """`scale .* (x - m) ./ sqrt (v + epsilon) + bias`, with one number per feature or channel.

    In training m and v are the mean and variance of the minibatch; the running ones follow them
    with `time_constant`, in samples (negative: the mean of all samples so far; infinite, together
    with `blend_time_constant`: they stay). Otherwise m and v are the running ones. `count` is the
    number of samples seen. `net-set-mode` makes one or the other of it.

    BrainScript: `BatchNormalization (x, scale, bias, runMean, runVariance, spatial=false)`.
    """

    name = "net.batch_normalization"
    OPERATION: ClassVar[str] = "BatchNormalization"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("spatial", False, "boolean", "spatial"),
        Option("normalizationTimeConstant", 0.0, "number", "time_constant"),
        Option("blendTimeConstant", 0.0, "number", "blend_time_constant"),
        Option("epsilon", 0.00001, "number", "epsilon"),
        Option("useCntkEngine", True, "boolean", "own_engine"),
        Option("imageLayout", "CHW", "text", "layout"),
        Option("disableRegularization", False, "boolean", "unregularised"),
    )
    rule = staticmethod(batch_normalization_rule)

    x = operand_def(TensorType)
    scale = operand_def(TensorType)
    bias = operand_def(TensorType)
    mean = operand_def(TensorType)
    variance = operand_def(TensorType)
    count = opt_operand_def(TensorType)
    spatial = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    time_constant = prop_def(FloatAttr, default_value=attribute(0.0))
    blend_time_constant = prop_def(FloatAttr, default_value=attribute(0.0))
    epsilon = prop_def(FloatAttr, default_value=attribute(0.00001))
    own_engine = prop_def(BoolAttr, default_value=BoolAttr.from_bool(True))
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))
    unregularised = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    @property
    def statistics(self) -> TensorType:
        """The type of one number per feature or channel that broadcasts over x."""
        kind = self.x.type
        assert isinstance(kind, TensorType)
        assert kind.shape is not None
        spatial, layout = bool(self.spatial), self.layout.data
        return kind.with_axis(None).with_shape(
            statistics_shape(kind.shape, spatial=spatial, layout=layout)
        )


@irdl_op_definition
class NormaliseOp(NetOp):
    """`(x - mean) .* (scale .* inverse) + bias`, one number per feature or channel but of x.

    The compiler makes it of a batch normalisation in training: `mean` and `inverse` are those of
    the minibatch, so that gradients go through them as well; `share` is 1 over the number of
    elements that they are made of. `unregularised` says that L1 and L2 leave scale and bias alone.
    """

    name = "net.normalise"

    x = operand_def(TensorType)
    scale = operand_def(TensorType)
    bias = operand_def(TensorType)
    mean = operand_def(TensorType)
    inverse = operand_def(TensorType)
    share = operand_def(TensorType)
    unregularised = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    def verify_(self) -> None:
        """All but x and the share are of one type, without samples."""
        super().verify_()
        kinds = {v.type for v in self.operands[1:5]}
        if len(kinds) > 1 or any(k.axis is not None for k in kinds if isinstance(k, TensorType)):
            raise VerifyException("the statistics of a normalisation are of one type")


class PlaneStatisticOp(UnaryOp, ABC):
    """One number for each channel of each sample, `[1 x .. x C]`: of the plane of x there is.

    The compiler makes it, of a convolution alone, whose kernel gives it beside its result.
    """

    rule = staticmethod(as_written)

    def verify_(self) -> None:
        """Only the last dimension is left."""
        super().verify_()
        whole, result = type_of(self.x), type_of(self.result)
        if whole.shape is None or result.shape is None:
            return
        if result != whole.with_shape((1,) * (len(whole.shape) - 1) + whole.shape[-1:]):
            raise VerifyException("the result has one number for each channel of a sample")


@irdl_op_definition
class PlaneMeanOp(PlaneStatisticOp):
    """The mean of the elements of each channel, sample by sample."""

    name = "net.plane_mean"


@irdl_op_definition
class PlaneVarianceOp(PlaneStatisticOp):
    """The mean of the squares of `x - net.plane_mean (x)`, each channel and sample by itself."""

    name = "net.plane_variance"
