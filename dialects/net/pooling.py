"""Pooling, unpooling, regions of interest, cropping. Gradients: `passes/gradient/convolution.py`.

`net.pooling` and its kin are nodes as they are written; `net.pool`, `net.unpool` and their
adjoints are what the compiler works with.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, FloatAttr, IntegerAttr, StringAttr, f64, i64
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def

from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.convolution import (
    LAYOUT,
    NONE,
    ONE,
    WINDOW_OPTIONS,
    ZERO,
    WindowOp,
    channels_first,
    channels_last,
    described,
    numbers,
    sliding,
)
from brainscript.dialects.net.shapes import (
    Inferred,
    Options,
    ShapeError,
    compatible,
    is_known,
    join_axes,
    same_rule,
)
from brainscript.dialects.net.windows import (
    BAD_OPTION,
    DOES_NOT_FIT,
    Axis,
    output_shape,
    pooling_axes,
)
from brainscript.dialects.tensors import Shape, TensorType, shape_of, shape_text, type_of

MAX, AVERAGE = "max", "average"
CEIL = Option("ceilOut", False, "boolean", "ceil")
INCLUDE_PAD = Option("poolIncludePad", False, "boolean", "include_pad")


def pooled_axes(options: Options, x: Shape) -> tuple[Axis, ...]:
    """The windows of a pooling, in the order of the axes of x."""
    if not channels_first(options):
        return pooling_axes(sliding(options, bool(options.get("ceil"))), x)
    channels, *axes = turned_back_axes(pooling_axes(sliding(options), channels_last(x)))
    return (channels, *axes)


def turned_back_axes(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The windows of `[W x H x C]` as those of `[C x W x H]`."""
    return (axes[-1], *axes[:-1])


def pooling_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for every window."""
    x = inputs[0].shape
    if options["kind"] not in (MAX, AVERAGE):
        title = "poolKind is 'max' or 'average'"
        raise ShapeError(BAD_OPTION, title, f"it is '{options['kind']}'")
    if not is_known(x):
        return Inferred(None, inputs[0].axis)
    assert x is not None
    return Inferred(output_shape(pooled_axes(options, x)), inputs[0].axis)


class PoolingNode(NetOp, ABC):
    """A node that pools."""

    def window_options(self) -> dict[str, object]:
        """The windows and the kind, as the options of `net.pool`; shapes must be known."""
        raise TypeError(type(self))


@irdl_op_definition
class PoolingOp(PoolingNode):
    """The largest or the mean element of every window; padding does not count.

    BrainScript: `Pooling (input, poolKind, kernelDims, stride=1, autoPadding=true, lowerPad=0,
    upperPad=0, ceilOutDim=false, includePad=false, imageLayout='CHW')`. With `includePad` the
    mean is the sum divided by the size of the kernel.
    """

    name = "net.pooling"
    OPERATION: ClassVar[str] = "Pooling"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        *WINDOW_OPTIONS,
        LAYOUT,
        CEIL,
        INCLUDE_PAD,
        Option("poolKind", MAX, "text", "kind"),
    )
    rule = staticmethod(pooling_rule)

    x = operand_def(TensorType)
    kernel = prop_def(ArrayAttr, default_value=NONE)
    stride = prop_def(ArrayAttr, default_value=ONE)
    padding = prop_def(ArrayAttr, default_value=ONE)
    low = prop_def(ArrayAttr, default_value=ZERO)
    high = prop_def(ArrayAttr, default_value=ZERO)
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))
    ceil = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    include_pad = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    kind = prop_def(StringAttr, default_value=StringAttr(MAX))

    def window_options(self) -> dict[str, object]:
        """The windows and the kind, as the options of `net.pool`."""
        options = self.option_values()
        found = described(pooled_axes(options, shape_of(self.x))) | {"kind": options["kind"]}
        return found | {"include_pad": True} if options["include_pad"] else found


def image_axes(options: Options, x: Shape) -> tuple[Axis, ...]:
    """The windows of the older pooling nodes: over the first two axes of an image, no padding."""
    sizes = tuple(cast(int, options[name]) for name in ("width", "height"))
    steps = tuple(cast(int, options[name]) for name in ("step_x", "step_y"))
    if len(x) < 2:
        raise ShapeError(BAD_OPTION, "an image has two axes and channels", shape_text(x))
    windows = {"kernel": sizes, "stride": steps, "layout": options["layout"]}
    return pooled_axes(windows, x)


def image_pooling_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for every window of an image."""
    x = inputs[0].shape
    if not is_known(x):
        return Inferred(None, inputs[0].axis)
    assert x is not None
    return Inferred(output_shape(image_axes(options, x)), inputs[0].axis)


