"""Products of pairs and weights packed for them, on the targets that have them."""

from __future__ import annotations

from xdsl.ir import Attribute

from brainscript.dialects.kern import ABI_TAIL, FuncOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.pairs.pack import PairPackers
from brainscript.passes.lower.gemm.pairs.plan import TURN_WORDS, make_pair_plan
from brainscript.passes.lower.gemm.pairs.sweep import PairSweep, packed_words
from brainscript.passes.lower.gemm.sweep import Frame
from brainscript.target import Target, check_pairs


def pair_sweep(frame: Frame, target: Target) -> PairSweep | None:
    """The way through a product whose inputs are rounded; None for one in float32."""
    if not frame.form.rounded:
        return None
    check_pairs(target)
    return PairSweep(frame, make_pair_plan(frame.form, target))


def pack_pairs(kernel: KernelOp, form: Form, target: Target) -> FuncOp:
    """The code that rounds weights and packs them to panels, each by one thread.

    Panel p holds columns `p * panel ..`: `packed_words (depth)` rows of `panel` words.
    """
    check_pairs(target)
    plan = make_pair_plan(form, target)
    packers, size, depth = PairPackers(form, plan), plan.tile.panel, form.depth.size
    names = ("w", "packed", "n", "ws", "tid", "nt")
    kinds: list[Attribute] = [PtrType(), PtrType(), *ABI_TAIL]
    code = Code(kernel.sym_name.data, list(zip(names, kinds, strict=True)))
    w, packed, _, scratch, tid, nt = code.entry.args
    panels = -(-form.columns // size)
    low = code.divide(code.multiply(tid, panels), nt)
    high = code.divide(code.multiply(code.add(tid, 1), panels), nt)
    by_column = depth if form.right_turned else 1
    whole, rest = divmod(form.columns, size)
    with code.loop(low, high, hint="panel") as panel:
        column = code.multiply(panel, size)
        place: Index = code.multiply(column, packed_words(depth))
        source = code.offset(w, code.multiply(column, by_column), form.element)
        target_panel = code.offset(packed, place, form.element)

        def pack(width: int) -> None:
            code.call(packers.right(width), [source, target_panel, depth, scratch])

        if not rest or not whole:
            pack(rest or size)
        else:
            code.either(code.compare("slt", panel, whole), lambda: pack(size), lambda: pack(rest))
    return code.finish(4 * TURN_WORDS, list(packers.made.values()))
