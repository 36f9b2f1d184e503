"""Our dialects and passes for stock `xdsl-opt`, by the entry point group `xdsl.universe`."""

from __future__ import annotations

from functools import partial

from xdsl.universe import Universe

from brainscript.dialects.registry import DIALECTS, load_dialect
from brainscript.passes.registry import PASSES, load_pass

OURS = ("bs", "net", "sched", "kern")

BRAINSCRIPT = Universe(
    all_dialects={name: partial(load_dialect, name) for name in DIALECTS if name in OURS},
    all_passes={name: partial(load_pass, name) for name in PASSES},
)