class ImagePoolingOp(PoolingNode, ABC):
    """Pooling of images as older networks write it."""

    KIND: ClassVar[str]
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("windowWidth", 1, "integer", "width"),
        Option("windowHeight", 1, "integer", "height"),
        Option("horizontalSubsample", 1, "integer", "step_x"),
        Option("verticalSubsample", 1, "integer", "step_y"),
        LAYOUT,
    )
    rule = staticmethod(image_pooling_rule)

    x = operand_def(TensorType)
    width = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    height = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    step_x = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    step_y = prop_def(IntegerAttr, default_value=IntegerAttr(1, i64))
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))

    def window_options(self) -> dict[str, object]:
        """The windows and the kind, as the options of `net.pool`."""
        axes = image_axes(self.option_values(), shape_of(self.x))
        return described(axes) | {"kind": self.KIND}


@irdl_op_definition
class MaxPoolingOp(ImagePoolingOp):
    """The largest element of every window of an image.

    BrainScript: `MaxPooling (input, windowWidth, windowHeight, horizontalSubsample,
    verticalSubsample, imageLayout='CHW')`.
    """

    name = "net.max_pooling"
    OPERATION: ClassVar[str] = "MaxPooling"
    KIND: ClassVar[str] = MAX


@irdl_op_definition
class AveragePoolingOp(ImagePoolingOp):
    """The mean of every window of an image.

    BrainScript: `AveragePooling (input, windowWidth, windowHeight, horizontalSubsample,
    verticalSubsample, imageLayout='CHW')`.
    """

    name = "net.average_pooling"
    OPERATION: ClassVar[str] = "AveragePooling"
    KIND: ClassVar[str] = AVERAGE


