"""Cutting a part out of an image. Gradient: `passes/gradient/convolution.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.irdl import (
    SameVariadicOperandSize,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
)

from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.shapes import Inferred, Options, ShapeError, is_known
from brainscript.dialects.net.windows import BAD_OPTION, DOES_NOT_FIT
from brainscript.dialects.tensors import TensorType, shape_text

DERIVED = -1
"""An offset that follows from the way the two images were made."""


def crop_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`(x, like, ...)`: the first two dimensions of `like`, the others of x."""
    x, like = inputs[0].shape, inputs[1].shape
    if len(inputs) == 3:
        raise ShapeError("BS0413", "'Crop' takes 2 or 4 inputs, not 3", "")
    if x is None or like is None or not (is_known(x) and is_known(like[:2])):
        return Inferred(None, inputs[0].axis)
    if len(x) < 2 or len(like) < 2:
        label = f"{shape_text(x)} and {shape_text(like)}"
        raise ShapeError(DOES_NOT_FIT, "Crop takes two images", label)
    offsets = tuple(cast(int, options[name]) for name in ("x_offset", "y_offset"))
    if min(offsets) < DERIVED or (DERIVED in offsets) != (offsets == (DERIVED, DERIVED)):
        label = f"xOffset {offsets[0]}, yOffset {offsets[1]}"
        raise ShapeError(BAD_OPTION, "give both offsets, 0 or more, or none", label)
    for axis, (offset, size, want) in enumerate(zip(offsets, x, like, strict=False)):
        if max(offset, 0) + want > size:
            label = f"axis {axis + 1}: {want} elements from {max(offset, 0)} on, of {size}"
            raise ShapeError(DOES_NOT_FIT, "the part to cut out lies outside of the image", label)
    return Inferred((*like[:2], *x[2:]), inputs[0].axis)


@irdl_op_definition
class CropOp(NetOp):
    """`z[i, j, ..] = x[i + xOffset, j + yOffset, ..]`, as wide and high as the second operand.

    A node `Crop` of two inputs, or of four; without offsets these follow from the strides and
    paddings on the ways from the two inputs to what they have in common (the third and fourth
    input, when given, stand for the same image).
    """

    name = "net.crop"
    OPERATION: ClassVar[str] = "Crop"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("xOffset", DERIVED, "integer", "x_offset"),
        Option("yOffset", DERIVED, "integer", "y_offset"),
    )
    rule = staticmethod(crop_rule)
    irdl_options = (SameVariadicOperandSize(),)

    x = operand_def(TensorType)
    like = operand_def(TensorType)
    first = opt_operand_def(TensorType)
    second = opt_operand_def(TensorType)
    x_offset = prop_def(IntegerAttr, default_value=IntegerAttr(DERIVED, i64))
    y_offset = prop_def(IntegerAttr, default_value=IntegerAttr(DERIVED, i64))
