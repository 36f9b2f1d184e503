"""Compile kernels of the families rows and columns and compare them with the reference."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue
from xdsl.parser import Parser

from brainscript.codegen.compile import compile_kernels, kernel_symbol
from brainscript.codegen.jit import Linked
from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.parameters import SplatOp
from brainscript.dialects.registry import make_context
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.to_kern import lower_kernel
from brainscript.target import Target, choose_target
from test.numeric.reference import compute

Array = NDArray[Any]
Maker = Callable[[TensorType, int, int], Array]
"""Values for an input: its type, the number of columns, which input it is."""

GUARD = 64
"""Bytes behind every array that no kernel may touch."""


def aligned(source: Array) -> Array:
    """A copy that starts at a multiple of 64 bytes, with guard bytes behind it."""
    raw = np.full(source.nbytes + 64 + GUARD, 0xA5, np.uint8)
    start = -raw.ctypes.data % 64
    view = raw[start : start + source.nbytes].view(source.dtype).reshape(source.shape)
    view[...] = source
    return view


def guarded(array: Array) -> bool:
    """Whether the bytes behind an array made by `aligned` are as they were."""
    raw: Any = array
    while raw.base is not None:
        raw = raw.base
    end = array.ctypes.data - raw.ctypes.data + array.nbytes
    return bool(np.all(raw[end : end + GUARD] == 0xA5))


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel."""

    function: Any
    workspace: int

    def run(self, arrays: Sequence[Array], columns: int, threads: int = 1) -> None:
        """Call it for every thread, one after the other."""
        scratch = aligned(np.full(self.workspace, 0xFF, np.uint8))
        pointers = [a.ctypes.data for a in arrays]
        for tid in range(threads):
            self.function(*pointers, columns, scratch.ctypes.data, tid, threads)
        assert all(guarded(a) for a in [*arrays, scratch])


def parse_kernel(text: str) -> KernelOp:
    """The only kernel of a module, verified."""
    module = Parser(make_context(), text).parse_module()
    module.verify()
    (kernel,) = module.ops
    assert isinstance(kernel, KernelOp)
    return kernel


def build(function: FuncOp, pointers: int, target: Target) -> Kernel:
    """Compile and link one lowered kernel."""
    function.verify()
    objects = compile_kernels([function], target)
    (key,) = objects
    kinds = [ctypes.c_void_p] * pointers + [ctypes.c_int64, ctypes.c_void_p]
    kinds += [ctypes.c_int64, ctypes.c_int64]
    linked = Linked(objects.values(), [kernel_symbol(key)])
    return Kernel(linked.function(kernel_symbol(key), *kinds), function.scratch)


def lowered(kernel: KernelOp, target: str = "") -> Kernel:
    """The compiled kernel, for this machine or the target of this name."""
    chosen = choose_target(target)
    pointers = len(kernel.inputs) + len(kernel.outputs)
    return build(lower_kernel(kernel, chosen), pointers, chosen)


TOLERANCE = {"f32": 3e-6, "f64": 1e-13}


def tensor(shape: tuple[int, ...], element: str = "f32", axis: bool = True) -> str:
    dims = " x ".join(str(d) for d in shape)
    return f"!net.t<[{dims}], {element}" + (', @"*">' if axis else ">")


def kernel_text(
    family: str, inputs: list[str], lines: list[str], outputs: list[tuple[str, str]]
) -> str:
    """A kernel: inputs %0, %1, ... of these types; lines; pairs of result name and type."""
    arguments = ", ".join(f"%{i} : {t}" for i, t in enumerate(inputs))
    types = ", ".join(t for _, t in outputs)
    names = ", ".join(f"%{name}" for name, _ in outputs)
    head = f"sched.kernel @k {family}({arguments}) -> ({types}) {{"
    return "\n".join([head, *lines, f"sched.yield {names} : {types}", "}"])


