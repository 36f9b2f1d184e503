"""The tile registers of AMX in numpy: kernels made for them run on machines without.

Their LLVM text is compiled as it is, but each instruction is a call into here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gemm_harness import Kernel
from numpy.typing import NDArray

from brainscript.codegen.compile import compile_text
from brainscript.codegen.emit import emit_kernel
from brainscript.codegen.jit import Linked
from brainscript.dialects.kern import FuncOp
from brainscript.target import Target, choose_target

ROWS, WORDS = 16, 16


class Registers:
    """Eight tile registers; `used` counts the instructions that were run."""

    def __init__(self) -> None:
        self.tiles = np.zeros((8, ROWS, WORDS), np.uint32)
        self.used: dict[str, int] = {}
        self.configured = False
        byte, word, address = ctypes.c_int8, ctypes.c_int64, ctypes.c_void_p
        self._instructions: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
            "ldtilecfg": (self.configure, (address,)),
            "tilerelease": (self.release, ()),
            "tilezero": (self.zero, (byte,)),
            "tileloadd64": (self.load, (byte, address, word)),
            "tilestored64": (self.store, (byte, address, word)),
            "tdpbf16ps": (self.multiply, (byte, byte, byte)),
        }
        self._callbacks = {
            name: ctypes.CFUNCTYPE(None, *kinds)(self._counted(name, call))
            for name, (call, kinds) in self._instructions.items()
        }

    def _counted(self, name: str, call: Callable[..., None]) -> Callable[..., None]:
        def run(*operands: int) -> None:
            self.used[name] = self.used.get(name, 0) + 1
            assert self.configured or name == "ldtilecfg"
            call(*operands)

        return run

    def imports(self) -> dict[str, int]:
        """The addresses of the functions that stand for the instructions."""
        return {
            f"emulated_{name}": ctypes.cast(call, ctypes.c_void_p).value or 0
            for name, call in self._callbacks.items()
        }

    def configure(self, place: int) -> None:
        """Palette 1, and every register of its whole size."""
        data = bytes((ctypes.c_uint8 * 64).from_address(place))
        assert data[0] == 1
        assert data[16:32] == bytes((4 * WORDS, 0) * 8)
        assert data[48:56] == bytes((ROWS,) * 8)
        self.configured = True

    def release(self) -> None:
        """Forget all sums."""
        self.configured = False
        self.tiles[:] = 0xFFFFFFFF

    def zero(self, tile: int) -> None:
        """Zeros in all rows."""
        self.tiles[tile] = 0

    def load(self, tile: int, place: int, stride: int) -> None:
        """Rows of 64 bytes, `stride` bytes apart."""
        for row in range(ROWS):
            self.tiles[tile, row] = _line(place + row * stride)

    def store(self, tile: int, place: int, stride: int) -> None:
        """The same the other way round."""
        for row in range(ROWS):
            _line(place + row * stride)[:] = self.tiles[tile, row]

    def multiply(self, acc: int, a: int, b: int) -> None:
        """Products of pairs; the sum of a register is rounded once."""
        left, right = halves(self.tiles[a]), halves(self.tiles[b])
        sums = self.tiles[acc].view(np.float32)
        with np.errstate(all="ignore"):
            product = sum(x @ y for x, y in zip(left, right, strict=True))
            sums[:] = sums + product


def halves(words: NDArray[np.uint32]) -> list[NDArray[np.float64]]:
    """The first and the second numbers of the pairs."""
    parts = [words << 16, words & np.uint32(0xFFFF0000)]
    return [part.view(np.float32).astype(np.float64) for part in parts]


def _line(place: int) -> NDArray[np.uint32]:
    return np.ctypeslib.as_array((ctypes.c_uint32 * WORDS).from_address(place))


@dataclass(frozen=True)
class Emulated(Kernel):
    """A kernel for tile registers, and those it works with."""

    registers: Registers


def amx_here() -> Target:
    """This machine, as if it had tile registers."""
    return replace(choose_target(), pairs="amx")


def emulated(functions: Sequence[tuple[FuncOp, int]]) -> list[Emulated]:
    """Compile and link lowered kernels, each with its number of pointers."""
    made: list[Emulated] = []
    for function, pointers in functions:
        function.verify()
        registers = Registers()
        text = emit_kernel(function, "kernel")
        for name in registers.imports():
            text = text.replace(f"@llvm.x86.{name.removeprefix('emulated_')}(", f"@{name}(")
        _, data = compile_text(text, choose_target())
        linked = Linked([data], ["kernel"], registers.imports())
        kinds: list[Any] = [ctypes.c_void_p] * pointers + [ctypes.c_int64, ctypes.c_void_p]
        call = linked.function("kernel", *kinds, ctypes.c_int64, ctypes.c_int64)
        made.append(Emulated(call, function.scratch, registers))
    return made
