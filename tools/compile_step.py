"""From the network of one step to the machine code that runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.compile import Compiling, kernel_symbol
from brainscript.codegen.step import emit_step, emit_timed_step
from brainscript.codegen.timing import trace
from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_pairs import AmxConfigureOp
from brainscript.dialects.net.network import ONCE
from brainscript.dialects.registry import make_context
from brainscript.dialects.sched import KernelOp, ProgramOp
from brainscript.passes.ir_text import ir_text
from brainscript.passes.lower.image import image_of
from brainscript.passes.lower.to_kern import lower_kernel
from brainscript.passes.pipeline import ROUND_PRODUCTS
from brainscript.program_image import ProgramImage
from brainscript.target import MatmulPrecision, Target
from brainscript.tools.crash import CrashRecord
from brainscript.tools.passes import Instruments, run_passes

LONG = ("convolution", "gemm")
"""Families of kernels that take long to compile."""
STEP = "bs_step"
"""The native name of every step; each is linked apart from the others."""


def compile_step(
    module: ModuleOp,
    target: Target,
    cache: ObjectCache | None = None,
    crash: CrashRecord | None = None,
    matmul: MatmulPrecision = "float32",
) -> tuple[ProgramImage, dict[str, bytes]]:
    """The image of a step and its objects by key.

    `module` holds the network of the step, after `net-select` and what makes gradients and
    updates; it is turned into kernels and a program in place. `crash` is told what is being done.
    While a run is recorded, the step times its kernels. `matmul` is what inputs of products are
    rounded to.
    """
    crash = crash or CrashRecord("compile_step", [])
    instruments = Instruments(sys.stderr, verify=False)
    pipeline = "schedule" if matmul == "float32" else f"schedule,{ROUND_PRODUCTS}"
    with Compiling(target, cache) as compiling:
        compiling.start()
        run_passes(make_context(), module, pipeline, instruments, ir_text, crash)
        made = _Made(target, compiling)
        crash.before_pass(module.clone, "sched-to-kern")
        made.add_kernels(op for op in module.body.block.ops if isinstance(op, KernelOp))
        crash.passes_done()
        found = (op for op in module.body.block.ops if isinstance(op, ProgramOp))
        images = {op.sym_name.data: made.image(op) for op in found}
        return replace(images["step"], once=images.get(ONCE)), compiling.objects()


class _Made:
    """The kernels of a step, to be called by the native code of its programs."""

    def __init__(self, target: Target, compiling: Compiling):
        self.target, self.compiling = target, compiling
        self.keys: dict[str, str] = {}
        self.workspace, self.tiles = 0, False

    def add_kernels(self, kernels: Iterable[KernelOp]) -> None:
        """Lower all kernels; those that take long to compile first."""
        for kernel in sorted(kernels, key=lambda op: op.family.data not in LONG):
            function = lower_kernel(kernel, self.target)
            self.keys[function.sym_name.data] = self.compiling.kernel(function)
            self.workspace = max(self.workspace, function.scratch)
            self.tiles = self.tiles or _uses_tiles(function, self.target)

    def image(self, program: ProgramOp) -> ProgramImage:
        """Compile what calls the kernels of a program in their order.

        The code is written down as it is: next to the kernels there is nothing to gain on
        addresses, even in loops.
        """
        symbols = {name: kernel_symbol(key) for name, key in self.keys.items()}
        timed: tuple[str, ...] = ()
        if trace.running() is None:
            text = emit_step(program, STEP, symbols)
        else:
            text, timed = emit_timed_step(program, STEP, symbols)
        key = self.compiling.text(text, level=0)
        called = dict.fromkeys(self.keys[call.kernel.root_reference.data] for call in program.calls)
        image = image_of(program, STEP, self.workspace, [*called, key])
        return replace(image, timed=timed, tiles=self.tiles)


def _uses_tiles(function: FuncOp, target: Target) -> bool:
    """Whether a kernel uses the tile registers of AMX."""
    if target.pairs != "amx":
        return False
    return any(isinstance(op, AmxConfigureOp) for op in function.walk())
