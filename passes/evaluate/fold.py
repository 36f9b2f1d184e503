"""Pass `bs-fold`: plain values are computed, members and branches are chosen."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.passes.evaluate.program import demand_roots
from brainscript.passes.evaluate.rules.tables import FOLD


@dataclass(frozen=True)
class BsFold(ModulePass):
    """Compute what the roots need as far as it goes without calling a function.

    Numbers, strings and conditions become constants, members and elements what they stand for,
    operators on nodes the node they mean.

    Before: `%n = bs.infix "*" %two, %eight` and `%z = bs.infix "+" %a, %b` on nodes.
    After: `%n = bs.number 16.0` and `%z = bs.node "Plus"(%a, %b)`.
    """

    name = "bs-fold"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run the rules on the program of the module."""
        demand_roots(ctx, op, FOLD, complete=False)
