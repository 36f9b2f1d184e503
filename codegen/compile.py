"""From `kern` functions to object code: keys, the cache, and worker processes for what is missing.

Kernels are found again by content: the key is a hash of the kernel's printed text, its name left
out, and of everything the object depends on. Text is written while the workers compile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from io import StringIO

from xdsl.printer import Printer

from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.emit import emit_kernel, emitter_version
from brainscript.codegen.text import INTRINSICS
from brainscript.codegen.timing.trace import span
from brainscript.codegen.workers.pool import WorkerPool, shared_pool
from brainscript.diagnostic import CompilerFaultError, Diagnostic
from brainscript.dialects.kern import FuncOp
from brainscript.target import Target

Source = Callable[[], str]
"""Writes the LLVM text of one module when it is needed."""

_NAME = "kernel"


def content_key(text: str, target: Target) -> str:
    """The cache key of an object made from this text for this target."""
    parts = [
        text,
        emitter_version(),
        version("llvmlite"),
        target.triple,
        target.cpu,
        target.features,
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


def kernel_key(kernel: FuncOp, target: Target) -> str:
    """The key of a kernel; kernels that differ in name only have the same."""
    stream = StringIO()
    Printer(stream).print_op(kernel)
    printed = stream.getvalue()
    name = f"@{kernel.sym_name.data}("
    return content_key(printed.replace(name, f"@{_NAME}(", 1), target)


def kernel_symbol(key: str) -> str:
    """The native name of the kernel with this key."""
    return f"bs_{key[:32]}"


def compile_kernels(
    kernels: Sequence[FuncOp],
    target: Target,
    cache: ObjectCache | None = None,
    keys: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Objects of the kernels by key; `kernel_symbol(key)` is what each defines.

    `keys` are those of the kernels by name, where they are known: to print a kernel takes time.
    """
    sources: dict[str, Source] = {}
    for kernel in kernels:
        key = keys[kernel.sym_name.data] if keys else kernel_key(kernel, target)
        sources[key] = _kernel_source(kernel, kernel_symbol(key))
    return compile_sources(sources, target, cache)


def _kernel_source(kernel: FuncOp, symbol: str) -> Source:
    def source() -> str:
        with span(f"emit {kernel.sym_name.data}", "compile", symbol=symbol):
            return emit_kernel(kernel, symbol)

    return source


def compile_text(text: str, target: Target, cache: ObjectCache | None = None) -> tuple[str, bytes]:
    """Key and object of a module given as LLVM text, such as the step that calls the kernels."""
    key = content_key(text, target)
    return key, compile_sources({key: lambda: text}, target, cache)[key]


def compile_sources(
    sources: Mapping[str, Source],
    target: Target,
    cache: ObjectCache | None = None,
    pool: WorkerPool | None = None,
) -> dict[str, bytes]:
    """Objects by key, from the cache where it has them."""
    objects: dict[str, bytes] = {}
    missing: dict[str, Source] = {}
    for key, source in sources.items():
        found = cache.get(key) if cache is not None else None
        if found is None:
            missing[key] = source
        else:
            objects[key] = found
    if not missing:
        return objects
    checked = {key: _checked(source) for key, source in missing.items()}
    made = (pool or shared_pool()).compile(checked, target)
    if cache is not None:
        for key, data in made.items():
            cache.put(key, data)
        cache.prune()
    return {**objects, **made}


def assembly(text: str, target: Target) -> str:
    """The target's assembly for a module of LLVM text."""
    check_intrinsics(text)
    made = shared_pool().compile({"assembly": lambda: text}, target, assembly=True)
    return made["assembly"].decode("utf-8")


_INTRINSIC = re.compile(r"@(llvm\.[\w.]+)")


def check_intrinsics(text: str) -> None:
    """Refuse text that names an intrinsic which may end LLVM's process."""
    for line in text.split("\n"):
        found = _INTRINSIC.search(line) if line.startswith("declare ") else None
        if found and not _is_allowed(found.group(1)):
            raise CompilerFaultError(
                Diagnostic(
                    "BS0802",
                    f"intrinsic '{found.group(1)}' is not on the list of allowed ones",
                    help="report this: the compiler must not write it",
                )
            )


def _is_allowed(name: str) -> bool:
    """Whether the name, without the types at its end, is on the list."""
    parts = name.split(".")
    return any(".".join(parts[:size]) in INTRINSICS for size in range(2, len(parts) + 1))


def _checked(source: Source) -> Source:
    def write() -> str:
        text = source()
        check_intrinsics(text)
        return text

    return write
