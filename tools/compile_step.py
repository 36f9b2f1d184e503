"""From the network of one step to the machine code that runs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.dialects.builtin import ModuleOp

from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.compile import compile_kernels, compile_text, kernel_key, kernel_symbol
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
    run_passes(make_context(), module, pipeline, instruments, ir_text, crash)
    kernels = [op for op in module.body.block.ops if isinstance(op, KernelOp)]
    programs = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, ProgramOp)}
    crash.before_pass(module.clone().clone, "sched-to-kern")
    functions = [lower_kernel(kernel, target) for kernel in kernels]
    crash.passes_done()
    keys = {f.sym_name.data: kernel_key(f, target) for f in functions}
    objects = compile_kernels(functions, target, cache, keys)
    scratch = max((f.scratch for f in functions), default=0)
    made = _Made(keys, objects, scratch, target, cache, _use_tiles(functions, target))
    once = made.image(programs[ONCE]) if ONCE in programs else None
    return replace(made.image(programs["step"]), once=once), objects


@dataclass
class _Made:
    """The kernels of a step, to be called by the native code of its programs."""

    keys: dict[str, str]
    objects: dict[str, bytes]
    workspace: int
    target: Target
    cache: ObjectCache | None
    tiles: bool

    def image(self, program: ProgramOp) -> ProgramImage:
        """Compile what calls the kernels of a program in their order."""
        symbols = {name: kernel_symbol(key) for name, key in self.keys.items()}
        timed: tuple[str, ...] = ()
        if trace.running() is None:
            text = emit_step(program, STEP, symbols)
        else:
            text, timed = emit_timed_step(program, STEP, symbols)
        key, step = compile_text(text, self.target, self.cache)
        self.objects[key] = step
        called = dict.fromkeys(self.keys[call.kernel.root_reference.data] for call in program.calls)
        image = image_of(program, STEP, self.workspace, [*called, key])
        return replace(image, timed=timed, tiles=self.tiles)


def _use_tiles(functions: Sequence[FuncOp], target: Target) -> bool:
    """Whether a kernel uses the tile registers of AMX."""
    if target.pairs != "amx":
        return False
    return any(isinstance(op, AmxConfigureOp) for f in functions for op in f.walk())
