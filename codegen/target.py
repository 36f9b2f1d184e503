"""The targets, under the name the code generator's users know; see `brainscript/target.py`."""

from brainscript.target import (
    NAMES,
    Target,
    choose_target,
    describe,
    forced_target,
    host_target,
)

__all__ = ["NAMES", "Target", "choose_target", "describe", "forced_target", "host_target"]
