"""Object code linked into this process: objects in, addresses out."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from itertools import count
from typing import Any

from brainscript.diagnostic import BrainScriptError, Diagnostic

llvm: Any = import_module("llvmlite.binding")

_numbers = count()


@cache
def _linker() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_lljit_compiler()


class Linked:
    """Objects linked together; the code lives as long as this.

    `exports` are the symbols asked for, `imports` give the addresses of functions the objects
    call and do not define; the C library of the process is searched as well.
    """

    def __init__(
        self,
        objects: Iterable[bytes],
        exports: Iterable[str],
        imports: Mapping[str, int] | None = None,
    ):
        builder = llvm.JITLibraryBuilder()
        for data in objects:
            builder.add_object_img(data)
        builder.add_current_process()
        for name, address in (imports or {}).items():
            builder.import_symbol(name, address)
        wanted = list(exports)
        for name in wanted:
            builder.export_symbol(name)
        try:
            self._tracker: Any = builder.link(_linker(), f"brainscript{next(_numbers)}")
        except RuntimeError as error:
            raise BrainScriptError(
                Diagnostic(
                    "BS0804",
                    "compiled code could not be linked",
                    label=str(error).strip(),
                    help="remove the cache folder; if it happens again, report it",
                )
            ) from error
        self._addresses: dict[str, int] = {name: self._tracker[name] for name in wanted}

    def address(self, symbol: str) -> int:
        """Where an exported symbol lies."""
        return self._addresses[symbol]

    def function(self, symbol: str, *kinds: Any) -> Any:
        """An exported function without a result, as ctypes calls it."""
        made: Any = ctypes.CFUNCTYPE(None, *kinds)(self._addresses[symbol])
        made.owner = self
        return made