class Case:
    """A kernel with values for its inputs, and what the reference makes of them."""

    def __init__(self, text: str, columns: int, make: Maker):
        self.kernel = parse_kernel(text)
        self.columns = columns
        self.inputs = [make(type_of(v), columns, i) for i, v in enumerate(self.kernel.inputs)]

    def expected(self) -> list[Array]:
        values: dict[SSAValue, Array] = {}
        for value, array in zip(self.kernel.inputs, self.inputs, strict=True):
            values[value] = to_reference(array.astype(np.float64), type_of(value), self.columns)
        for op in self.kernel.steps:
            assert isinstance(op, NetOp)
            if isinstance(op, SplatOp):
                shape = type_of(op.result).shape
                assert shape is not None
                values[op.result] = np.full(shape, op.value.value.data)
                continue
            arrays = [values[v] for v in op.operands]
            with np.errstate(all="ignore"):
                values[op.result] = compute(op, arrays, {"*": self.columns})
        return [from_reference(values[v], type_of(v), self.columns) for v in self.kernel.outputs]

    def run(self, kernel: Kernel, threads: int) -> list[Array]:
        outputs = [empty(type_of(v), self.columns) for v in self.kernel.outputs]
        kernel.run([*self.inputs, *outputs], self.columns, threads)
        return outputs


def rows_of(kind: TensorType, columns: int) -> int:
    return 1 if kind.axis is None else columns


def to_reference(array: Array, kind: TensorType, columns: int) -> Array:
    assert kind.shape is not None
    if kind.axis is None:
        return array.reshape(kind.shape, order="F")
    return np.moveaxis(array.reshape(columns, *kind.shape[::-1]), 0, -1).transpose(
        *range(len(kind.shape))[::-1], len(kind.shape)
    )


def from_reference(array: Array, kind: TensorType, columns: int) -> Array:
    assert kind.shape is not None
    rank = len(kind.shape)
    order = (*range(rank)[::-1],) if kind.axis is None else (rank, *range(rank)[::-1])
    return array.transpose(order).reshape(rows_of(kind, columns), prod(kind.shape))


def empty(kind: TensorType, columns: int) -> Array:
    dtype = np.float32 if str(kind.element) == "f32" else np.float64
    return aligned(np.full((rows_of(kind, columns), kind.elements), 7.5, dtype))


def normal(kind: TensorType, columns: int, number: int) -> Array:
    random = np.random.default_rng(number + 11)
    values = random.standard_normal((rows_of(kind, columns), kind.elements)) * 2
    return aligned(values.astype(empty(kind, 1).dtype))


def check(
    text: str,
    columns: int = 19,
    make: Maker = normal,
    tolerance: float | None = None,
    kernel: Kernel | None = None,
) -> Kernel:
    """Compare with the reference, and the threads with each other; returns the kernel."""
    case = Case(text, columns, make)
    kernel = kernel or lowered(case.kernel)
    results = case.run(kernel, 1)
    for threads in (2, 3):
        again = case.run(kernel, threads)
        for one, other in zip(results, again, strict=True):
            np.testing.assert_array_equal(one, other)
    element = str(type_of(case.kernel.outputs[0]).element)
    bound = TOLERANCE[element] if tolerance is None else tolerance
    for result, expected in zip(results, case.expected(), strict=True):
        np.testing.assert_allclose(result, expected, rtol=bound, atol=bound)
    return kernel


def special(kind: TensorType, columns: int, number: int) -> Array:
    values = [0.0, -0.0, 1.0, -1.0, 1e-38, -1e-38, 1e-36, 1e-31, 80.0, -80.0, 0.5, 3.25, -2.5]
    random = np.random.default_rng(number)
    chosen = random.choice(values, (rows_of(kind, columns), kind.elements))
    return aligned(chosen.astype(empty(kind, 1).dtype))


def classes(kind: TensorType, columns: int, number: int) -> Array:
    values = normal(kind, columns, number)
    if number == 1:
        random = np.random.default_rng(3)
        values[...] = 0
        for row in values:
            row[random.integers(0, values.shape[1])] = 1
    return values
