"""Operations that move elements and compute nothing. Gradients: `passes/gradient/shape.py`.

Shapes are column-major: the first axis is the fastest, and axes are counted from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, StringAttr, i64
from xdsl.irdl import irdl_op_definition, prop_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.elementwise import UnaryOp
from brainscript.dialects.net.reshaping import (
    diagonal_of_rule,
    legacy_reshape_rule,
    repeat_rule,
    reshape_rule,
    slice_rule,
    splice_rule,
    transpose_rule,
)
from brainscript.dialects.net.shapes import Inferred, Options, ShapeError, as_written, same_rule
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.stored_graph import TRACE_TEXTS


def number(value: int) -> IntegerAttr[Any]:
    """The default of an option that is a whole number."""
    return IntegerAttr(value, i64)


@irdl_op_definition
class ReshapeOp(UnaryOp):
    """The same elements in other axes: those from `begin` up to `end` are replaced by `dims`.

    BrainScript: `NewReshape (x, dims, beginAxis=0, endAxis=0)`; 0 stands for the first axis and for
    the one behind the last. One dimension may be 0: it follows from the number of elements.
    """

    name = "net.reshape"
    OPERATION: ClassVar[str] = "Reshape"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("dims", (), "shape", "dims"),
        Option("beginAxis", 0, "integer", "begin"),
        Option("endAxis", 0, "integer", "end"),
    )
    rule = staticmethod(reshape_rule)

    dims = prop_def(ArrayAttr[IntegerAttr], default_value=ArrayAttr[IntegerAttr](()))
    begin = prop_def(IntegerAttr, default_value=number(0))
    end = prop_def(IntegerAttr, default_value=number(0))


@irdl_op_definition
class LegacyReshapeOp(UnaryOp):
    """The same elements as a column `[rows]` or as an image. NDL: `Reshape (x, numRows, ...)`."""

    name = "net.legacy_reshape"
    OPERATION: ClassVar[str] = "LegacyReshape"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("numRows", 0, "integer", "rows"),
        Option("imageWidth", 0, "integer", "width"),
        Option("imageHeight", 0, "integer", "height"),
        Option("imageChannels", 0, "integer", "channels"),
        Option("imageLayout", "CHW", "text", "layout"),
    )
    rule = staticmethod(legacy_reshape_rule)

    rows = prop_def(IntegerAttr)
    width = prop_def(IntegerAttr, default_value=number(0))
    height = prop_def(IntegerAttr, default_value=number(0))
    channels = prop_def(IntegerAttr, default_value=number(0))
    layout = prop_def(StringAttr, default_value=StringAttr("CHW"))


@irdl_op_definition
class SliceOp(UnaryOp):
    """Elements `begin`, `begin + 1`, .. before `end` along an axis.

    BrainScript: `Slice (begin, end, x, axis=1)`. The first element has the number 0; a negative
    number counts from the end, and an end of 0 is the end itself.
    """

    name = "net.slice"
    OPERATION: ClassVar[str] = "Slice"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("beginIndex", 0, "integer", "begin"),
        Option("endIndex", 0, "integer", "end"),
        Option("axis", 1, "integer", "axis"),
    )
    rule = staticmethod(slice_rule)

    begin = prop_def(IntegerAttr, default_value=number(0))
    end = prop_def(IntegerAttr, default_value=number(0))
    axis = prop_def(IntegerAttr, default_value=number(1))


@irdl_op_definition
class EmbedOp(UnaryOp):
    """x at `begin` along an axis of the result, 0 everywhere else.

    The gradient of a slice; the compiler makes it.
    """

    name = "net.embed"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("begin", 0, "integer", "begin"),
        Option("axis", 1, "integer", "axis"),
    )
    rule = staticmethod(as_written)

    begin = prop_def(IntegerAttr, default_value=number(0))
    axis = prop_def(IntegerAttr, default_value=number(1))

    def verify_(self) -> None:
        """The operand fits at its place; its other axes are those of the result."""
        super().verify_()
        x, mine = type_of(self.x), type_of(self.result)
        if x.shape is None or mine.shape is None:
            return
        axis, begin = self.axis.value.data - 1, self.begin.value.data
        alike = len(x.shape) == len(mine.shape) and x.axis == mine.axis
        alike = alike and all(
            a == b or k == axis for k, (a, b) in enumerate(zip(x.shape, mine.shape, strict=True))
        )
        if not alike or not 0 <= begin <= begin + x.shape[axis] <= mine.shape[axis]:
            raise VerifyException(f"{x} does not fit into {mine} at {begin} of axis {axis + 1}")


@irdl_op_definition
class SpliceOp(NetOp):
    """The operands one after the other along an axis, which may be a new one.

    BrainScript: `Splice ((x : y), axis=1)`, `RowStack`. Along the other axes they broadcast.
    """

    name = "net.splice"
    OPERATION: ClassVar[str] = "RowStack"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("axis", 1, "integer", "axis"),)
    rule = staticmethod(splice_rule)

    parts = var_operand_def(TensorType)
    axis = prop_def(IntegerAttr, default_value=number(1))


@irdl_op_definition
class RowRepeatOp(UnaryOp):
    """x `count` times, one after the other along its last axis. BrainScript: `RowRepeat (x, n)`."""

    name = "net.row_repeat"
    OPERATION: ClassVar[str] = "RowRepeat"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("numRepeats", 1, "integer", "count"),)
    rule = staticmethod(repeat_rule)

    count = prop_def(IntegerAttr, default_value=number(1))


@irdl_op_definition
class TransposeDimensionsOp(UnaryOp):
    """Two axes swapped; one may be that behind the last. BrainScript: `TransposeDimensions`."""

    name = "net.transpose_dimensions"
    OPERATION: ClassVar[str] = "TransposeDimensions"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("axis1", 1, "integer", "axis1"),
        Option("axis2", 2, "integer", "axis2"),
    )
    rule = staticmethod(transpose_rule)

    axis1 = prop_def(IntegerAttr, default_value=number(1))
    axis2 = prop_def(IntegerAttr, default_value=number(2))


@irdl_op_definition
class DiagonalOp(UnaryOp):
    """The diagonal of a square matrix as a row `[1 x n]` (the node `Diagonal`, no function)."""

    name = "net.diagonal"
    OPERATION: ClassVar[str] = "Diagonal"
    rule = staticmethod(diagonal_of_rule)


FORMAT = ("type", "labelMappingFile", "transpose", *TRACE_TEXTS)
"""The members of a format, of `Trace` and of the action `write`."""


def trace_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The result is the operand; the format has members that a format has."""
    known = {name.lower() for name in FORMAT}
    for name in cast("Sequence[str]", options["format"])[::2]:
        if name.lower() not in known:
            hint = did_you_mean(name, FORMAT) or f"known: {', '.join(FORMAT)}"
            title = f"the format of a Trace has no member '{name}'"
            raise ShapeError("BS0305", title, "given here", hint)
    return same_rule(inputs, options)


