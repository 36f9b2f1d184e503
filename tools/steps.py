"""From the stored network to the network of one step, by the passes that its mode needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.registry import make_context
from brainscript.passes.gradient.build import NetGradient
from brainscript.passes.gradient.halves import NetHoldGradients, NetTakeGradients
from brainscript.passes.gradient.precompute import NetPrecompute
from brainscript.passes.gradient.update import NetUpdate
from brainscript.passes.infer.select import NetSelect
from brainscript.passes.ir_text import ir_text
from brainscript.passes.mode.set_mode import NetSetMode
from brainscript.passes.pipeline import CLEAN, PREPARE, SETTLE
from brainscript.passes.registry import load_pass
from brainscript.passes.simplify.fold_batch_normalisation import NetFoldBatchNormalisation
from brainscript.runtime.network import Mode, UpdateRule
from brainscript.tools.crash import CrashRecord
from brainscript.tools.passes import Instruments, run_passes


def passes_of(mode: Mode, outputs: Sequence[str], update: UpdateRule | None) -> list[ModulePass]:
    """What turns the stored network into the step of a mode (see `Network.compile`).

    The pipelines of `passes/pipeline.py`, with the options of a run.
    """
    names, rule = tuple(outputs), update or UpdateRule()
    settle, clean, prepare = plain(SETTLE), plain(CLEAN), plain(PREPARE)
    if mode in ("train", "gradient", "update"):
        move = NetUpdate(
            rule.rule, rule.clip, rule.l1, rule.l2, rule.average, rule.normalised, rule.noise
        )
        ends: dict[Mode, list[ModulePass]] = {
            "train": [move],
            "gradient": [NetHoldGradients(), NetUpdate()],
            "update": [NetTakeGradients(), move, *plain(("net-dce",))],
        }
        return [
            NetSelect("train", names[1:], names[0] if names else "", rule.traced),
            NetSetMode(training=True, dropout=rule.dropout),
            *settle,
            NetGradient(rule.towards),
            *ends[mode],
            *clean,
        ]
    if mode == "criterion":
        select = NetSelect("test", names, traced=rule.traced)
        set_mode = NetSetMode(training=True, dropout=rule.dropout)
        return [select, set_mode, *settle, NetUpdate(), *clean]
    if mode == "precompute":
        return [NetSelect("precompute"), NetSetMode(), *settle, NetPrecompute(), *clean]
    frozen = [NetFoldBatchNormalisation(), NetSetMode(), *settle]
    if mode == "test":
        return [NetSelect("test", names, traced=rule.traced), *frozen, NetUpdate(), *prepare]
    return [NetSelect("write", names), *frozen, *prepare]


def plain(names: Sequence[str]) -> list[ModulePass]:
    """Passes without options."""
    return [load_pass(name)() for name in names]


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
