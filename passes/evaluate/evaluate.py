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
    """Evaluate what the roots need; nodes and parameters are left, with their names and order.

    The rules of `bs-inline` and `bs-fold` on one engine, since a call may need a fold and a fold a
    call. What a root needs and cannot be evaluated is a diagnostic.

    Before: `%z = bs.apply %Affine(%h, %two) {path = "z"}`.
    After: `%W = bs.parameter [..](..) {path = "z.W", order = 1}`,
    `%t = bs.node "Times"(%W, %h) {path = "z.PlusArgs[0]"}`, `%z = bs.node "Plus"(%t, %b)`.
    """

    name = "bs-evaluate"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run the rules on the program of the module."""
        demand_roots(ctx, op, EVALUATE, complete=True)
