"""Pass `bs-inline`: calls become copies of the bodies of what they call."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.passes.evaluate.program import demand_roots
from brainscript.passes.evaluate.rules.tables import INLINE


@dataclass(frozen=True)
class BsInline(ModulePass):
    """Inline the calls that the roots need; nothing else is computed.

    A call whose function is itself the result of a computation stays, so the pass ends on
    recursive functions, too: what it makes of a call is one level of the recursion.

    Before: `%h = bs.apply %Affine(%x, %n) {path = "h"}` and a function that yields
    `%y = bs.infix "*" %W, %x` with `%W = bs.parameter [..](..) {path = "W"}`.
    After: `%y = bs.infix "*" %W, %x {path = "h"}` and `%W = bs.parameter [..](..) {path = "h.W"}`;
    the function stays, `bs-prune` drops it.
    """

    name = "bs-inline"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Run the rules on the program of the module."""
        demand_roots(ctx, op, INLINE, complete=False)
