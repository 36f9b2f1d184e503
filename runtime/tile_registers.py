"""The tile registers of AMX, which a process has to ask the system for."""

from __future__ import annotations

import os
from functools import cache

from brainscript.diagnostic import BrainScriptError, Diagnostic
from brainscript.runtime.native_library import library


@cache
def allow_tiles() -> None:
    """Let all threads of this process use tile registers; BS0818 where the system refuses."""
    error = int(library().bs_allow_tiles())
    if error == 0:
        return
    raise BrainScriptError(
        Diagnostic(
            "BS0818",
            "the system does not let this process use the tile registers of AMX",
            label=f"arch_prctl: {os.strerror(error)}",
            help="run with '--target avx512-bf16', or without '--matmul-precision bf16'",
        )
    )
