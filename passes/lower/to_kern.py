"""Level 3 to level 4: every distinct kernel of a step becomes a loop nest of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.sched import KernelOp
from brainscript.target import Target, choose_target

Lowering = Callable[[KernelOp, Target], FuncOp]

FAMILIES = {
    "gemm": "brainscript.passes.lower.gemm:lower_gemm",
    "pack": "brainscript.passes.lower.gemm.pack_weights:lower_pack",
    "rows": "brainscript.passes.lower.rows:lower_rows",
    "columns": "brainscript.passes.lower.columns:lower_columns",
    "samples": "brainscript.passes.lower.samples:lower_samples",
    "draw": "brainscript.passes.lower.draws:lower_draw",
    "convolution": "brainscript.passes.lower.convolution:lower_convolution",
    "sparse": "brainscript.passes.lower.sparse:lower_sparse",
    "sequence": "brainscript.passes.lower.sequence:lower_sequence",
}
"""The lowering of each kernel family, imported on demand."""


def lower_kernel(kernel: KernelOp, target: Target) -> FuncOp:
    """The `kern.func` of a kernel, under the same name."""
    module, _, name = FAMILIES[kernel.family.data].partition(":")
    lowering: Lowering = getattr(import_module(module), name)
    function = lowering(kernel, target)
    function.location = kernel.location
    return function


@dataclass(frozen=True)
class SchedToKern(ModulePass):
    """Replace every `sched.kernel` by the `kern.func` that computes it; the program stays.

    `target` names a processor as the option `--target` does; left out it is this machine.

    Before: `sched.kernel @k rows(%x : T) -> (T) { .. }`.
    After: `kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, ..) { scf.for .. }`.
    """

    name = "sched-to-kern"

    target: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower the kernels of a module."""
        target = choose_target(self.target)
        block = op.body.block
        for found in list(block.ops):
            if isinstance(found, KernelOp):
                block.insert_op_before(lower_kernel(found, target), found)
                found.detach()
                found.erase()