def unpooling_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(values, x)`: shaped like x; there is one value for each window of x."""
    values, x = inputs[0].shape, inputs[1].shape
    axis = join_axes(inputs)
    if not is_known(x):
        return Inferred(None, axis)
    assert x is not None
    windows = output_shape(pooled_axes(options, x))
    if not compatible(values, windows):
        label = f"{shape_text(values)} for windows {shape_text(windows)} of {shape_text(x)}"
        raise ShapeError(DOES_NOT_FIT, "there is not one value for each window", label)
    return Inferred(x, axis)


@irdl_op_definition
class MaxUnpoolingOp(NetOp):
    """Zeros, and each value where the first largest element of its window of x is.

    BrainScript: `MaxUnpooling (unpoolInput, poolInput, kernelDims, stride=1, autoPadding=true,
    lowerPad=0, upperPad=0, imageLayout='CHW')`. Where windows overlap the last one wins.
    """

    name = "net.max_unpooling"
    OPERATION: ClassVar[str] = "MaxUnpooling"
    OPTIONS: ClassVar[tuple[Option, ...]] = (*WINDOW_OPTIONS, LAYOUT)
    rule = staticmethod(unpooling_rule)

    values = operand_def(TensorType)
    x = operand_def(TensorType)
    kernel = prop_def(ArrayAttr, default_value=NONE)
    stride = prop_def(ArrayAttr, default_value=ONE)
    padding = prop_def(ArrayAttr, default_value=ONE)
    low = prop_def(ArrayAttr, default_value=ZERO)
    high = prop_def(ArrayAttr, default_value=ZERO)
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))

    def window_options(self) -> dict[str, object]:
        """The windows, as the options of `net.unpool`."""
        return described(pooled_axes(self.option_values(), shape_of(self.x)))


class PoolWindowsOp(WindowOp, ABC):
    """Windows without weights, of the kind 'max' or 'average'."""

    kind = prop_def(StringAttr)
    include_pad = opt_prop_def(BoolAttr)


@irdl_op_definition
class PoolOp(PoolWindowsOp):
    """The largest or the mean element of every window."""

    name = "net.pool"

    x = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        self.check_sizes(*_sized(self, self.x, self.result))


@irdl_op_definition
class PoolBackOp(PoolWindowsOp):
    """The gradient of `net.pool`: to the first largest element, or shared by all of a window."""

    name = "net.pool_back"

    g = operand_def(TensorType)
    x = opt_operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        self.check_sizes(*_sized(self, self.result, self.g))


@irdl_op_definition
class UnpoolOp(WindowOp):
    """Each value at the first largest element of its window of x, else 0; the last value wins."""

    name = "net.unpool"

    values = operand_def(TensorType)
    x = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        self.check_sizes(*_sized(self, self.x, self.values))


@irdl_op_definition
class UnpoolBackOp(WindowOp):
    """The gradient of the values of `net.unpool`: g where the value went, 0 if another won."""

    name = "net.unpool_back"

    g = operand_def(TensorType)
    x = operand_def(TensorType)

    def verify_(self) -> None:
        """The operands have the sizes of the windows."""
        self.check_sizes(*_sized(self, self.x, self.result))


def _sized(op: WindowOp, x: Any, windows: Any) -> list[tuple[TensorType, int]]:
    return list(zip((type_of(x), type_of(windows)), op.window_sizes(), strict=True))


SHAPE = Option("roiOutputShape", (), "integers", "bins")
SCALE = Option("spatialScale", 0.0625, "number", "scale")


def roi_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(x, regions)`: `[W x H x C]` and `[4 x n]` give `[bins x C x n]`."""
    x, regions = inputs[0].shape, inputs[1].shape
    bins, axis = numbers(options, "bins"), join_axes(inputs)
    if len(bins) != 2 or min(bins) < 1:
        label = f"it is {shape_text(bins)}"
        raise ShapeError(BAD_OPTION, "the shape of ROIPooling is (width:height)", label)
    if x is None or regions is None or not (is_known(x) and is_known(regions)):
        return Inferred(None, axis)
    if len(x) != 3 or len(regions) != 2 or regions[0] != 4:
        label = f"{shape_text(x)} and {shape_text(regions)}"
        title = "ROIPooling takes an image [W x H x C] and regions [4 x n]"
        raise ShapeError(DOES_NOT_FIT, title, label)
    if x[0] < bins[0] or x[1] < bins[1]:
        label = f"{shape_text(x)} and {shape_text(bins)}"
        raise ShapeError(DOES_NOT_FIT, "the image has fewer elements than there are bins", label)
    return Inferred((*bins, x[2], regions[1]), axis)


@irdl_op_definition
class RoiPoolingOp(NetOp):
    """The largest element in each bin of each region, 0 in an empty one.

    BrainScript: `ROIPooling (input, ROIs, shape, spatialScale=1/16)`. A region is `x1, y1, x2, y2`
    in the coordinates of an image that is `1 / spatialScale` times larger, both ends inclusive.
    """

    name = "net.roi_pooling"
    OPERATION: ClassVar[str] = "ROIPooling"
    OPTIONS: ClassVar[tuple[Option, ...]] = (SHAPE, SCALE)
    rule = staticmethod(roi_rule)

    x = operand_def(TensorType)
    boxes = operand_def(TensorType)
    bins = prop_def(ArrayAttr, default_value=NONE)
    scale = prop_def(FloatAttr, default_value=FloatAttr(0.0625, f64))


@irdl_op_definition
class RoiPoolingBackOp(NetOp):
    """The gradient of `net.roi_pooling` by the image: to the first largest element of each bin."""

    name = "net.roi_pooling_back"
    rule = staticmethod(same_rule)

    x = operand_def(TensorType)
    boxes = operand_def(TensorType)
    g = operand_def(TensorType)
    bins = prop_def(ArrayAttr)
    scale = prop_def(FloatAttr)
