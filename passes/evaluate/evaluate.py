"""Pass `bs-evaluate`: everything that the roots need is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.passes.evaluate.program import demand_roots
from brainscript.passes.evaluate.rules.tables import EVALUATE


@dataclass(frozen=True)
class BsEvaluate(ModulePass):
    """Evaluate what the roots need; nodes and parameters are left, with their names and order."""

    name = "bs-evaluate"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run the rules on the program of the module."""
        demand_roots(op, EVALUATE, complete=True)
