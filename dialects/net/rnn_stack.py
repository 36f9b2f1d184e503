"""A stack of recurrent layers whose weights lie in one parameter, as GPU libraries have them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, IntegerAttr, StringAttr
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from brainscript.dialects.net.base import NetOp, Option, attribute
from brainscript.dialects.net.shapes import Inferred, Options, ShapeError, is_known
from brainscript.dialects.tensors import UNKNOWN, TensorType

GATES = {"lstm": 4, "gru": 3, "rnnReLU": 1, "rnnTanh": 1}
"""The cells that there are, and how many matrices of each kind they have."""


def weights_of(inputs: int, hidden: int, layers: int, directions: int, gates: int) -> int:
    """The number of weights and biases of a stack."""
    widths = inputs + (layers - 1) * directions * hidden
    return directions * gates * hidden * (widths + layers * (hidden + 2))


def rnn_stack_rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    """`[hidden]` or `[2 hidden]`; the weights become `[hidden x total / hidden]`."""
    cell, hidden, layers = (options[name] for name in ("cell", "hidden", "layers"))
    assert isinstance(hidden, int)
    assert isinstance(layers, int)
    if cell not in GATES:
        raise ShapeError("BS0402", f"'{cell}' is no recurrent cell", "", f"use {', '.join(GATES)}")
    if options["axis"] != -1:
        help = "leave the axis out: it is -1"
        raise ShapeError("BS0402", "a recurrent stack runs along the steps of sequences", "", help)
    if hidden < 1 or layers < 1:
        raise ShapeError("BS0402", "a recurrent stack has at least one layer of one cell", "")
    directions = 2 if options["bidirectional"] else 1
    result = (directions * hidden,)
    weights, x = inputs
    if x.axis is None:
        raise ShapeError("BS0412", "the input of a recurrent stack must be minibatch data", "")
    if not is_known(x.shape):
        return Inferred(result, x.axis)
    assert x.shape is not None
    total = weights_of(prod(x.shape), hidden, layers, directions, GATES[str(cell)])
    wanted = (hidden, total // hidden)
    have = weights.shape
    if have is None or UNKNOWN in have:
        return Inferred(result, x.axis, (wanted, x.shape))
    if prod(have) != total:
        label = f"it has {prod(have)} elements, {total} are needed"
        raise ShapeError("BS0403", "the weights of a recurrent stack do not fit", label)
    return Inferred(result, x.axis, (have, x.shape))


@irdl_op_definition
class OptimizedRnnStackOp(NetOp):
    """`layers` recurrent layers on whole sequences, from zero states, perhaps in both directions.

    BrainScript: `OptimizedRNNStack (weights, x, hiddenDims, numLayers=1, bidirectional=false,
    recurrentOp='lstm')`. The weights lie one behind the other: for each layer and direction the
    input matrices of all gates, then the recurrent ones, each `[inputs x hidden]` here; behind all
    of them, in the same order, two biases for each gate. The gates of `lstm` are input, forget,
    cell, output; those of `gru` reset, update, new. `net-expand-rnn-stacks` gives the formulas.
    """

    name = "net.optimized_rnn_stack"
    OPERATION: ClassVar[str] = "OptimizedRNNStack"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("hiddenDims", 0, "integer", "hidden"),
        Option("numLayers", 1, "integer", "layers"),
        Option("bidirectional", False, "boolean", "bidirectional"),
        Option("recurrentOp", "lstm", "text", "cell"),
        Option("axis", -1, "integer", "axis"),
    )
    rule = staticmethod(rnn_stack_rule)

    weights = operand_def(TensorType)
    x = operand_def(TensorType)
    hidden = prop_def(IntegerAttr)
    layers = prop_def(IntegerAttr, default_value=attribute(1))
    bidirectional = prop_def(BoolAttr, default_value=attribute(False))
    cell = prop_def(StringAttr, default_value=StringAttr("lstm"))
    axis = prop_def(IntegerAttr, default_value=attribute(-1))
