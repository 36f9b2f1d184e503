"""Kernels of the family `sequence`: operations that look at the layouts of dynamic axes.

Each is a kernel of its own; behind its buffers it takes pointers to the layouts that
`dialects/net/sequence.py` names. With one sample a sequence they move samples as they are.
"""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.sequence import carry, ctc, edit_distance, moves, packed
from brainscript.target import Target

__all__ = ["lower_sequence"]

LOWERINGS = {
    **carry.LOWERINGS,
    **moves.LOWERINGS,
    **packed.LOWERINGS,
    **ctc.LOWERINGS,
    **edit_distance.LOWERINGS,
}


def lower_sequence(kernel: KernelOp, target: Target) -> FuncOp:
    """The loops of a sequence kernel.

    Before: `sched.kernel @k sequence(%x : [50], @"*") -> ([50], @"*/first")
    { net.sequence_slice %x {begin = -1} }`
    After: `kern.func @k(%x0, %y0, %layout, %layout, ..)` with a loop over this thread's sequences.
    """
    return LOWERINGS[kernel.steps[0].name](kernel, target)
