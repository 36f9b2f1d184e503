"""Where each pass lives: name -> `module:class`, imported on demand."""

from __future__ import annotations

from importlib import import_module

from xdsl.passes import ModulePass

PASSES: dict[str, str] = {
    "bs-inline": "brainscript.passes.evaluate.inline:BsInline",
    "bs-fold": "brainscript.passes.evaluate.fold:BsFold",
    "bs-evaluate": "brainscript.passes.evaluate.evaluate:BsEvaluate",
    "bs-prune": "brainscript.passes.evaluate.prune:BsPrune",
    "bs-instantiate-parameters": "brainscript.passes.evaluate.instantiate:BsInstantiateParameters",
    "bs-to-net": "brainscript.passes.evaluate.to_net:BsToNet",
    "net-clone-function": "brainscript.passes.edit.clone_function:NetCloneFunction",
    "net-edit": "brainscript.passes.edit.edit_network:NetEdit",
    "net-rename": "brainscript.passes.edit.rename:NetRename",
    "net-set-property": "brainscript.passes.edit.properties:NetSetProperty",
    "net-set-input": "brainscript.passes.edit.links:NetSetInput",
    "net-remove": "brainscript.passes.edit.links:NetRemove",
    "net-factorise": "brainscript.passes.edit.factorise:NetFactorise",
    "net-copy": "brainscript.passes.edit.copy:NetCopy",
    "net-infer-shapes": "brainscript.passes.infer.shapes:NetInferShapes",
    "net-carry": "brainscript.passes.infer.carry:NetCarry",
    "net-split-products": "brainscript.passes.infer.split_products:NetSplitProducts",
    "net-settle-states": "brainscript.passes.infer.states:NetSettleStates",
    "net-find-recurrences": "brainscript.passes.infer.recurrences:NetFindRecurrences",
    "net-settle-axes": "brainscript.passes.infer.axes:NetSettleAxes",
    "net-select": "brainscript.passes.infer.select:NetSelect",
    "net-set-mode": "brainscript.passes.mode.set_mode:NetSetMode",
    "net-expand-rnn-stacks": "brainscript.passes.mode.rnn_stack:NetExpandRnnStacks",
    "net-canonicalize": "brainscript.passes.simplify.canonicalize:NetCanonicalize",
    "net-fold-constants": "brainscript.passes.simplify.fold_constants:NetFoldConstants",
    "net-cse": "brainscript.passes.simplify.cse:NetCse",
    "net-dce": "brainscript.passes.simplify.dead_code:NetDce",
    "net-fold-batch-normalisation": "brainscript.passes.simplify.fold_batch_normalisation"
    ":NetFoldBatchNormalisation",
    "net-compute-once": "brainscript.passes.simplify.once:NetComputeOnce",
    "net-gradient": "brainscript.passes.gradient.build:NetGradient",
    "net-hold-gradients": "brainscript.passes.gradient.halves:NetHoldGradients",
    "net-take-gradients": "brainscript.passes.gradient.halves:NetTakeGradients",
    "net-update": "brainscript.passes.gradient.update:NetUpdate",
    "net-precompute": "brainscript.passes.gradient.precompute:NetPrecompute",
    "net-store-sparse": "brainscript.passes.lower.sparse.store:NetStoreSparse",
    "net-decompose": "brainscript.passes.lower.fusion.decompose:NetDecompose",
    "net-fuse": "brainscript.passes.lower.fuse:NetFuse",
    "net-to-sched": "brainscript.passes.lower.to_sched:NetToSched",
    "sched-round-products": "brainscript.passes.lower.round_products:SchedRoundProducts",
    "sched-plan-memory": "brainscript.passes.lower.memory:SchedPlanMemory",
    "sched-place-barriers": "brainscript.passes.lower.barriers:SchedPlaceBarriers",
    "sched-to-kern": "brainscript.passes.lower.to_kern:SchedToKern",
}


def load_pass(name: str) -> type[ModulePass]:
    """The class of the pass registered under this name."""
    module, _, attribute = PASSES[name].partition(":")
    found: type[ModulePass] = getattr(import_module(module), attribute)
    return found
