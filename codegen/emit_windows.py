"""LLVM text for windows: products of gathered elements, blocks turned round, statistics.

A piece is what 16 bytes of a row hold: 4 floats, 2 doubles. The pieces of all rows at one column
stand in as many vectors as a piece has elements: vector `j` has those of the rows `j`, `j + size`,
`j + 2 * size`, ... one behind the other. Interleaving these vectors leaves a column in each. One
piece after the other is turned in a loop, through which the vectors move along. So the text of a
block is short, and so is the time that the code generator needs: its search for better shuffles
ends at the border of the loop, and grows with the depth of their tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import alignment, load, splat, split, store
from brainscript.codegen.emit_tile import as_rows
from brainscript.codegen.text import FunctionText, is_number
from brainscript.dialects.kern_tile import TransposeOp, tile_of
from brainscript.dialects.kern_windows import (
    TileAcrossOp,
    TileGatherOp,
    TileMomentsOp,
    moments_size,
)

PIECE_BYTES = 16
POISON = "poison"
ZERO = "zeroinitializer"


def piece_size(vector: str) -> int:
    """How many columns are made at a time."""
    return min(split(vector)[0], PIECE_BYTES // alignment(vector))


def shuffle(
    text: FunctionText, kind: str, a: str, b: str, order: Sequence[int], none: str = POISON
) -> str:
    """Lanes of two vectors, counted through both; nothing to do where both are `none`."""
    if a == b == none:
        return none
    listed = ", ".join(f"i32 {i}" for i in order)
    return text.value(f"shufflevector {kind} {a}, {kind} {b}, <{len(order)} x i32> <{listed}>")


def gathered(text: FunctionText, vector: str, rows: Sequence[str], none: str = POISON) -> list[str]:
    """The vectors of all pieces, those of the first piece first, from whole rows."""
    lanes = len(rows)
    current, distance = list(rows), lanes // 2
    while distance >= piece_size(vector):
        low = [j if not j & distance else lanes + j - distance for j in range(lanes)]
        high = [j + distance if not j & distance else lanes + j for j in range(lanes)]
        for i in range(lanes):
            if not i & distance:
                a, b = current[i], current[i + distance]
                current[i] = shuffle(text, vector, a, b, low, none)
                current[i + distance] = shuffle(text, vector, a, b, high, none)
        distance //= 2
    return current


def interleaved(
    text: FunctionText, vector: str, parts: Sequence[str], none: str = POISON
) -> list[str]:
    """The columns of a piece from its vectors."""
    lanes, size = split(vector)[0], len(parts)
    half = size // 2
    low, high = (
        [s + e + v for s in range(first, lanes, size) for e in range(half) for v in (0, lanes)]
        for first in (0, half)
    )
    current = list(parts)
    for _ in range(size.bit_length() - 1):
        pairs = list(zip(current[:half], current[half:], strict=True))
        current = [
            shuffle(text, vector, a, b, order, none) for a, b in pairs for order in (low, high)
        ]
    return current


def counted(
    text: FunctionText,
    bounds: tuple[str, str],
    body: Callable[[str, Sequence[str]], Sequence[str]],
    held: Sequence[str] = (),
    kind: str = "",
) -> None:
    """The body for every number within the bounds, of which there is at least one.

    `held` are values of one type; the body gets them as they are and gives those of the next turn.
    """
    (low, high), name, before = bounds, text.fresh("turn"), text.current
    text.branch(f"{name}.body")
    text.label(f"{name}.body")
    hole = len(text.lines)
    phis = [f"%{text.fresh()}" for _ in held]
    ends = body(f"%{name}.i", phis)
    text.line(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
    again = text.value(f"icmp slt i64 %{name}.next, {high}")
    carried = [(f"%{name}.i", "i64", low, f"%{name}.next")]
    carried += [(phi, kind, *pair) for phi, *pair in zip(phis, held, ends, strict=True)]
    text.lines[hole:hole] = [
        f"  {phi} = phi {type} [ {start}, %{before} ], [ {end}, %{text.current} ]"
        for phi, type, start, end in carried
    ]
    text.branch_if(again, f"{name}.body", f"{name}.exit")
    text.label(f"{name}.exit")


def emit_across(emission: Emission, op: Operation) -> None:
    """`kern.tile_across`: as many rows as lanes, and as many columns, at a time."""
    assert isinstance(op, TileAcrossOp)
    kind, columns = tile_of(op.tile), op.columns.value.data
    rows = as_rows(kind, emission.components(op.tile))
    _, row, _, count = op.body.block.args
    for start in range(0, len(rows), kind.lanes):
        block = rows[start : start + kind.lanes]
        emission.bind(row, str(start))
        emission.bind(count, str(len(block)))
        for v in range(-(-columns // kind.lanes)):
            first = v * kind.lanes
            held = [row[v] for row in block] + [POISON] * (kind.lanes - len(block))
            _turn_block(emission, op, held, (first, min(columns - first, kind.lanes)))


def _turn_block(
    emission: Emission, op: TileAcrossOp, rows: Sequence[str], columns: tuple[int, int]
) -> None:
    """A block of rows: the vectors of the next piece are always the first of those held."""
    text, vector = emission.text, llvm_type(tile_of(op.tile).vector)
    size, (begin, count) = piece_size(vector), columns
    value, _, column, _ = op.body.block.args
    whole, rest = divmod(count, size)

    def turn(piece: str, parts: Sequence[str], most: int = size) -> Sequence[str]:
        first = text.add(text.multiply(piece, str(size)), str(begin))
        for c, turned in enumerate(interleaved(text, vector, parts[:size])[:most]):
            emission.bind(value, turned)
            emission.bind(column, text.add(first, str(c)))
            emission.block(op.body.block)
        return [*parts[size:], *([POISON] * size)]

    parts = gathered(text, vector, rows)
    if whole > 1:
        counted(text, ("0", str(whole)), turn, parts[: whole * size], vector)
    elif whole:
        turn("0", parts)
    if rest:
        turn(str(whole), parts[whole * size :], rest)


def emit_transpose(emission: Emission, op: Operation) -> None:
    """`kern.transpose`: a call of the module's own function for blocks of this size."""
    assert isinstance(op, TransposeOp)
    text, vector = emission.text, llvm_type(op.vector)
    lanes, element = split(vector)
    operands = (op.source, op.source_index, op.target, op.target_index, op.count)
    source, first, target, to, count = (emission.operand(v) for v in operands)
    source, target = text.offset(source, first, element), text.offset(target, to, element)
    rows, known = op.rows.value.data, is_number(count)
    name = f"{emission.prefix}.turn.{element}.{lanes}.{rows}.{count if known else 'count'}"
    parameters = [("ptr", "source"), ("i64", "from"), ("ptr", "target"), ("i64", "to")]
    function = emission.module.shared(name, [*parameters, ("i64", "count")])
    if function is not None:
        _write_transpose(function, vector, rows, count if known else "%count")
    strides = (op.source_stride.value.data, op.target_stride.value.data)
    text.line(
        f"call void @{name}(ptr {source}, i64 {strides[0]}, ptr {target}, i64 {strides[1]},"
        f" i64 {count})"
    )


def _write_transpose(text: FunctionText, vector: str, rows: int, count: str) -> None:
    """The function: every row is read once, for rows may lie where few fit into a cache."""
    (lanes, element), size = split(vector), piece_size(vector)
    held: list[str] = []
    for r in range(rows):
        place = text.offset("%source", text.multiply("%from", str(r)), element)
        held.append(load(text, vector, place, count))
    held += [ZERO] * (lanes - rows)

    def turn(piece: str, parts: Sequence[str]) -> Sequence[str]:
        place = text.multiply(text.multiply(piece, str(size)), "%to")
        place = text.offset("%target", place, element)
        for c, column in enumerate(interleaved(text, vector, parts[:size], ZERO)):
            store(text, vector, column, place)
            place = text.offset(place, "%to", element) if c < size - 1 else place
        return [*parts[size:], *([POISON] * size)]

    parts = gathered(text, vector, held, ZERO)
    if lanes > size:
        counted(text, ("0", str(lanes // size)), turn, parts, vector)
    else:
        turn("0", parts)
    text.line("ret void")


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
    TransposeOp: emit_transpose,
    TileGatherOp: emit_gather,
    TileAcrossOp: emit_across,
    TileMomentsOp: emit_moments,
}
