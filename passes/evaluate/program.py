"""Running a rule set on the program of a module."""

from __future__ import annotations

import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from brainscript.dialects.registry import NetworkContext
from brainscript.passes.evaluate import roots
from brainscript.passes.evaluate.engine import Engine, Rule
from brainscript.passes.evaluate.networks.loaded import Networks
from brainscript.passes.evaluate.plain import network_of


@contextmanager
def without_collector() -> Generator[None]:
    """Leave the garbage collector off: a large heap of operations is walked again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def demand_roots(
    ctx: Context, module: ModuleOp, rules: Mapping[type[Operation], Rule], complete: bool
) -> None:
    """Evaluate what the roots of the program need by these rules."""
    network = network_of(module)
    if network is None:
        return
    with without_collector():
        loader = ctx.load_network if isinstance(ctx, NetworkContext) else None
        roots.run(Engine(network, rules, complete, Networks(module, loader)))
