"""LLVM text for rows read and written as columns: loads, shuffles and stores.

Short rows are read as they lie, whole vectors one after the other, and their elements picked out;
longer ones are read row by row and transposed. Whatever takes fewer shuffles is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import alignment, load, split, store
from brainscript.codegen.text import FunctionText
from brainscript.dialects.kern_rows import LoadRowsOp, StoreRowsOp


def picks(columns: int, stride: int, lanes: int) -> bool:
    """Whether rows of this length are taken apart element by element."""
    return columns == stride and columns * (columns - 1) <= lanes * log2(lanes)


def shuffle(text: FunctionText, vector: str, a: str, b: str, order: Sequence[int]) -> str:
    """Lanes of two vectors: `order` counts through both, -1 is anything."""
    listed = ", ".join(f"i32 {i}" if i >= 0 else "i32 poison" for i in order)
    return text.value(f"shufflevector {vector} {a}, {vector} {b}, <{len(order)} x i32> <{listed}>")


def gather(text: FunctionText, vector: str, parts: Sequence[str], order: Sequence[int]) -> str:
    """The vector whose lane `i` is lane `order[i]` of all parts one after the other."""
    lanes = len(order)
    made, done = parts[0], [i if i < lanes else -1 for i in order]
    for number in range(1, len(parts)):
        first = number == 1
        mixed: list[int] = []
        for lane, source in enumerate(order):
            here = source // lanes == number
            kept = done[lane] if first else (lane if done[lane] >= 0 else -1)
            mixed.append(lanes + source % lanes if here else kept)
            done[lane] = source if here else done[lane]
        if any(source // lanes == number for source in order) or first:
            made = shuffle(text, vector, made, parts[number], mixed)
    if len(parts) == 1:
        made = shuffle(text, vector, made, "poison", done)
    return made


def transposed(text: FunctionText, vector: str, rows: Sequence[str]) -> list[str]:
    """As many vectors as there are lanes, rows turned into columns by halving blocks."""
    lanes, current = len(rows), list(rows)
    distance = lanes // 2
    while distance:
        low = [j if not j & distance else lanes + j - distance for j in range(lanes)]
        high = [j + distance if not j & distance else lanes + j for j in range(lanes)]
        for i in range(lanes):
            if not i & distance:
                a, b = current[i], current[i + distance]
                current[i] = shuffle(text, vector, a, b, low)
                current[i + distance] = shuffle(text, vector, a, b, high)
        distance //= 2
    return current


def emit_load_rows(emission: Emission, op: Operation) -> None:
    """`kern.load_rows`."""
    assert isinstance(op, LoadRowsOp)
    text, vector = emission.text, llvm_type(op.columns[0].type)
    lanes, element = split(vector)
    base = text.offset(emission.operand(op.pointer), emission.operand(op.index), element)
    count = "" if op.count is None else emission.operand(op.count)
    width, stride = len(op.columns), op.stride.value.data
    if picks(width, stride, lanes):
        columns = _load_picked(text, vector, base, width, count)
    else:
        columns = _load_transposed(text, vector, base, stride, count, width)
    for result, column in zip(op.columns, columns, strict=True):
        emission.bind(result, column)


def _left(text: FunctionText, count: str, width: int, done: int) -> str:
    """The elements of `count` rows that lie behind the first `done`; none without a count."""
    if not count:
        return ""
    left = text.add(text.multiply(count, str(width)), str(-done))
    return text.call("llvm.smax", ["i64"], "i64", [("i64", left), ("i64", "0")])


def _load_picked(text: FunctionText, vector: str, base: str, width: int, count: str) -> list[str]:
    lanes, element = split(vector)
    parts = [
        load(
            text,
            vector,
            text.offset(base, str(v * lanes), element),
            _left(text, count, width, v * lanes),
        )
        for v in range(width)
    ]
    orders = [[r * width + c for r in range(lanes)] for c in range(width)]
    return [gather(text, vector, parts, order) for order in orders]


def _load_transposed(
    text: FunctionText, vector: str, base: str, stride: int, count: str, width: int
) -> list[str]:
    """Rows behind the last valid one repeat it."""
    lanes, element = split(vector)
    last = text.add(count, "-1") if count else ""
    rows: list[str] = []
    for r in range(lanes):
        row = str(r)
        if count:
            row = text.call("llvm.smin", ["i64"], "i64", [("i64", row), ("i64", last)])
        place = text.offset(base, text.multiply(row, str(stride)), element)
        rows.append(load(text, vector, place, str(width)))
    return transposed(text, vector, rows)[:width]


def emit_store_rows(emission: Emission, op: Operation) -> None:
    """`kern.store_rows`."""
    assert isinstance(op, StoreRowsOp)
    text, vector = emission.text, llvm_type(op.columns[0].type)
    lanes, element = split(vector)
    base = text.offset(emission.operand(op.pointer), emission.operand(op.index), element)
    count = "" if op.count is None else emission.operand(op.count)
    columns = [emission.operand(v) for v in op.columns]
    width, stride = len(columns), op.stride.value.data
    if picks(width, stride, lanes):
        for v in range(width):
            places = [v * lanes + j for j in range(lanes)]
            order = [p % width * lanes + p // width for p in places]
            value = gather(text, vector, columns, order)
            place = text.offset(base, str(v * lanes), element)
            store(text, vector, value, place, _left(text, count, width, v * lanes))
    else:
        padded = columns + ["poison"] * (lanes - width)
        for r, row in enumerate(transposed(text, vector, padded)):
            place = text.offset(base, str(r * stride), element)
            _store_row(text, vector, row, place, width, count, r)


def _store_row(
    text: FunctionText, vector: str, row: str, place: str, width: int, count: str, number: int
) -> None:
    """Write the first `width` lanes of a row that is valid."""
    if not count:
        store(text, vector, row, place, str(width))
        return
    lanes, _ = split(vector)
    bits = ", ".join("i1 true" if i < width else "i1 false" for i in range(lanes))
    valid = text.value(f"icmp slt i64 {number}, {count}")
    kind = f"<{lanes} x i1>"
    mask = text.value(f"select i1 {valid}, {kind} <{bits}>, {kind} zeroinitializer")
    operands = [(vector, row), (f"ptr align {alignment(vector)}", place), (kind, mask)]
    text.call("llvm.masked.store", [vector, "ptr"], "void", operands)


EMITTERS: Table = {LoadRowsOp: emit_load_rows, StoreRowsOp: emit_store_rows}
