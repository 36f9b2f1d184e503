"""Operations on whole sequences: picking steps, repeating and summing them, other dynamic axes.

Names of axes made from others are those of `brainscript/axes.py`. Operations without a name of
CNTK's are what `net-settle-axes` makes of the others, and their adjoints. Gradients:
`passes/gradient/sequence.py`; kernels: `passes/lower/sequence/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from xdsl.dialects.builtin import BoolAttr, IntegerAttr, StringAttr, i64
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from brainscript.axes import found_in, made, slice_of
from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.carry import CarryInOp
from brainscript.dialects.net.shapes import (
    SCALAR,
    Inferred,
    Options,
    ShapeError,
    as_written,
    is_known,
)
from brainscript.dialects.net.sparse import SparseGradientOp, TouchedOp
from brainscript.dialects.tensors import TensorType, type_of


def _needs_axis(kind: TensorType, what: str) -> str:
    """The dynamic axis of an operand that must have one."""
    if kind.axis is None:
        help = "only values that depend on an Input have sequences"
        raise ShapeError("BS0412", f"{what} must be minibatch data", "it has no axis", help)
    return kind.axis


def slice_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The samples of the operand; the axis of the steps that are kept."""
    axis = _needs_axis(inputs[0], "what is sliced along time")
    begin, end = options["begin"], options["end"]
    assert isinstance(begin, int)
    assert isinstance(end, int)
    kept = slice_of(axis, begin, end)
    if made(axis).kind == "found" and made(kept).kind == "slice":
        help = "apply the slice before Where or Gather, or take the first or the last step"
        label = f"axis '{axis}' is known only when the network runs"
        raise ShapeError("BS0437", "this axis cannot be sliced along time", label, help)
    return Inferred(inputs[0].shape, kept)


def where_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One index for each step that the condition selects; the condition is one number a step."""
    axis = _needs_axis(inputs[0], "the condition of Where")
    _one_number(inputs[0], "the condition of Where")
    return Inferred(SCALAR, found_in(axis, str(options["condition"])))


def _one_number(kind: TensorType, what: str) -> None:
    if is_known(kind.shape) and kind.elements != 1:
        raise ShapeError("BS0401", f"{what} must be one number", f"it is {kind}")


def packed_index_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One column of the first operand for each index."""
    _needs_axis(inputs[0], "the first input of PackedIndex")
    _one_number(inputs[1], "the index of PackedIndex")
    return Inferred(SCALAR, _needs_axis(inputs[1], "the index of PackedIndex"))


