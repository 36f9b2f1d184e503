"""From the syntax tree of a network to its level-2 module."""

from __future__ import annotations

import sys
from collections.abc import Callable

from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import Diagnostic
from brainscript.dialects.registry import make_context
from brainscript.frontend import syntax
from brainscript.passes.ir_text import ir_text
from brainscript.passes.pipeline import PIPELINES
from brainscript.tools.crash import CrashRecord
from brainscript.tools.frontdoor import bs_module
from brainscript.tools.passes import Instruments, run_passes

INSTANTIATE = "bs-instantiate-parameters"


def evaluated_module(
    expression: syntax.Expression,
    precision: str,
    seed_offset: int,
    constant_seed: bool,
    crash: CrashRecord,
    load_network: Callable[[str], ModuleOp] | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
) -> ModuleOp:
    """The network that an expression evaluates to, shapes inferred.

    `load_network` gives the networks of model files that the expression loads. Random parameters
    without a seed of their own count on from `seed_offset`. Passes tell `warn` what is odd.
    """
    module = bs_module(expression, precision)
    seeds = f"{{seed_offset={seed_offset} constant_seed={str(constant_seed).lower()}}}"
    names = [name + seeds if name == INSTANTIATE else name for name in PIPELINES["evaluate"]]
    crash.printer(ir_text)
    instruments = Instruments(sys.stderr, verify=False)
    context = make_context(load_network, warn)
    run_passes(context, module, ",".join(names), instruments, ir_text, crash)
    return module
