"""Compile a `sched.kernel` given as text and run it on numpy arrays with any number of threads."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.parser import Parser

from brainscript.codegen.compile import compile_kernels, kernel_key, kernel_symbol
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


def guard_of(array: Array) -> Array:
    """The zeros behind an array made by `aligned`."""
    raw = array.base
    assert isinstance(raw, np.ndarray)
    return raw[array.ctypes.data - raw.ctypes.data + array.nbytes :]


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel."""

    function: Any
    workspace: int

    def run(self, arrays: Sequence[Array], columns: int, threads: int = 1) -> None:
        """Call it for every thread, one after the other."""
        scratch = aligned(np.full(self.workspace + 64, 0xFF, np.uint8))
        pointers = [a.ctypes.data for a in arrays]
        for tid in range(threads):
            self.function(*pointers, columns, scratch.ctypes.data, tid, threads)
        assert not any(np.any(guard_of(a)) for a in arrays), "written behind an array"


def parse_kernel(text: str) -> KernelOp:
    """The only kernel of a module, verified."""
    module = Parser(make_context(), text).parse_module()
    module.verify()
    (kernel,) = module.ops
    assert isinstance(kernel, KernelOp)
    return kernel


def build(functions: Sequence[tuple[FuncOp, int]], target: Target) -> list[Kernel]:
    """Compile and link lowered kernels, each with its number of pointers."""
    for function, _ in functions:
        function.verify()
    objects = compile_kernels([f for f, _ in functions], target)
    symbols = [kernel_symbol(kernel_key(f, target)) for f, _ in functions]
    linked = Linked(objects.values(), dict.fromkeys(symbols))
    made: list[Kernel] = []
    for symbol, (function, pointers) in zip(symbols, functions, strict=True):
        kinds: list[Any] = [ctypes.c_void_p] * pointers + [ctypes.c_int64, ctypes.c_void_p]
        kinds += [ctypes.c_int64, ctypes.c_int64]
        made.append(Kernel(linked.function(symbol, *kinds), function.scratch))
    return made


def gemm(texts: Sequence[str], target: str = "") -> list[Kernel]:
    """The compiled kernels for texts of `sched.kernel`s of the family `gemm`."""
    chosen = choose_target(target)
    kernels = [parse_kernel(text) for text in texts]
    lowered = [(lower_gemm(k, chosen), len(k.inputs) + len(k.outputs)) for k in kernels]
    return build(lowered, chosen)


def close(found: Array, wanted: Array, depth: int) -> None:
    """Assert that results of sums of `depth` products agree to rounding."""
    unit = np.finfo(found.dtype).eps
    scale = np.sqrt(depth + 1) * max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=8 * unit * scale)
