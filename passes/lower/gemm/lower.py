"""`sched.kernel` of the family `gemm` to a `kern.func`."""

from __future__ import annotations

from xdsl.ir import Attribute

from brainscript.dialects.kern import ABI_TAIL, FuncOp
from brainscript.dialects.kern_tile import PtrType
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.gemm.epilogue import Epilogue
from brainscript.passes.lower.gemm.form import Extent, form_of, operands_of
from brainscript.passes.lower.gemm.plan import WIDE_ROWS, column_plan, make_plan, wide_plan
from brainscript.passes.lower.gemm.sweep import Frame, Sweep
from brainscript.target import Target


def lower_gemm(kernel: KernelOp, target: Target) -> FuncOp:
    """The kernel's code for this target."""
    frame = _frame(kernel)
    code, rows = frame.code, frame.rows
    plan = make_plan(frame.form, target)
    column = column_plan(frame.form, plan)
    if column is not None:
        sweep = Sweep(frame, column)
        sweep.write_column()
        return code.finish(sweep.workspace, sweep.local())
    sweeps = [Sweep(frame, plan)]
    few = wide_plan(frame.form, plan, target)
    if few is not None:
        sweeps.append(Sweep(frame, few, "wide_"))
    if isinstance(rows, int):
        sweeps[0].write()
    else:
        with code.when(code.compare("sgt", rows, 0)):
            _by_rows(code, rows, sweeps)
    local = [function for sweep in sweeps for function in sweep.local()]
    return code.finish(max(sweep.workspace for sweep in sweeps), local)


def _by_rows(code: Code, rows: Index, sweeps: list[Sweep]) -> None:
    """The usual way, or where there is one the way for few rows."""
    if len(sweeps) == 1:
        sweeps[0].write()
    else:
        few = code.compare("sle", rows, WIDE_ROWS)
        code.either(few, sweeps[1].write, sweeps[0].write)


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
