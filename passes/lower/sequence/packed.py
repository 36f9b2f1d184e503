"""Kernels of indices: steps that a condition finds, columns of steps, gather and scatter."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_native import NativeOp
from brainscript.dialects.net.sequence import ColumnsOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.sequence.layout import Layout, as_index, start
from brainscript.passes.lower.sequence.moves import choose
from brainscript.passes.lower.sequence.samples import copy_sample
from brainscript.target import Target

NO_SUCH_STEP = 3
"""The complaint that an index names a step that is not there; see `runtime/layouts.py`."""


def lower_where(kernel: KernelOp, target: Target) -> FuncOp:
    """The first thread lets the native library find the steps and lay out the new axis."""
    writer, layouts = start(kernel, target)
    cond, index = writer.pointers[:2]
    axis, found = type_of(kernel.inputs[0]).axis, type_of(kernel.outputs[0]).axis
    assert axis is not None
    assert found is not None
    with writer.when("eq", writer.tid, writer.index(0)):
        arguments = [
            layouts[axis].pointer,
            layouts[found].pointer,
            cond,
            index,
            writer.index(writer.bytes),
        ]
        writer.builder.insert(NativeOp("bs_find_steps", arguments))
    return writer.finish(kernel.sym_name.data)


def lower_columns_of(kernel: KernelOp, target: Target) -> FuncOp:
    """The column of each step number, in the layout of another axis; threads share sequences."""
    writer, layouts = start(kernel, target)
    op, axis = kernel.steps[0], type_of(kernel.inputs[0]).axis
    assert isinstance(op, ColumnsOp)
    assert axis is not None
    mine, other = layouts[axis], layouts[op.axis.data]
    x, y = writer.pointers[:2]
    first, last = writer.share(mine.sequences, 1)
    with writer.loop(first, last, 1) as loop:
        rank = other.partner(mine, loop.index)
        with writer.loop(writer.index(0), mine.length(loop.index), 1) as step:
            at = mine.column(loop.index, step.index)
            wanted = as_index(writer, writer.load(x, at, writer.element))
            inside = _bounded(writer, wanted, other.length(rank), mine)
            column = writer.insert(arith.IndexCastOp(other.column(rank, inside), i64))
            writer.store(writer.insert(arith.SIToFPOp(column, writer.element)), y, at)
    return writer.finish(kernel.sym_name.data)


def _bounded(writer: Writer, index: SSAValue, count: SSAValue, layout: Layout) -> SSAValue:
    """The index where it is within `count`, else 0 and a complaint."""
    zero = writer.index(0)
    good = choose(writer, "ult", index, count, index, zero)
    with writer.when("ne", good, index):
        layout.complain(NO_SUCH_STEP)
    return good


def lower_gather(kernel: KernelOp, target: Target) -> FuncOp:
    """`y[:, j] = x[:, index[j]]`; threads share the columns of the result."""
    writer, layouts = start(kernel, target)
    index, x, y = writer.pointers[:3]
    kind = type_of(kernel.outputs[0])
    assert kind.axis is not None
    mine = layouts[kind.axis]
    count = _columns(writer, layouts, type_of(kernel.inputs[1]))
    first, last = writer.share(mine.columns, 1)
    with writer.loop(first, last, 1) as loop:
        wanted = as_index(writer, writer.load(index, loop.index, writer.element))
        source = _bounded(writer, wanted, count, mine)
        copy_sample(writer, kind.elements, x, source, y, loop.index)
    return writer.finish(kernel.sym_name.data)


def _columns(writer: Writer, layouts: dict[str, Layout], kind: TensorType) -> SSAValue:
    """The number of columns: of the dynamic axis, or the size of the last static one."""
    if kind.axis is not None:
        return layouts[kind.axis].columns
    assert kind.shape is not None
    return writer.index(kind.shape[-1])


def lower_scatter(kernel: KernelOp, target: Target) -> FuncOp:
    """`y = 0`, then `y[:, index[j]] += x[:, j]` in the order of j; threads share the elements."""
    writer, layouts = start(kernel, target)
    index, x, y = writer.pointers[:3]
    kind, source = type_of(kernel.outputs[0]), type_of(kernel.inputs[1])
    assert source.axis is not None
    count = _columns(writer, layouts, kind)
    elements = source.elements
    first, last = writer.share(writer.index(elements), writer.lanes)
    with writer.loop(first, last, writer.lanes) as part:
        valid = writer.least(writer.sub(last, part.index), writer.lanes)
        zero = writer.vectors().constant(0.0)
        with writer.loop(writer.index(0), count, 1) as column:
            at = writer.add(writer.mul(column.index, elements), part.index)
            writer.store(zero, y, at, valid)
        with writer.loop(writer.index(0), layouts[source.axis].columns, 1) as sample:
            wanted = as_index(writer, writer.load(index, sample.index, writer.element))
            inside = choose(writer, "ult", wanted, count, wanted, writer.index(0))
            to = writer.add(writer.mul(inside, elements), part.index)
            at = writer.add(writer.mul(sample.index, elements), part.index)
            old, new = writer.load(y, to, None, valid), writer.load(x, at, None, valid)
            writer.store(writer.vectors().add(old, new), y, to, valid)
    return writer.finish(kernel.sym_name.data)


LOWERINGS: dict[str, Callable[[KernelOp, Target], FuncOp]] = {
    "net.where": lower_where,
    "net.columns": lower_columns_of,
    "net.gather_packed": lower_gather,
    "net.scatter_columns": lower_scatter,
}
