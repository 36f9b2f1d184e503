"""Reductions within a sample and over samples. Gradients: `passes/gradient/reduce.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from brainscript.diagnostic import did_you_mean
from brainscript.dialects.net.base import NetOp, Option
from brainscript.dialects.net.shapes import Inferred, Options, ShapeError, reduce_rule
from brainscript.dialects.tensors import TensorType

REDUCTIONS = ("Sum", "LogSum", "Mean", "Max", "Min", "Prod", "Argmax", "Argmin")


def _rule(inputs: Sequence[TensorType], options: Options) -> Inferred:
    kind = str(options["op"])
    if kind not in REDUCTIONS:
        title = f"'{kind}' is not one of {', '.join(REDUCTIONS)}"
        raise ShapeError("BS0402", title, "", did_you_mean(kind, REDUCTIONS))
    return reduce_rule(inputs, options)


@irdl_op_definition
class ReduceOp(NetOp):
    """One number per sample (`axis = 0`), or static axis `axis` (from 1) reduced to size 1.

    `axis = -1` gives one number for all samples, `axis = -3` one sample for all of them, neither
    with a dynamic axis.

    BrainScript: `ReduceSum (x, axis=None)`, `ReduceMax`, ... `op` is one of `REDUCTIONS`;
    `LogSum` is the logarithm of the sum of exponentials, `Argmax` the index of the first largest.
    """

    name = "net.reduce"
    OPERATION: ClassVar[str] = "ReduceElements"
    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("reductionOp", "Sum", "text", "op"),
        Option("axis", 0, "integer", "axis"),
    )
    rule = staticmethod(_rule)

    x = operand_def(TensorType)
    op = prop_def(StringAttr, default_value=StringAttr("Sum"))
    axis = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))
