"""LLVM text for windows: products of gathered elements, tiles turned round, statistics."""

from __future__ import annotations

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import load, splat, split, store
from brainscript.codegen.emit_rows import transposed
from brainscript.codegen.emit_tile import as_rows
from brainscript.codegen.text import FunctionText
from brainscript.dialects.kern_tile import tile_of
from brainscript.dialects.kern_windows import (
    TileAcrossOp,
    TileGatherOp,
    TileMomentsOp,
    moments_size,
)


def emit_gather(emission: Emission, op: Operation) -> None:
    """`kern.tile_gather`: straight-line code, a row of b and the elements of a for each step."""
    assert isinstance(op, TileGatherOp)
    text, kind = emission.text, tile_of(op.acc)
    vector = llvm_type(kind.vector)
    element = split(vector)[1]
    a, b = emission.operand(op.a), emission.operand(op.b)
    rows = as_rows(kind, emission.components(op.acc))
    pitch = op.pitch.value.data
    for step, places in enumerate(op.steps()):
        if all(place is None for place in places):
            continue
        right = [
            load(text, vector, text.offset(b, str(step * pitch + v * kind.lanes), element))
            for v in range(kind.vectors)
        ]
        for r, place in enumerate(places):
            if place is None:
                continue
            one = load(text, element, text.offset(a, str(place), element))
            left = splat(text, vector, one)
            for v, other in enumerate(right):
                operands = [(vector, left), (vector, other), (vector, rows[r][v])]
                rows[r][v] = text.call("llvm.fmuladd", [vector], vector, operands)
    emission.bind(op.result, *(value for row in rows for value in row))


def emit_across(emission: Emission, op: Operation) -> None:
    """`kern.tile_across`: blocks of as many rows as lanes are turned round, vector by vector."""
    assert isinstance(op, TileAcrossOp)
    text, kind = emission.text, tile_of(op.tile)
    vector, lanes = llvm_type(kind.vector), kind.lanes
    value, row, column, count = op.body.block.args
    rows = as_rows(kind, emission.components(op.tile))
    columns = op.columns.value.data
    for start in range(0, len(rows), lanes):
        block = rows[start : start + lanes]
        for v in range(-(-columns // lanes)):
            held = [r[v] for r in block] + ["poison"] * (lanes - len(block))
            turned = transposed(text, vector, held)
            for c in range(min(lanes, columns - v * lanes)):
                emission.bind(value, turned[c])
                emission.bind(row, str(start))
                emission.bind(column, str(v * lanes + c))
                emission.bind(count, str(len(block)))
                emission.block(op.body.block)


def emit_moments(emission: Emission, op: Operation) -> None:
    """`kern.tile_moments`: sums down the rows, widened once for each vector of a row."""
    assert isinstance(op, TileMomentsOp)
    text, kind = emission.text, tile_of(op.tile)
    vector, lanes = llvm_type(kind.vector), kind.lanes
    element = split(vector)[1]
    size = moments_size(4 if element == "float" else 8) * lanes
    start, fresh = emission.operand(op.pointer), emission.operand(op.fresh)
    rows = as_rows(kind, emission.components(op.tile))
    for v in range(kind.vectors):
        area = text.offset(start, str(v * size), element)
        values = [row[v] for row in rows]
        old = load(text, vector, area)
        shift = text.value(f"select i1 {fresh}, {vector} {values[0]}, {vector} {old}")
        store(text, vector, shift, area)
        sums = text.offset(area, str(lanes), element)
        for number, total in enumerate(_moments(text, vector, values, shift)):
            place = text.offset(sums, str(number * lanes), "double")
            _add_wide(text, (vector, total), place, fresh)


def _moments(text: FunctionText, vector: str, values: list[str], shift: str) -> tuple[str, str]:
    """The sums of `x - shift` and of its square."""
    total = square = ""
    for value in values:
        rest = text.value(f"fsub {vector} {value}, {shift}")
        if not total:
            total, square = rest, text.value(f"fmul {vector} {rest}, {rest}")
            continue
        total = text.value(f"fadd {vector} {total}, {rest}")
        operands = [(vector, rest), (vector, rest), (vector, square)]
        square = text.call("llvm.fmuladd", [vector], vector, operands)
    return total, square


def _add_wide(text: FunctionText, value: tuple[str, str], place: str, fresh: str) -> None:
    """Add a vector to one of doubles in memory, or write it there."""
    kind, operand = value
    lanes, element = split(kind)
    wide = f"<{lanes} x double>"
    if element == "float":
        operand = text.value(f"fpext {kind} {operand} to {wide}")
    old = load(text, wide, place)
    start = text.value(f"select i1 {fresh}, {wide} zeroinitializer, {wide} {old}")
    store(text, wide, text.value(f"fadd {wide} {start}, {operand}"), place)


EMITTERS: Table = {
    TileGatherOp: emit_gather,
    TileAcrossOp: emit_across,
    TileMomentsOp: emit_moments,
}
