"""From `kern` functions to object code: keys, the cache, and worker processes for what is missing.

Modules are found again by content: the key is a hash of the LLVM text, with a kernel's name left
out, and of everything the object depends on. More text is written while the workers compile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from brainscript.codegen.cache import ObjectCache
from brainscript.codegen.emit import emit_kernel, emitter_version
from brainscript.codegen.text import INTRINSICS
from brainscript.codegen.timing.trace import span
from brainscript.codegen.workers.pool import Batch, shared_pool
from brainscript.diagnostic import CompilerFaultError, Diagnostic
from brainscript.dialects.kern import FuncOp
from brainscript.target import Target

llvmlite: Any = import_module("llvmlite")
_NAME = "kernel"


def content_key(text: str, target: Target, level: int = 2) -> str:
    """The cache key of an object made from this text for this target."""
    makers = (emitter_version(), llvmlite.__version__)
    parts = [text, *makers, target.triple, target.cpu, target.features, str(level)]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


def kernel_key(kernel: FuncOp, target: Target) -> str:
    """The key of a kernel; kernels that differ in name only have the same."""
    return content_key(emit_kernel(kernel, _NAME), target)


def kernel_symbol(key: str) -> str:
    """The native name of the kernel with this key."""
    return f"bs_{key[:32]}"


class Compiling:
    """A step that is being compiled: what the cache lacks goes to the workers at once."""

    def __init__(self, target: Target, cache: ObjectCache | None = None):
        self._target, self._cache = target, cache
        self._batch = Batch(shared_pool(), target)
        self._objects: dict[str, bytes] = {}

    def __enter__(self) -> Compiling:
        self._batch.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._batch.__exit__(*failure)

    def start(self) -> None:
        """Start the workers now, for there will be work for them."""
        self._batch.start()

    def kernel(self, kernel: FuncOp) -> str:
        """Compile a kernel; `kernel_symbol` of the key is what its object defines."""
        name = kernel.sym_name.data
        with span(f"emit {name}", "compile"):
            text = emit_kernel(kernel, _NAME)
            key = content_key(text, self._target)
        self._add(key, text.replace(f"@{_NAME}", f"@{kernel_symbol(key)}"), label=name)
        return key

    def text(self, text: str, level: int = 2) -> str:
        """Compile a module given as LLVM text, such as the step that calls the kernels."""
        key = content_key(text, self._target, level)
        self._add(key, text, level)
        return key

    def objects(self) -> dict[str, bytes]:
        """The objects of all that was asked for, by key."""
        made = self._batch.finish()
        if self._cache is not None and made:
            for key, data in made.items():
                self._cache.put(key, data)
            self._cache.tidy()
        return {key: made.get(key) or data for key, data in self._objects.items()}

    def _add(self, key: str, text: str, level: int = 2, label: str = "") -> None:
        if key in self._objects:
            return
        found = self._cache.get(key) if self._cache is not None else None
        self._objects[key] = found or b""
        if found is None:
            self._batch.add(key, lambda: _checked(text), level, label)


def compile_kernels(
    kernels: Sequence[FuncOp], target: Target, cache: ObjectCache | None = None
) -> dict[str, bytes]:
    """Objects of the kernels by key; `kernel_symbol(key)` is what each defines."""
    with Compiling(target, cache) as compiling:
        for kernel in kernels:
            compiling.kernel(kernel)
        return compiling.objects()


def compile_text(text: str, target: Target, cache: ObjectCache | None = None) -> tuple[str, bytes]:
    """Key and object of a module given as LLVM text."""
    with Compiling(target, cache) as compiling:
        key = compiling.text(text)
        return key, compiling.objects()[key]


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


def _checked(text: str) -> str:
    check_intrinsics(text)
    return text
