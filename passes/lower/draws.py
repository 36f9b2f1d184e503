"""Kernels of the family `draw`: the first thread calls the native library for random numbers."""

from __future__ import annotations

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.kern_native import NativeOp
from brainscript.dialects.net.random import DrawClassesOp, DrawCountOp, UniformOp
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import shape_of, type_of
from brainscript.passes.lower.rows.writer import Writer
from brainscript.target import Target


def lower_draw(kernel: KernelOp, target: Target) -> FuncOp:
    """The call, by one thread: a generator has one order of draws.

    Before: `sched.kernel @k draw(%g : [626]) -> ([50], @"*") { net.uniform %g }`
    After: `kern.func @k(...)` with `kern.native "bs_draw_uniform"(%g, %y, %count, %seed, %bytes)`.
    """
    (op,) = kernel.steps
    kind = type_of(op.results[0])
    writer = Writer(len(kernel.inputs), 1, kind.element, target)
    place = {value: number for number, value in enumerate(kernel.inputs)}
    inputs = [writer.pointers[place[value]] for value in op.operands]
    pointers = [*inputs, writer.pointers[-1]]
    width = writer.index(writer.bytes)
    with writer.when("eq", writer.tid, writer.index(0)):
        if isinstance(op, UniformOp):
            columns = writer.n if kind.axis is not None else writer.index(1)
            count = writer.mul(columns, kind.elements)
            seed = writer.index(op.seed.value.data)
            writer.builder.insert(NativeOp("bs_draw_uniform", [*pointers, count, seed, width]))
        elif isinstance(op, DrawClassesOp):
            classes, count = shape_of(op.result)
            numbers = (classes, count, int(bool(op.replacement)), op.seed.value.data)
            arguments = [*pointers, *map(writer.index, numbers), width]
            writer.builder.insert(NativeOp("bs_draw_classes", arguments))
        else:
            assert isinstance(op, DrawCountOp), op.name
            numbers = (type_of(op.weights).elements, op.count.value.data, op.seed.value.data)
            arguments = [*pointers, *map(writer.index, numbers), width]
            writer.builder.insert(NativeOp("bs_draw_count", arguments))
    return writer.finish(kernel.sym_name.data)
