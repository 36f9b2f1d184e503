"""The LLVM text of a whole step, which calls the kernels of a `sched.program`."""

from brainscript.codegen.step.program import BARRIER_SYMBOL, emit_step, emit_timed_step

__all__ = ["BARRIER_SYMBOL", "emit_step", "emit_timed_step"]
