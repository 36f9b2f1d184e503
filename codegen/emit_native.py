"""LLVM text for calls into the native library."""

from __future__ import annotations

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.dialects.kern_native import NativeOp


def emit_native(emission: Emission, operation: Operation) -> None:
    """Declare the function and call it."""
    assert isinstance(operation, NativeOp)
    name = operation.function.data
    types = ", ".join(llvm_type(v.type) for v in operation.arguments)
    emission.module.declare(name, f"declare void @{name}({types})")
    arguments = ", ".join(emission.typed(v) for v in operation.arguments)
    emission.text.line(f"call void @{name}({arguments})")


EMITTERS: Table = {NativeOp: emit_native}
