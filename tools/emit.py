"""From the level a module is at to any level below, down to assembly text."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import CommandLineError, Diagnostic
from brainscript.passes.pipeline import LEVELS, ROUND_PRODUCTS, between
from brainscript.target import MatmulPrecision
from brainscript.tools.crash import CrashRecord
from brainscript.tools.inputs import level_of
from brainscript.tools.passes import Instruments, run_passes

IR_LEVELS = tuple(name for name, _ in LEVELS)
TEXT_LEVELS = {"brainscript": "net", "llvm": "kern", "asm": "kern"}
"""What is text of its own, and the level of IR that it is made from."""
EMIT = ("ast", "bs", "net", "brainscript", *IR_LEVELS[2:], "llvm", "asm")
STEPS = ("train", "gradient", "update", "test", "write", "precompute")


def lower_to(
    goal: str,
    context: Context,
    module: ModuleOp,
    step: str,
    instruments: Instruments,
    crash: CrashRecord,
    stored: bool = False,
    matmul: MatmulPrecision = "float32",
) -> str:
    """Lower `module` in place to the level `goal` and give its text; `stored` is that of a model.

    `step` says what a network becomes at the level `gradient`: the step of training, test, write
    or precomputation; `matmul` what inputs of products are rounded to. Raises CommandLineError
    (BS0910) when the module is below `goal` already.
    """
    start = level_of(module)
    stop = TEXT_LEVELS.get(goal, goal)
    if IR_LEVELS.index(start) > IR_LEVELS.index(stop):
        raise CommandLineError(_upwards(start, goal))
    pipeline = between(start, stop, f"{step}-step")
    if matmul != "float32":
        pipeline = _rounding(pipeline, start)
    if pipeline:
        run_passes(context, module, pipeline, instruments, instruments.text, crash)
    if goal not in TEXT_LEVELS:
        return instruments.text(module)
    if goal == "brainscript":
        from brainscript.frontend.writing.network_text import brainscript_text

        return brainscript_text(module, stored)
    return _native_text(module, goal)


def _native_text(module: ModuleOp, goal: str) -> str:
    """One LLVM module, or its assembly, for each kernel and for the step that calls them."""
    from brainscript.codegen.compile import assembly
    from brainscript.codegen.emit import emit_kernel
    from brainscript.codegen.step import emit_step
    from brainscript.dialects.kern import FuncOp
    from brainscript.dialects.sched import ProgramOp
    from brainscript.target import choose_target

    kernels = [op for op in module.ops if isinstance(op, FuncOp)]
    programs = [op for op in module.ops if isinstance(op, ProgramOp)]
    texts = {kernel.sym_name.data: emit_kernel(kernel) for kernel in kernels}
    symbols = {name: name for name in texts}
    texts |= {p.sym_name.data: emit_step(p, p.sym_name.data, symbols) for p in programs}
    if goal == "asm":
        texts = {name: assembly(text, choose_target()) for name, text in texts.items()}
    mark = ";" if goal == "llvm" else "#"
    return "".join(f"{mark} {name}\n{text}\n" for name, text in texts.items())


def _rounding(pipeline: str, start: str) -> str:
    """The pipeline with the pass that rounds inputs of products, where it gets so far."""
    steps = ([ROUND_PRODUCTS] if start == "sched" else []) + pipeline.split(",")
    if "schedule" in steps:
        steps.insert(steps.index("schedule") + 1, ROUND_PRODUCTS)
    return ",".join(step for step in steps if step)


def _upwards(start: str, goal: str) -> Diagnostic:
    title = f"cannot emit '{goal}' from a module at level '{start}'"
    return Diagnostic("BS0910", title, help=f"levels go down: {', '.join(EMIT)}")
