"""What is kept from one minibatch to the next, as the compiler writes it.

`net-set-mode` makes it of an `EpochAccumulator`; `passes/lower/fusion` writes it with simpler ones.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def
from xdsl.utils.exceptions import VerifyException

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import statistic_rule
from brainscript.dialects.tensors import TensorType, type_of


@irdl_op_definition
class RunningMeanOp(NetOp):
    """`mean + (sum x - samples mean) / (count + samples)`, where x has this many samples.

    It is the mean of x over `count` samples before and those of the minibatch. As a criterion or
    an evaluation it is a mean already, and its value takes the place of the one before.
    """

    name = "net.running_mean"
    OPERATION: ClassVar[str] = "EpochAccumulator"
    rule = staticmethod(statistic_rule)

    x = operand_def(TensorType)
    mean = operand_def(TensorType)
    count = operand_def(TensorType)
    samples = operand_def(TensorType)

    def verify_(self) -> None:
        """The mean is of the type of the result, the numbers are numbers."""
        super().verify_()
        one = TensorType.of((1,), type_of(self.result).element)
        if type_of(self.mean) != type_of(self.result):
            raise VerifyException("the mean before has the type of the result")
        if type_of(self.count) != one or type_of(self.samples) != one:
            raise VerifyException("counts of samples are single numbers")
