"""Values that go on from one minibatch to the next, where sequences are cut into pieces.

The compiler alone makes these operations: `net-carry`. Kernels: `passes/lower/sequence/carry.py`.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from brainscript.axes import first_of
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.shapes import as_written
from brainscript.dialects.tensors import TensorType, type_of


@irdl_op_definition
class CarryInOp(NetOp):
    """What a delay finds outside of the piece of each sequence.

    `%i = net.carry_in %s, %kept {axis = "*", direction = "past", steps = 2} : T`: for a sequence
    that begins in this minibatch the initial state `%s`; for one that goes on what was kept in its
    row of `%kept`, which is 0 where there is none. A future value is 0 behind a piece that is not
    the end of its sequence. The result is for all sequences first what lies `steps` before their
    first step, then the following: its last axis comes last in memory, behind the sequences.
    """

    name = "net.carry_in"
    rule = staticmethod(as_written)

    state = operand_def(TensorType)
    kept = opt_operand_def(TensorType)
    axis = prop_def(StringAttr)
    direction = prop_def(StringAttr)
    steps = prop_def(IntegerAttr)

    def verify_(self) -> None:
        """One sample for each step and sequence."""
        super().verify_()
        mine, state = type_of(self.result), type_of(self.state)
        steps = self.steps.value.data if self.direction.data == "past" else 1
        if mine.axis != first_of(self.axis.data) or mine.elements != state.elements * steps:
            raise VerifyException("the result has the states of all sequences")


@irdl_op_definition
class CarryOutOp(NetOp):
    """Keep the last steps of `%x` for the next piece of every sequence that is not at its end.

    `%new = net.carry_out %kept, %x, %in {steps = 2} : T`; `%in` is the result of `net.carry_in`,
    which holds the older steps of a piece that is too short. It is done in place.
    """

    name = "net.carry_out"
    rule = staticmethod(as_written)

    kept = operand_def(TensorType)
    x = operand_def(TensorType)
    states = operand_def(TensorType)
    steps = prop_def(IntegerAttr)
