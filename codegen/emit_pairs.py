"""LLVM text for pairs of bfloat16 and for the tile registers of AMX."""

from __future__ import annotations

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import split
from brainscript.codegen.text import FunctionText
from brainscript.dialects.kern_pairs import (
    TILE_ROWS,
    TILE_WORDS,
    TILES,
    AmxConfigureOp,
    AmxLoadOp,
    AmxMultiplyOp,
    AmxReleaseOp,
    AmxStoreOp,
    AmxZeroOp,
    RoundPairsOp,
)

CONFIGURATION = "@tile_configuration"
"""Where a module has the sizes of the tile registers, as LDTILECFG reads them."""


def multiply_add_pairs(text: FunctionText, vector: str, left: str, right: str, acc: str) -> str:
    """Both products of every pair of two vectors of words added to `acc`."""
    lanes, _ = split(vector)
    pairs = f"<{2 * lanes} x bfloat>"
    operands = [(vector, acc)]
    for words in (left, right):
        operands.append((pairs, text.value(f"bitcast {vector} {words} to {pairs}")))
    return text.call(f"llvm.x86.avx512bf16.dpbf16ps.{32 * lanes}", [], vector, operands)


def emit_round_pairs(emission: Emission, op: Operation) -> None:
    """`kern.round_pairs`: one instruction rounds both vectors, one orders their halves."""
    assert isinstance(op, RoundPairsOp)
    text, vector = emission.text, llvm_type(op.a.type)
    lanes, _ = split(vector)
    both = f"<{2 * lanes} x bfloat>"
    operands = [(vector, emission.operand(v)) for v in (op.b, op.a)]
    name = f"llvm.x86.avx512bf16.cvtne2ps2bf16.{32 * lanes}"
    rounded = text.call(name, [], both, operands)
    if op.order.data == "across":
        order = ", ".join(f"i32 {i // 2 + i % 2 * lanes}" for i in range(2 * lanes))
        mask = f"<{2 * lanes} x i32> <{order}>"
        rounded = text.value(f"shufflevector {both} {rounded}, {both} poison, {mask}")
    emission.result(op, f"bitcast {both} {rounded} to {llvm_type(op.result.type)}")


def configuration() -> str:
    """The 64 bytes of LDTILECFG: palette 1, the bytes of a row and the rows of each register."""
    widths = "".join(f"\\{4 * TILE_WORDS:02X}\\00" for _ in range(TILES))
    rows = "".join(f"\\{TILE_ROWS:02X}" for _ in range(TILES))
    data = "\\01" + "\\00" * 15 + widths + "\\00" * 16 + rows + "\\00" * 8
    return f'{CONFIGURATION} = private constant [64 x i8] c"{data}"'


def emit_configure(emission: Emission, op: Operation) -> None:
    """`kern.amx_configure`."""
    emission.module.declare(CONFIGURATION, configuration())
    emission.text.call("llvm.x86.ldtilecfg", [], "void", [("ptr", CONFIGURATION)])


def emit_release(emission: Emission, op: Operation) -> None:
    """`kern.amx_release`."""
    emission.text.call("llvm.x86.tilerelease", [], "void", [])


def emit_zero(emission: Emission, op: Operation) -> None:
    """`kern.amx_zero`."""
    assert isinstance(op, AmxZeroOp)
    emission.text.call("llvm.x86.tilezero", [], "void", [_number(op.tile.value.data)])


def emit_move(emission: Emission, op: Operation) -> None:
    """`kern.amx_load` and `kern.amx_store`: rows of words, their distance in bytes."""
    assert isinstance(op, AmxLoadOp | AmxStoreOp)
    text = emission.text
    place = text.offset(emission.operand(op.pointer), emission.operand(op.index), "i32")
    name = "tileloadd64" if isinstance(op, AmxLoadOp) else "tilestored64"
    distance = str(4 * op.stride.value.data)
    operands = [_number(op.tile.value.data), ("ptr", place), ("i64", distance)]
    text.call(f"llvm.x86.{name}", [], "void", operands)


def emit_multiply(emission: Emission, op: Operation) -> None:
    """`kern.amx_multiply`."""
    assert isinstance(op, AmxMultiplyOp)
    numbers = [_number(n.value.data) for n in (op.acc, op.a, op.b)]
    emission.text.call("llvm.x86.tdpbf16ps", [], "void", numbers)


def _number(tile: int) -> tuple[str, str]:
    return "i8", str(tile)


EMITTERS: Table = {
    RoundPairsOp: emit_round_pairs,
    AmxConfigureOp: emit_configure,
    AmxReleaseOp: emit_release,
    AmxZeroOp: emit_zero,
    AmxLoadOp: emit_move,
    AmxStoreOp: emit_move,
    AmxMultiplyOp: emit_multiply,
}
