"""From the stored network to the network of one step, by the passes that its mode needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.registry import make_context
from brainscript.passes.gradient.build import NetGradient
from brainscript.passes.gradient.precompute import NetPrecompute
from brainscript.passes.gradient.update import NetUpdate
from brainscript.passes.infer.axes import NetSettleAxes
from brainscript.passes.infer.select import NetSelect
from brainscript.passes.infer.split_products import NetSplitProducts
from brainscript.passes.infer.states import NetSettleStates
from brainscript.passes.ir_text import ir_text
from brainscript.passes.mode.rnn_stack import NetExpandRnnStacks
from brainscript.passes.mode.set_mode import NetSetMode
from brainscript.runtime.network import Mode, UpdateRule
from brainscript.tools.crash import CrashRecord
from brainscript.tools.passes import Instruments, run_passes

SETTLE: tuple[ModulePass, ...] = (
    NetExpandRnnStacks(),
    NetSettleAxes(),
    NetSettleStates(),
    NetSplitProducts(),
)
"""What every step needs behind the choice of its mode."""


def passes_of(mode: Mode, outputs: Sequence[str], update: UpdateRule | None) -> list[ModulePass]:
    """What turns the stored network into the step of a mode (see `Network.compile`)."""
    names, rule = tuple(outputs), update or UpdateRule()
    if mode == "train":
        return [
            NetSelect("train", names[1:], names[0] if names else "", rule.traced),
            NetSetMode(training=True, dropout=rule.dropout),
            *SETTLE,
            NetGradient(rule.towards),
            NetUpdate(
                rule.rule, rule.clip, rule.l1, rule.l2, rule.average, rule.normalised, rule.noise
            ),
        ]
    if mode in ("test", "criterion"):
        active = mode == "criterion"
        set_mode = NetSetMode(training=active, dropout=active and rule.dropout)
        return [NetSelect("test", names, traced=rule.traced), set_mode, *SETTLE, NetUpdate()]
    if mode == "precompute":
        return [NetSelect("precompute"), NetSetMode(), *SETTLE, NetPrecompute()]
    return [NetSelect("write", names), NetSetMode(), *SETTLE]


def step_module(
    module: ModuleOp,
    mode: Mode,
    outputs: Sequence[str],
    update: UpdateRule | None,
    crash: CrashRecord,
) -> ModuleOp:
    """A copy of `module` that holds the step of a mode; the stored network stays as it is."""
    step = module.clone()
    passes = passes_of(mode, outputs, update)
    instruments = Instruments(sys.stderr, verify=False)
    run_passes(make_context(), step, passes, instruments, ir_text, crash)
    return step
