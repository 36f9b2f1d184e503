"""The named pipelines, one pass a line: read this first.

`bs-opt -p NAME` runs one of them; `bs-opt --emit LEVEL` runs those that lead from the level of the
input to LEVEL, in the order of `LEVELS`.
"""

from __future__ import annotations

SETTLE = (
    "net-expand-rnn-stacks",
    "net-settle-axes",
    "net-settle-states",
    "net-split-products",
)
"""What every step needs behind the choice of its mode."""

CLEAN = ("net-fold-constants", "net-canonicalize")
"""The end of every step. Nothing is simplified before gradients are made: the order in which their
parts are added up is that of the network as it is written."""

PREPARE = ("net-fold-constants", "net-canonicalize", "net-cse", "net-dce", "net-compute-once")
"""The end of a step that moves no parameter."""

ROUND_PRODUCTS = "sched-round-products"
"""Comes behind `schedule` where the option `--matmul-precision bf16` is given."""

PIPELINES: dict[str, tuple[str, ...]] = {
    # the language becomes a network
    "evaluate": (
        "bs-evaluate",
        "bs-prune",
        "bs-instantiate-parameters",
        "bs-to-net",
        "net-clone-function",
        "net-edit",
        "net-infer-shapes",
    ),
    # the network becomes one step: what a minibatch computes
    "train-step": (
        "net-select{mode=train}",
        "net-set-mode{training=true}",
        *SETTLE,
        "net-gradient",
        "net-update",
        *CLEAN,
    ),
    # the same in two halves, for training on several processes
    "gradient-step": (
        "net-select{mode=train}",
        "net-set-mode{training=true}",
        *SETTLE,
        "net-gradient",
        "net-hold-gradients",
        "net-update",
        *CLEAN,
    ),
    "update-step": (
        "net-select{mode=train}",
        "net-set-mode{training=true}",
        *SETTLE,
        "net-gradient",
        "net-take-gradients",
        "net-update",
        "net-dce",
        *CLEAN,
    ),
    "test-step": (
        "net-select{mode=test}",
        "net-fold-batch-normalisation",
        "net-set-mode",
        *SETTLE,
        "net-update",
        *PREPARE,
    ),
    "write-step": (
        "net-select{mode=write}",
        "net-fold-batch-normalisation",
        "net-set-mode",
        *SETTLE,
        *PREPARE,
    ),
    "precompute-step": (
        "net-select{mode=precompute}",
        "net-set-mode",
        *SETTLE,
        "net-precompute",
        *CLEAN,
    ),
    # the step becomes a list of kernel calls on planned memory
    "schedule": (
        "net-carry",
        "net-store-sparse",
        "net-fuse",
        "net-to-sched",
        "sched-plan-memory",
        "sched-place-barriers",
    ),
    # every distinct kernel becomes loops and tiles
    "kernels": ("sched-to-kern",),
}

LEVELS: tuple[tuple[str, str], ...] = (
    ("bs", ""),
    ("net", "evaluate"),
    ("gradient", "train-step"),
    ("sched", "schedule"),
    ("kern", "kernels"),
)
"""Each level of IR with the pipeline that makes it from the level before."""


def expand(pipeline: str) -> str:
    """The pipeline text with every named pipeline replaced by its passes, in order."""
    parts = [",".join(PIPELINES.get(part, (part,))) for part in split(pipeline)]
    return ",".join(parts)


def split(pipeline: str) -> list[str]:
    """The passes of a pipeline text: cut at commas outside of braces and quotes."""
    parts: list[str] = []
    depth, quoted, start = 0, False, 0
    for position, letter in enumerate(pipeline):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{}":
            depth += 1 if letter == "{" else -1
        elif not quoted and letter == "," and depth == 0:
            parts.append(pipeline[start:position])
            start = position + 1
    parts.append(pipeline[start:])
    return [part.strip() for part in parts if part.strip()]


def between(start: str, goal: str, step: str = "train-step") -> str:
    """The pipeline text from level `start` to level `goal`; `step` is what the network becomes."""
    names = [name for name, _ in LEVELS]
    chosen = LEVELS[names.index(start) + 1 : names.index(goal) + 1]
    return ",".join(step if name == "gradient" else pipeline for name, pipeline in chosen)
