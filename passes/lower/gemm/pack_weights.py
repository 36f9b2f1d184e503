"""`sched.kernel` of the family `pack` to a `kern.func`: weights into the panels of a product."""

from __future__ import annotations

from xdsl.ir import Attribute

from brainscript.dialects.kern import ABI_TAIL, FuncOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.net.packing import PackOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.linear import round_up
from brainscript.passes.lower.gemm.code import Code
from brainscript.passes.lower.gemm.form import Extent, Form
from brainscript.passes.lower.gemm.pack import Packers
from brainscript.passes.lower.gemm.pairs import pack_pairs
from brainscript.passes.lower.gemm.plan import make_plan
from brainscript.target import Target


def lower_pack(kernel: KernelOp, target: Target) -> FuncOp:
    """The code that packs the panels, each by one thread.

    Panel p holds columns `p * panel ..`: `round_up (depth, lanes)` steps of `panel` elements.
    """
    op = kernel.steps[0]
    assert isinstance(op, PackOp)
    columns, depth = op.columns.value.data, op.depth.value.data
    rows, turned = Extent(1, True), bool(op.turned.value.data)
    element = type_of(op.result).element
    form = Form(rows, columns, Extent(depth), element, 1, right_turned=turned)
    if op.rounded is not None:
        return pack_pairs(kernel, form, target)
    plan = make_plan(form, target)
    packers = Packers(form, plan)
    names = ("w", "packed", "n", "ws", "tid", "nt")
    kinds: list[Attribute] = [PtrType(), PtrType(), *ABI_TAIL]
    code = Code(kernel.sym_name.data, list(zip(names, kinds, strict=True)))
    w, packed, _, _, tid, nt = code.entry.args
    panels = -(-columns // plan.panel)
    low = code.divide(code.multiply(tid, panels), nt)
    high = code.divide(code.multiply(code.add(tid, 1), panels), nt)
    pitch = depth if turned else 1
    with code.loop(low, high, hint="panel") as panel:
        column = code.multiply(panel, plan.panel)
        source = code.offset(w, code.multiply(column, pitch), element)
        place = code.multiply(panel, plan.panel * round_up(depth, plan.lanes))
        target_panel = code.offset(packed, place, element)
        whole, rest = divmod(columns, plan.panel)

        def pack(width: int) -> None:
            code.call(packers.pack(width), [source, target_panel, depth])

        if not rest or not whole:
            pack(rest or plan.panel)
        else:
            code.either(
                code.compare("slt", panel, whole), lambda: pack(plan.panel), lambda: pack(rest)
            )
    return code.finish(0, list(packers.made.values()))
