"""Level 4 to level 5: a `kern.func` as the text of one LLVM module.

Emitters are functions of (emission, operation), gathered here in one table by operation class; each
part of the instruction set has a module of its own, `emit_<part>.py`, with a table `EMITTERS`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.text import ModuleText
from brainscript.dialects.kern import FuncOp

PARTS = ("control", "memory", "vector", "tile", "pairs", "windows")


@cache
def emitters() -> Table:
    """The emitter of every operation a kernel may hold."""
    table: Table = {}
    for part in PARTS:
        table.update(import_module(f"brainscript.codegen.emit_{part}").EMITTERS)
    return table


@cache
def emitter_version() -> str:
    """Part of the key of every cached object: a hash of the sources that write the text.

    So an object is never taken for one that another version of the emitters would have made.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def emit_kernel(kernel: FuncOp, symbol: str | None = None) -> str:
    """The LLVM text of a kernel; `symbol` replaces its name."""
    module = ModuleText()
    name = symbol or kernel.sym_name.data
    for local in kernel.locals():
        _emit_function(module, local, f"{name}.{local.sym_name.data}", name, "internal")
    _emit_function(module, kernel, name, name, "")
    return module.text()


def _emit_function(
    module: ModuleText, function: FuncOp, symbol: str, prefix: str, linkage: str
) -> None:
    arguments = function.body.block.args
    parameters = [(llvm_type(a.type), f"a{i}") for i, a in enumerate(arguments)]
    text = module.function(symbol, parameters, linkage)
    emission = Emission(module, text, emitters(), prefix)
    for argument, (_, parameter) in zip(arguments, parameters, strict=True):
        emission.bind(argument, f"%{parameter}")
    emission.block(function.body.block)
    text.line("ret void")
