"""Criteria on whole sequences of labels. Gradients: `passes/gradient/sequence.py`; kernels:
`passes/lower/sequence/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, FloatAttr, IntegerAttr, f64, i64
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, var_operand_def

from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.shapes import (
    SCALAR,
    Inferred,
    Options,
    ShapeError,
    as_written,
    criterion_rule,
    is_known,
)
from brainscript.dialects.tensors import TensorType

BEGINS = 2.0
"""The value of a label at the step where it begins."""

NONE = ArrayAttr[IntegerAttr[Any]](())


def _whole(value: int) -> IntegerAttr[Any]:
    return IntegerAttr(value, i64)


def _number(value: float) -> FloatAttr[Any]:
    return FloatAttr(value, f64)


def ctc_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """A criterion of labels and scores of the same classes; the blank is one of them."""
    found = criterion_rule(inputs, options)
    shape, blank = inputs[1].shape, options["blank"]
    assert isinstance(blank, int)
    if is_known(shape) and not 0 <= blank < inputs[1].elements:
        label = f"it is {blank}, the classes are 0 .. {inputs[1].elements - 1}"
        raise ShapeError("BS0402", "'blankTokenId' is no class of the features", label)
    return found


def distance_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """One number for two sequences of tokens, each on any axis."""
    if any(t.axis is None for t in inputs):
        raise ShapeError("BS0412", "an input of EditDistanceError must be minibatch data", "")
    return Inferred(SCALAR, None, tuple(t.shape for t in inputs))


@irdl_op_definition
class ForwardBackwardOp(NetOp):
    """Connectionist temporal classification: `-sum ln P (labels)` over all sequences.

    BrainScript: `ForwardBackward (graph, features, blankTokenId, delayConstraint=-1)`. P is the sum
    over all ways to spread the labels, with blanks between them, over the steps, of the products of
    `Softmax (features)`. With a delay constraint d of 0 or more a label is over d steps after the
    next one begins in the graph.
    """

    name = "net.forward_backward"
    OPERATION: ClassVar[str] = "ForwardBackward"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("blankTokenId", 0, "integer", "blank"),
        Option("delayConstraint", -1, "integer", "delay"),
    )
    rule = staticmethod(ctc_rule)

    graph = operand_def(TensorType)
    features = operand_def(TensorType)
    blank = prop_def(IntegerAttr, default_value=_whole(0))
    delay = prop_def(IntegerAttr, default_value=_whole(-1))


@irdl_op_definition
class CtcLossOp(NetOp):
    """`-ln P` for each sequence: of logarithms of probabilities, and for each step the label that
    begins there or -1. The compiler makes it of `net.forward_backward`."""

    name = "net.ctc_loss"
    OPTIONS: ClassVar[tuple[Option, ...]] = ForwardBackwardOp.OPTIONS
    rule = staticmethod(as_written)

    log_p = operand_def(TensorType)
    tokens = operand_def(TensorType)
    blank = prop_def(IntegerAttr, default_value=_whole(0))
    delay = prop_def(IntegerAttr, default_value=_whole(-1))


@irdl_op_definition
class CtcGradientOp(NetOp):
    """The gradient of `net.ctc_loss` for the features: their softmax minus how often the paths are
    in each class. Made by the compiler."""

    name = "net.ctc_gradient"
    OPTIONS: ClassVar[tuple[Option, ...]] = ForwardBackwardOp.OPTIONS
    rule = staticmethod(as_written)

    log_p = operand_def(TensorType)
    tokens = operand_def(TensorType)
    blank = prop_def(IntegerAttr, default_value=_whole(0))
    delay = prop_def(IntegerAttr, default_value=_whole(-1))


@irdl_op_definition
class EditDistanceOp(NetOp):
    """The edits from left to right over the length of left, times the steps of left.

    BrainScript: `EditDistanceError (left, right, subPen=1, delPen=1, insPen=1, squashInputs=false,
    tokensToIgnore=None)`. Tokens are the first largest elements; squashed, of equal neighbours only
    the first counts. The edits are those of the cheapest way.
    """

    name = "net.edit_distance"
    OPERATION: ClassVar[str] = "EditDistanceError"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("subPen", 1.0, "number", "substitution"),
        Option("delPen", 1.0, "number", "deletion"),
        Option("insPen", 1.0, "number", "insertion"),
        Option("squashInputs", False, "boolean", "squash"),
        Option("tokensToIgnore", (), "integers", "ignore"),
    )
    rule = staticmethod(distance_rule)

    left = operand_def(TensorType)
    right = operand_def(TensorType)
    substitution = prop_def(FloatAttr, default_value=_number(1.0))
    deletion = prop_def(FloatAttr, default_value=_number(1.0))
    insertion = prop_def(FloatAttr, default_value=_number(1.0))
    squash = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    ignore = prop_def(ArrayAttr[IntegerAttr], default_value=NONE)


@irdl_op_definition
class EditCountsOp(NetOp):
    """`[2]` for each sequence of tokens: the edits, and the length of left. Made by the compiler.

    With one operand both sequences are the same.
    """

    name = "net.edit_counts"
    OPTIONS: ClassVar[tuple[Option, ...]] = EditDistanceOp.OPTIONS
    rule = staticmethod(as_written)

    tokens = var_operand_def(TensorType)
    substitution = prop_def(FloatAttr, default_value=_number(1.0))
    deletion = prop_def(FloatAttr, default_value=_number(1.0))
    insertion = prop_def(FloatAttr, default_value=_number(1.0))
    squash = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    ignore = prop_def(ArrayAttr[IntegerAttr], default_value=NONE)

    @property
    def ignored(self) -> tuple[int, ...]:
        """The tokens that do not count."""
        return tuple(item.value.data for item in self.ignore)