def gather_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Samples of the source; without dynamic axis its last axis is the one that is indexed."""
    axis = _needs_axis(inputs[0], "the index of GatherPacked")
    _one_number(inputs[0], "the index of GatherPacked")
    shape = inputs[1].shape
    if inputs[1].axis is None and shape is not None:
        shape = shape[:-1] or SCALAR
    return Inferred(shape, axis)


def scatter_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """Samples of the source on the axis of the first operand."""
    index = _needs_axis(inputs[1], "the index of ScatterPacked")
    if _needs_axis(inputs[2], "the source of ScatterPacked") != index:
        label = f"'{index}' and '{inputs[2].axis}'"
        raise ShapeError("BS0406", "index and source lie on different dynamic axes", label)
    return Inferred(inputs[2].shape, _needs_axis(inputs[0], "the first input of ScatterPacked"))


def reconcile_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """The samples of the first operand on the axis of the second."""
    return Inferred(inputs[0].shape, _needs_axis(inputs[1], "the layout of ReconcileDynamicAxis"))


def _whole(value: int) -> IntegerAttr[Any]:
    return IntegerAttr(value, i64)


@irdl_op_definition
class SequenceSliceOp(NetOp):
    """The steps `begin <= t < end` of every sequence; negative numbers count from its end.

    BrainScript: `Slice (begin, end, x, axis=-1)`, `BS.Sequences.First (x)`, `Last (x)`. An end of
    0 is the end of the sequence. A slice of one step lies on the axis `A/first`.
    """

    name = "net.sequence_slice"
    OPERATION: ClassVar[str] = "SequenceSlice"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("beginIndex", 0, "integer", "begin"),
        Option("endIndex", 0, "integer", "end"),
    )
    rule = staticmethod(slice_rule)

    x = operand_def(TensorType)
    begin = prop_def(IntegerAttr, default_value=_whole(0))
    end = prop_def(IntegerAttr, default_value=_whole(0))


@irdl_op_definition
class SequenceEmbedOp(NetOp):
    """x at the steps that a slice took, 0 at the others: the adjoint of `net.sequence_slice`."""

    name = "net.sequence_embed"
    OPTIONS: ClassVar[tuple[Option, ...]] = SequenceSliceOp.OPTIONS
    rule = staticmethod(as_written)

    x = operand_def(TensorType)
    begin = prop_def(IntegerAttr, default_value=_whole(0))
    end = prop_def(IntegerAttr, default_value=_whole(0))


@irdl_op_definition
class ReconcileOp(NetOp):
    """`data` on the dynamic axis of `like`; a sequence of one step is repeated.

    BrainScript: `ReconcileDynamicAxis (data, like)`, `CastAs (like, data)`. `net-settle-axes` makes
    `net.sequence_spread` of it, or `net.broadcast_to` of data without dynamic axis.
    """

    name = "net.reconcile_dynamic_axis"
    OPERATION: ClassVar[str] = "ReconcileDynamicAxis"
    rule = staticmethod(reconcile_rule)

    data = operand_def(TensorType)
    like = operand_def(TensorType)


@irdl_op_definition
class SequenceSpreadOp(NetOp):
    """x on another dynamic axis: step for step, or its only step at every step.

    `%y = net.sequence_spread %x : T`. Sequences pair up by their number in the minibatch. With
    `alike` they are equally long: nobody asked for steps that are repeated.
    """

    name = "net.sequence_spread"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)
    alike = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))


@irdl_op_definition
class SequenceFoldOp(NetOp):
    """x on another dynamic axis: step for step, or the sum of all steps where the other has one.

    The adjoint of `net.sequence_spread`, and `ReduceSum (x, axis=-2)`.
    """

    name = "net.sequence_fold"
    rule = staticmethod(as_written)

    x = operand_def(TensorType)


@irdl_op_definition
class WhereOp(NetOp):
    """The numbers of the steps at which the condition is not 0, for each sequence.

    BrainScript: `Where (cond)`. A condition above 1 repeats a step, a fraction leaves steps out:
    step t is taken until the steps taken are as many as the sum of the condition up to it.
    `condition` names the condition: equal ones make one axis.
    """

    name = "net.where"
    OPERATION: ClassVar[str] = "Where"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("condition", "", "text", "condition"),)
    rule = staticmethod(where_rule)

    cond = operand_def(TensorType)
    condition = prop_def(StringAttr, default_value=StringAttr(""))


@irdl_op_definition
class PackedIndexOp(NetOp):
    """The column of `like` that each index, a step number within its sequence, stands for.

    BrainScript: `PackedIndex (like, index)`.
    """

    name = "net.packed_index"
    OPERATION: ClassVar[str] = "PackedIndex"
    rule = staticmethod(packed_index_rule)

    like = operand_def(TensorType)
    index = operand_def(TensorType)


@irdl_op_definition
class ColumnsOp(NetOp):
    """`net.packed_index` without its first operand, of which only the axis counts."""

    name = "net.columns"
    OPTIONS: ClassVar[tuple[Option, ...]] = (Option("axis", "", "text", "axis"),)
    rule = staticmethod(as_written)

    index = operand_def(TensorType)
    axis = prop_def(StringAttr, default_value=StringAttr(""))


@irdl_op_definition
class GatherPackedOp(NetOp):
    """The columns of the source that the index names. BrainScript: `GatherPacked (index, x)`."""

    name = "net.gather_packed"
    OPERATION: ClassVar[str] = "GatherPacked"
    rule = staticmethod(gather_rule)

    index = operand_def(TensorType)
    source = operand_def(TensorType)


@irdl_op_definition
class ScatterPackedOp(NetOp):
    """Every sample of the source added to the column that the index names, 0 elsewhere.

    BrainScript: `ScatterPacked (like, index, x)`; the result lies on the axis of `like`.
    """

    name = "net.scatter_packed"
    OPERATION: ClassVar[str] = "ScatterPacked"
    rule = staticmethod(scatter_rule)

    like = operand_def(TensorType)
    index = operand_def(TensorType)
    source = operand_def(TensorType)


@irdl_op_definition
class ScatterColumnsOp(NetOp):
    """`net.scatter_packed` without its first operand: the adjoint of `net.gather_packed`."""

    name = "net.scatter_columns"
    rule = staticmethod(as_written)

    index = operand_def(TensorType)
    source = operand_def(TensorType)


KERNELS = frozenset(
    f"net.{name}"
    for name in (
        "carry_in",
        "carry_out",
        "columns",
        "gather_packed",
        "scatter_columns",
        "sequence_embed",
        "sequence_fold",
        "sequence_slice",
        "sequence_spread",
        "where",
        "ctc_loss",
        "ctc_gradient",
        "edit_counts",
    )
)
"""The operations that are a kernel of the family `sequence` each: they look at layouts."""


def layouts_of(op: Operation) -> tuple[str, ...]:
    """The axes whose layouts the kernel of an operation takes, in the order of its pointers."""
    if op.name not in KERNELS and not isinstance(op, TouchedOp | SparseGradientOp):
        return ()
    values: tuple[SSAValue, ...] = (*op.operands, *op.results)
    axes = [type_of(v).axis for v in values]
    if isinstance(op, ColumnsOp | CarryInOp):
        axes.append(op.axis.data)
    return tuple(dict.fromkeys(axis for axis in axes if axis is not None))
