"""`sched.kernel` of the family `gemm` to a `kern.func`."""

from __future__ import annotations

from dataclasses import replace

from xdsl.ir import Attribute

from brainscript.dialects.kern import ABI_TAIL, FuncOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.form import Extent, form_of, operands_of
from brainscript.passes.lower.gemm.pairs import pair_sweep
from brainscript.passes.lower.gemm.pairs.plan import LEAST_ROWS
from brainscript.passes.lower.gemm.pairs.sweep import PairSweep
from brainscript.passes.lower.gemm.plan import WIDE_ROWS, column_plan, make_plan, wide_plan
from brainscript.passes.lower.gemm.sweep import Frame, Sweep
from brainscript.target import Target


def lower_gemm(kernel: KernelOp, target: Target) -> FuncOp:
    """The kernel's code for this target."""
    frame = _frame(kernel)
    code = frame.code
    plan = make_plan(frame.form, target)
    column = column_plan(frame.form, plan)
    if column is not None:
        sweep = Sweep(frame, column)
        sweep.write_column()
        return code.finish(sweep.workspace, sweep.local())
    pairs = pair_sweep(frame, target)
    sweeps = _float_sweeps(frame, target, pairs is not None)
    if isinstance(frame.rows, int):
        (pairs or sweeps[0]).write()
    else:
        with code.when(code.compare("sgt", frame.rows, 0)):
            _by_rows(code, frame.rows, sweeps, pairs)
    every = [*sweeps, *([pairs] if pairs else [])]
    local = [function for sweep in every for function in sweep.local()]
    return code.finish(max(sweep.workspace for sweep in every), local)


def _float_sweeps(frame: Frame, target: Target, rounded: bool) -> list[Sweep]:
    """The usual way and where there is one that for few rows; beside pairs only what they leave."""
    form = frame.form
    if rounded and (form.right_packed or not form.rows.dynamic):
        return []
    plan = make_plan(form, target)
    if rounded and not form.right_turned:
        plan = replace(plan, pack_rows=None)
    few = wide_plan(form, plan, target)
    return [Sweep(frame, plan), *([Sweep(frame, few, "wide_")] if few is not None else [])]


def _by_rows(code: Code, rows: Index, sweeps: list[Sweep], pairs: PairSweep | None) -> None:
    """The way for so many rows."""

    def float32() -> None:
        if len(sweeps) == 1:
            sweeps[0].write()
        else:
            few = code.compare("sle", rows, WIDE_ROWS)
            code.either(few, sweeps[1].write, sweeps[0].write)

    if pairs is None:
        float32()
    elif not sweeps:
        pairs.write()
    else:
        code.either(code.compare("slt", rows, LEAST_ROWS), float32, pairs.write)


def _frame(kernel: KernelOp) -> Frame:
    """The kernel's parameters: its inputs, its outputs, then what every kernel takes."""
    product = kernel.steps[0]
    form = form_of(product)
    epilogue = Epilogue(form, product, kernel.steps, kernel.outputs)
    count, results = len(kernel.inputs), len(kernel.outputs)
    names = [f"x{i}" for i in range(count)] + [f"y{i}" for i in range(results)]
    parameters: list[tuple[str, Attribute]] = [(name, PtrType()) for name in names]
    parameters += zip(("n", "ws", "tid", "nt"), ABI_TAIL, strict=True)
    code = Code(kernel.sym_name.data, parameters)
    arguments = code.entry.args
    memory = dict(zip(kernel.inputs, arguments, strict=False))
    left, right = (memory[v] for v in operands_of(product))
    pointers = [memory[v] for v in epilogue.read] + list(arguments[count : len(names)])
    n, scratch, tid, nt = arguments[len(names) :]

    def size(extent: Extent) -> Index:
        return code.multiply(n, extent.size) if extent.dynamic else extent.size

    sizes = size(form.rows), size(form.depth)
    return Frame(code, form, epilogue, left, right, pointers, scratch, tid, nt, *sizes)
