"""Elementwise operations: one operand, or several that broadcast against each other.

Operands are aligned at the first axis, a missing axis is 1, and 1 stretches; a value without a
dynamic axis stands for all samples. Gradients: `passes/gradient/elementwise.py`.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import as_written, broadcast_rule, diagonal_rule, padded
from brainscript.dialects.tensors import TensorType, type_of


class UnaryOp(NetOp, ABC):
    """One operand; the result is of its type."""

    x = operand_def(TensorType)


class BinaryOp(NetOp, ABC):
    """Two operands that broadcast."""

    a = operand_def(TensorType)
    b = operand_def(TensorType)

    rule = staticmethod(broadcast_rule)


@irdl_op_definition
class AbsOp(UnaryOp):
    """`|x|`. BrainScript: `Abs (x)`."""

    name = "net.abs"
    OPERATION: ClassVar[str] = "Abs"


@irdl_op_definition
class AcosOp(UnaryOp):
    """`acos (x)`. BrainScript: `Acos (x)`."""

    name = "net.acos"
    OPERATION: ClassVar[str] = "Acos"


@irdl_op_definition
class AsinOp(UnaryOp):
    """`asin (x)`. BrainScript: `Asin (x)`."""

    name = "net.asin"
    OPERATION: ClassVar[str] = "Asin"


@irdl_op_definition
class CosineOp(UnaryOp):
    """`cos (x)`. BrainScript: `Cosine (x)`."""

    name = "net.cosine"
    OPERATION: ClassVar[str] = "Cosine"


@irdl_op_definition
class CoshOp(UnaryOp):
    """`cosh (x)`. BrainScript: `Cosh (x)`."""

    name = "net.cosh"
    OPERATION: ClassVar[str] = "Cosh"


@irdl_op_definition
class ExpOp(UnaryOp):
    """`e^x`. BrainScript: `Exp (x)`."""

    name = "net.exp"
    OPERATION: ClassVar[str] = "Exp"


@irdl_op_definition
class FloorOp(UnaryOp):
    """The largest integer not above x. BrainScript: `Floor (x)`."""

    name = "net.floor"
    OPERATION: ClassVar[str] = "Floor"


@irdl_op_definition
class LabelsToGraphOp(UnaryOp):
    """x, marked as the label graph of `ForwardBackward`. BrainScript: `LabelsToGraph (x)`."""

    name = "net.labels_to_graph"
    OPERATION: ClassVar[str] = "LabelsToGraph"


@irdl_op_definition
class LogOp(UnaryOp):
    """`ln (x)`, and -85.1 where `x < 1e-37`. BrainScript: `Log (x)`."""

    name = "net.log"
    OPERATION: ClassVar[str] = "Log"


@irdl_op_definition
class NegateOp(UnaryOp):
    """`-x`. BrainScript: `-x`."""

    name = "net.negate"
    OPERATION: ClassVar[str] = "Negate"


@irdl_op_definition
class PassOp(UnaryOp):
    """x itself as a node of its own. BrainScript: `Pass (x)`."""

    name = "net.pass"
    OPERATION: ClassVar[str] = "Pass"


@irdl_op_definition
class ReciprocalOp(UnaryOp):
    """`1 / x`, and 0 where x is 0. BrainScript: `1 / x`."""

    name = "net.reciprocal"
    OPERATION: ClassVar[str] = "Reciprocal"


@irdl_op_definition
class RectifiedLinearOp(UnaryOp):
    """x where `x > 0`, else 0. BrainScript: `ReLU (x)`."""

    name = "net.rectified_linear"
    OPERATION: ClassVar[str] = "RectifiedLinear"


@irdl_op_definition
class SigmoidOp(UnaryOp):
    """`1 / (1 + e^-x)`. BrainScript: `Sigmoid (x)`."""

    name = "net.sigmoid"
    OPERATION: ClassVar[str] = "Sigmoid"


@irdl_op_definition
class SignOp(UnaryOp):
    """-1, 0 or 1; made for the gradient of `Abs`."""

    name = "net.sign"


@irdl_op_definition
class SinOp(UnaryOp):
    """`sin (x)`. BrainScript: `Sin (x)`."""

    name = "net.sin"
    OPERATION: ClassVar[str] = "Sin"


@irdl_op_definition
class SinhOp(UnaryOp):
    """`sinh (x)`. BrainScript: `Sinh (x)`."""

    name = "net.sinh"
    OPERATION: ClassVar[str] = "Sinh"


@irdl_op_definition
class SqrtOp(UnaryOp):
    """The square root of `max (x, 0)`. BrainScript: `Sqrt (x)`."""

    name = "net.sqrt"
    OPERATION: ClassVar[str] = "Sqrt"


@irdl_op_definition
class StableSigmoidOp(UnaryOp):
    """`1 / (1 + e^-x)` by way of `e^-|x|` (no function; old models have it)."""

    name = "net.stable_sigmoid"
    OPERATION: ClassVar[str] = "StableSigmoid"


@irdl_op_definition
class StopGradientOp(UnaryOp):
    """x, with a gradient of 0. BrainScript: `StopGradient (x)`."""

    name = "net.stop_gradient"
    OPERATION: ClassVar[str] = "StopGradient"


@irdl_op_definition
class TanhOp(UnaryOp):
    """`tanh (x)`. BrainScript: `Tanh (x)`."""

    name = "net.tanh"
    OPERATION: ClassVar[str] = "Tanh"


@irdl_op_definition
class ElementTimesOp(BinaryOp):
    """`a .* b`. BrainScript: `a .* b`."""

    name = "net.element_times"
    OPERATION: ClassVar[str] = "ElementTimes"


@irdl_op_definition
class EqualOp(BinaryOp):
    """1 where `a == b`, else 0. BrainScript: `a == b`."""

    name = "net.equal"
    OPERATION: ClassVar[str] = "Equal"


@irdl_op_definition
class GreaterOp(BinaryOp):
    """1 where `a > b`, else 0. BrainScript: `a > b`."""

    name = "net.greater"
    OPERATION: ClassVar[str] = "Greater"


@irdl_op_definition
class GreaterEqualOp(BinaryOp):
    """1 where `a >= b`, else 0. BrainScript: `a >= b`."""

    name = "net.greater_equal"
    OPERATION: ClassVar[str] = "GreaterEqual"


@irdl_op_definition
class LessOp(BinaryOp):
    """1 where `a < b`, else 0. BrainScript: `a < b`."""

    name = "net.less"
    OPERATION: ClassVar[str] = "Less"


@irdl_op_definition
class LessEqualOp(BinaryOp):
    """1 where `a <= b`, else 0. BrainScript: `a <= b`."""

    name = "net.less_equal"
    OPERATION: ClassVar[str] = "LessEqual"


@irdl_op_definition
class LogPlusOp(BinaryOp):
    """`ln (e^a + e^b)`, as the larger one plus `log1p` of the rest.

    BrainScript: `LogPlus (a, b)`.
    """

    name = "net.log_plus"
    OPERATION: ClassVar[str] = "LogPlus"


@irdl_op_definition
class MinusOp(BinaryOp):
    """`a - b`. BrainScript: `a - b`."""

    name = "net.minus"
    OPERATION: ClassVar[str] = "Minus"


@irdl_op_definition
class NotEqualOp(BinaryOp):
    """1 where `a != b`, else 0. BrainScript: `a != b`."""

    name = "net.not_equal"
    OPERATION: ClassVar[str] = "NotEqual"


@irdl_op_definition
class PlusOp(BinaryOp):
    """`a + b`. BrainScript: `a + b`."""

    name = "net.plus"
    OPERATION: ClassVar[str] = "Plus"


@irdl_op_definition
class QuotientOp(BinaryOp):
    """`a / b` with b kept at least 1e-30 away from 0, its sign kept (0 counts as positive)."""

    name = "net.quotient"


@irdl_op_definition
class DiagTimesOp(BinaryOp):
    """`d .* x` with d a column of one element per row of x. BrainScript: `DiagTimes (d, x)`."""

    name = "net.diag_times"
    OPERATION: ClassVar[str] = "DiagTimes"
    rule = staticmethod(diagonal_rule)


@irdl_op_definition
class ClipOp(NetOp):
    """x kept between two bounds. BrainScript: `Clip (minValue, maxValue, x)`."""

    name = "net.clip"
    OPERATION: ClassVar[str] = "Clip"
    rule = staticmethod(broadcast_rule)

    minimum = operand_def(TensorType)
    maximum = operand_def(TensorType)
    x = operand_def(TensorType)


@irdl_op_definition
class SelectOp(NetOp):
    """a where the condition is not 0, else b. BrainScript: `if c then a else b`."""

    name = "net.select"
    OPERATION: ClassVar[str] = "If"
    rule = staticmethod(broadcast_rule)

    condition = operand_def(TensorType)
    a = operand_def(TensorType)
    b = operand_def(TensorType)


@irdl_op_definition
class BroadcastToOp(UnaryOp):
    """x repeated along static axes of size 1 and along the samples to fill the result type.

    The gradient of a sum; the compiler makes it.
    """

    name = "net.broadcast_to"
    rule = staticmethod(as_written)

    def verify_(self) -> None:
        """Every dimension is kept, or 1 is stretched."""
        super().verify_()
        check_wider(type_of(self.result), type_of(self.x))


@irdl_op_definition
class SumToOp(UnaryOp):
    """x summed over the static axes that are 1 in the result.

    If the result has no dynamic axis, summed over all samples as well. The gradient of an operand
    that was broadcast; the compiler makes it.
    """

    name = "net.sum_to"
    rule = staticmethod(as_written)

    def verify_(self) -> None:
        """Every dimension is kept, or summed to 1."""
        super().verify_()
        check_wider(type_of(self.x), type_of(self.result))


def check_wider(wide: TensorType, narrow: TensorType) -> None:
    """Raise unless `narrow` broadcasts to `wide`."""
    if not wide.known or not narrow.known:
        return
    assert wide.shape is not None
    assert narrow.shape is not None
    rank = max(len(wide.shape), len(narrow.shape))
    pairs = zip(padded(wide.shape, rank), padded(narrow.shape, rank), strict=True)
    if any(n not in (1, w) for w, n in pairs) or narrow.axis not in (None, wide.axis):
        raise VerifyException(f"{narrow} does not broadcast to {wide}")
