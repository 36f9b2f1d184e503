"""Options that both commands know, and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brainscript.diagnostic import CommandLineError, Diagnostic, did_you_mean
from brainscript.limits import DEFAULTS, set_limits
from brainscript.literals import read_integer

SPLIT = "// -----"

MATMUL_PRECISION: dict[str, Any] = {
    "choices": ("float32", "bf16"),
    "default": "float32",
    "help": "round inputs of matrix products to bfloat16 (default: float32)",
}
"""The option `--matmul-precision`."""


def apply_limits(settings: Sequence[str]) -> None:
    """Raise limits as `--limit NAME=VALUE` asks; CommandLineError for unknown names."""
    changes: dict[str, int] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        number = read_integer(value)
        if name not in DEFAULTS or number is None or number < 0:
            title = f"cannot set the limit '{setting}'"
            raise CommandLineError(Diagnostic("BS0912", title, help=did_you_mean(name, DEFAULTS)))
        changes[name] = number
    set_limits(changes)
