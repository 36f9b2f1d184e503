"""Compiles one of our functions into a loop over an array and calls it, through llvmlite alone."""

from __future__ import annotations

import ctypes
from importlib import import_module
from typing import Any

import numpy as np

from brainscript.codegen.functions import Element, expand

llvm: Any = import_module("llvmlite.binding")


def _machine(features: str | None) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target: Any = llvm.Target.from_default_triple()
    host = llvm.get_host_cpu_features().flatten()
    cpu = "x86-64" if features == "" else llvm.get_host_cpu_name()
    chosen = host if features is None else features
    return target.create_target_machine(cpu=cpu, features=chosen, opt=2, reloc="pic")


def loop_text(name: str, lanes: int | None, element: Element) -> str:
    """`void f(x, y, n)`: `y[i] = name(x[i])`, `lanes` elements a time."""
    lines: list[str] = []

    def emit(text: str) -> str:
        lines.append(f"  %v{len(lines)} = {text}")
        return f"%v{len(lines) - 1}"

    kind = element if lanes is None else f"<{lanes} x {element}>"
    size = 4 if element == "float" else 8
    value = expand(name, "%x", lanes, element, emit)
    return "\n".join(
        [
            'define void @f(ptr noalias %a, ptr noalias %b, i64 %n) "prefer-vector-width"="512" {',
            "entry:",
            "  br label %head",
            "head:",
            "  %i = phi i64 [ 0, %entry ], [ %next, %body ]",
            "  %more = icmp slt i64 %i, %n",
            "  br i1 %more, label %body, label %done",
            "body:",
            f"  %p = getelementptr {element}, ptr %a, i64 %i",
            f"  %q = getelementptr {element}, ptr %b, i64 %i",
            f"  %x = load {kind}, ptr %p, align {size}",
            *lines,
            f"  store {kind} {value}, ptr %q, align {size}",
            f"  %next = add i64 %i, {lanes or 1}",
            "  br label %head",
            "done:",
            "  ret void",
            "}",
        ]
    )


class Compiled:
    """A callable `y = f(x)` on arrays."""

    def __init__(self, name: str, lanes: int | None, element: Element, features: str | None = None):
        machine = _machine(features)
        module: Any = llvm.parse_assembly(loop_text(name, lanes, element))
        module.verify()
        self.engine: Any = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()
        pointer, count = ctypes.c_void_p, ctypes.c_int64
        address = self.engine.get_function_address("f")
        self.function = ctypes.CFUNCTYPE(None, pointer, pointer, count)(address)
        self.lanes = lanes or 1
        self.dtype = np.dtype(np.float32 if element == "float" else np.float64)

    def __call__(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The function at every element of `x`."""
        count = -(-x.size // self.lanes) * self.lanes
        source = np.zeros(count, self.dtype)
        source[: x.size] = x
        result = np.zeros(count, self.dtype)
        self.function(source.ctypes.data, result.ctypes.data, count)
        return result[: x.size]
