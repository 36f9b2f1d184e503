"""LLVM text for windows: products of gathered elements, tiles turned round."""

from __future__ import annotations

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import load, splat, split
from brainscript.codegen.emit_rows import transposed
from brainscript.codegen.emit_tile import as_rows
from brainscript.dialects.kern_tile import tile_of
from brainscript.dialects.kern_windows import TileAcrossOp, TileGatherOp


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


EMITTERS: Table = {TileGatherOp: emit_gather, TileAcrossOp: emit_across}