@irdl_op_definition
class TraceOp(UnaryOp):
    """x itself; its values are logged for some minibatches. BrainScript: `Trace (x, say='')`.

    They are logged for the first `logFirst` minibatches, then for each `logFrequency`-th one, and
    the gradient with them if `logGradientToo` says so. The record `format` is that of `write`.
    """

    name = "net.trace"
    OPERATION: ClassVar[str] = "Trace"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("say", "", "text", "say"),
        Option("logFrequency", 100, "integer", "frequency"),
        Option("logFirst", 10, "integer", "first"),
        Option("logGradientToo", False, "boolean", "gradient"),
        Option("onlyUpToRow", 100000000, "integer", "rows"),
        Option("onlyUpToT", 100000000, "integer", "steps"),
        Option("format", (), "texts", "format"),
    )
    rule = staticmethod(trace_rule)

    say = prop_def(StringAttr, default_value=StringAttr(""))
    frequency = prop_def(IntegerAttr, default_value=number(100))
    first = prop_def(IntegerAttr, default_value=number(10))
    gradient = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    rows = prop_def(IntegerAttr, default_value=number(100000000))
    steps = prop_def(IntegerAttr, default_value=number(100000000))
    format = prop_def(ArrayAttr[StringAttr], default_value=ArrayAttr[StringAttr]([]))
