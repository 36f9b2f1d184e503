"""Weights brought into the order in which products read them, once for all steps of a loop.

The compiler alone makes these operations; `net.packed_times` is the product of a loop.
"""

from __future__ import annotations

from xdsl.dialects.builtin import BoolAttr, IntegerAttr
from xdsl.irdl import (
    EqAttrConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
)

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.linear import BF16
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import TensorType
from brainscript.linear import round_up

PANEL = 64
"""No target has wider panels, and all of them divide it or are the only one."""

DEPTH = 16
"""No target packs more steps of the depth at a time."""


def packed_elements(columns: int, depth: int) -> int:
    """The elements that weights may take once packed, on any target."""
    return round_up(columns, PANEL) * round_up(depth, DEPTH)


@irdl_op_definition
class PackOp(NetOp):
    """The weights of a product as `net.packed_times` reads them.

    `%p = net.pack %w {columns = 2048, depth = 512} : !net.t<[1048576], f32>`: the element for
    column j at depth k is element `k * columns + j` of `%w`; or, `turned`, `j * depth + k`. With
    `rounded = "bf16"` two neighbours in the depth are one word.
    """

    name = "net.pack"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    columns = prop_def(IntegerAttr)
    depth = prop_def(IntegerAttr)
    turned = prop_def(BoolAttr)
    rounded = opt_prop_def(EqAttrConstraint(BF16))


@irdl_op_definition
class PackedTimesOp(NetOp):
    """`net.times` or `net.times_gradient_right` with packed weights.

    The first `output_rank` axes of the result have `columns` elements, and `depth` elements of
    the right operand make one of the result.
    """

    name = "net.packed_times"
    rule = staticmethod(as_written)

    w = operand_def(TensorType)
    x = operand_def(TensorType)
    columns = prop_def(IntegerAttr)
    depth = prop_def(IntegerAttr)
    output_rank = prop_def(IntegerAttr)
    rounded = opt_prop_def(EqAttrConstraint(BF16))
