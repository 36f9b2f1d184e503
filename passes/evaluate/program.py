"""Running a rule set on the program of a module."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from brainscript.dialects.registry import NetworkContext
from brainscript.passes.evaluate import roots
from brainscript.passes.evaluate.engine import Engine, Rule
from brainscript.passes.evaluate.networks.loaded import Networks
from brainscript.passes.evaluate.plain import network_of


def demand_roots(
    ctx: Context, module: ModuleOp, rules: Mapping[type[Operation], Rule], complete: bool
) -> None:
    """Evaluate what the roots of the program need by these rules."""
    network = network_of(module)
    if network is None:
        return
    loader = ctx.load_network if isinstance(ctx, NetworkContext) else None
    roots.run(Engine(network, rules, complete, Networks(module, loader)))
