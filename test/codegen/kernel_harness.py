"""Compile a `sched.kernel` given as text and run it on numpy arrays with any number of threads."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.parser import Parser

from brainscript.codegen.compile import compile_kernels, kernel_symbol
from brainscript.codegen.jit import Linked
from brainscript.dialects.kern import FuncOp
from brainscript.dialects.registry import make_context
from brainscript.dialects.sched import KernelOp
from brainscript.passes.lower.gemm import lower_gemm
from brainscript.target import Target, choose_target

Array = NDArray[Any]


def aligned(source: Array) -> Array:
    """A copy that starts at a multiple of 64 bytes, with guard bytes behind it."""
    raw = np.zeros(source.nbytes + 128, np.uint8)
    start = -raw.ctypes.data % 64
    view = raw[start : start + source.nbytes].view(source.dtype).reshape(source.shape)
    view[...] = source
    return view


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel."""

    function: Any
    workspace: int
    lowered: str

    def run(self, arrays: Sequence[Array], columns: int, threads: int = 1) -> None:
        """Call it for every thread, one after the other."""
        scratch = aligned(np.full(self.workspace + 64, 0xFF, np.uint8))
        pointers = [a.ctypes.data for a in arrays]
        for tid in range(threads):
            self.function(*pointers, columns, scratch.ctypes.data, tid, threads)


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
    symbol = kernel_symbol(key)
    kinds = [ctypes.c_void_p] * pointers + [ctypes.c_int64, ctypes.c_void_p]
    kinds += [ctypes.c_int64, ctypes.c_int64]
    linked = Linked(objects.values(), [symbol])
    return Kernel(linked.function(symbol, *kinds), function.scratch, str(function))


@cache
def gemm(text: str, target: str = "") -> Kernel:
    """The compiled kernel for the text of a `sched.kernel` of the family `gemm`."""
    kernel = parse_kernel(text)
    chosen = choose_target(target)
    pointers = len(kernel.inputs) + len(kernel.outputs)
    return build(lower_gemm(kernel, chosen), pointers, chosen)
