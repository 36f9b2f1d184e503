"""Copying a panel of R into the thread's scratch memory, so that its rows lie close together."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp, vector_of
from brainscript.dialects.kern_tile import PtrType, TransposeOp
from brainscript.passes.lower.gemm.code import Code
from brainscript.passes.lower.gemm.form import Form
from brainscript.passes.lower.gemm.plan import Plan


def pack_pitch(plan: Plan, columns: int) -> int:
    """The distance of the rows of a packed panel: whole vectors."""
    return -(-columns // plan.lanes) * plan.lanes


def make_pack(name: str, form: Form, plan: Plan, columns: int) -> FuncOp:
    """The function that packs `depth` steps of a panel of `columns` columns.

    `source` stands at the panel's first element of the first step.
    """
    kinds = [("source", PtrType()), ("target", PtrType()), ("depth", IndexType())]
    code = Code(name, kinds)
    source, target, depth = code.entry.args
    if form.right_turned:
        _turn(code, form, plan, columns, (source, target, depth))
    else:
        _copy(code, form, plan, columns, (source, target, depth))
    return code.finish()


def _parts(plan: Plan, columns: int) -> list[tuple[int, int]]:
    """(first column, valid lanes) of the vectors of a row."""
    return [(c, min(plan.lanes, columns - c)) for c in range(0, columns, plan.lanes)]


def _copy(
    code: Code,
    form: Form,
    plan: Plan,
    columns: int,
    memory: tuple[SSAValue, SSAValue, SSAValue],
) -> None:
    source, target, depth = memory
    kind = vector_of(form.element, plan.lanes)
    pitch = pack_pitch(plan, columns)
    with code.loop(0, depth, hint="k") as k:
        row = code.offset(source, code.multiply(k, form.columns), form.element)
        packed = code.offset(target, code.multiply(k, pitch), form.element)
        for column, valid in _parts(plan, columns):
            count = None if valid == plan.lanes else valid
            code.store(code.load(row, column, kind, count), packed, column)


def _turn(
    code: Code,
    form: Form,
    plan: Plan,
    columns: int,
    memory: tuple[SSAValue, SSAValue, SSAValue],
) -> None:
    """Rows of memory are columns of R: blocks of lanes x lanes elements are transposed."""
    source, target, depth = memory
    kind = vector_of(form.element, plan.lanes)
    stride, pitch = form.depth.size, pack_pitch(plan, columns)
    with code.loop(0, depth, plan.lanes, hint="k") as k:
        left = code.value(code.subtract(depth, k))
        packed = code.multiply(k, pitch)
        for column, valid in _parts(plan, columns):
            begin = code.value(code.add(k, column * stride))
            place = code.value(code.add(packed, column))
            operands = (source, begin, stride), (target, place, pitch)
            code.builder.insert(TransposeOp(*operands, left, valid, kind))
