"""LLVM text for register tiles: unrolled multiply-add loops, edges."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Operation

from brainscript.codegen.emission import Emission, Table, llvm_type
from brainscript.codegen.emit_memory import (
    load,
    prefetch,
    reduce_lanes,
    splat,
    split,
    store,
)
from brainscript.codegen.emit_pairs import multiply_add_pairs
from brainscript.codegen.text import FunctionText
from brainscript.dialects.kern_tile import (
    DotOp,
    TileEachOp,
    TileLoadOp,
    TileMultiplyOp,
    TileStoreOp,
    TileType,
    TileZeroOp,
    tile_of,
)

Rows = list[list[str]]


def as_rows(kind: TileType, flat: list[str]) -> Rows:
    """The vectors of a tile by row."""
    return [flat[i : i + kind.vectors] for i in range(0, len(flat), kind.vectors)]


def _flat(rows: Rows) -> list[str]:
    return [v for row in rows for v in row]


def emit_zero(emission: Emission, op: Operation) -> None:
    """`kern.tile_zero`."""
    assert isinstance(op, TileZeroOp)
    kind = tile_of(op.result)
    emission.bind(op.result, *["zeroinitializer"] * (kind.rows.data * kind.vectors))


def emit_load(emission: Emission, op: Operation) -> None:
    """`kern.tile_load`: vectors at rows `stride` elements apart."""
    assert isinstance(op, TileLoadOp)
    kind, text = tile_of(op.result), emission.text
    vector = llvm_type(kind.vector)
    element = split(vector)[1]
    base = text.offset(emission.operand(op.pointer), emission.operand(op.index), element)
    found: list[str] = []
    for place, count in _places(kind, op.stride.value.data):
        found.append(load(text, vector, text.offset(base, str(place), element), str(count)))
    emission.bind(op.result, *found)


def emit_store(emission: Emission, op: Operation) -> None:
    """`kern.tile_store`."""
    assert isinstance(op, TileStoreOp)
    kind, text = tile_of(op.tile), emission.text
    vector = llvm_type(kind.vector)
    element = split(vector)[1]
    base = text.offset(emission.operand(op.pointer), emission.operand(op.index), element)
    values = emission.components(op.tile)
    for value, (place, count) in zip(values, _places(kind, op.stride.value.data), strict=True):
        store(text, vector, value, text.offset(base, str(place), element), str(count))


def _places(kind: TileType, stride: int) -> list[tuple[int, int]]:
    """(element offset, valid lanes) of every vector of a tile."""
    return [
        (r * stride + v * kind.lanes, kind.valid(v))
        for r in range(kind.rows.data)
        for v in range(kind.vectors)
    ]


def emit_each(emission: Emission, op: Operation) -> None:
    """`kern.tile_each`: the body once for every vector, with known row, column and count."""
    assert isinstance(op, TileEachOp)
    kind = tile_of(op.tile)
    vector, row, column, count = op.body.block.args
    for r, values in enumerate(as_rows(kind, emission.components(op.tile))):
        for v, value in enumerate(values):
            emission.bind(vector, value)
            emission.bind(row, str(r))
            emission.bind(column, str(v * kind.lanes))
            emission.bind(count, str(kind.valid(v)))
            emission.block(op.body.block)


class _Steps:
    """Writes steps of k of one product; `pointers` stand at the current k: to a, b, then ahead."""

    def __init__(self, emission: Emission, op: TileMultiplyOp):
        self.text = emission.text
        self.kind = tile_of(op.acc)
        self.vector = llvm_type(self.kind.vector)
        self.element = split(self.vector)[1]
        self.row = op.row.value.data
        self.pairs = op.pairs is not None
        self.distances = [emission.operand(v) for v in (op.step, op.pitch, *op.every)]

    def one(self, pointers: list[str], rows: Rows) -> Rows:
        """One step: a column of a times a row of b added to the accumulators."""
        text, kind = self.text, self.kind
        a, b, *ahead = pointers
        for pointer in ahead:
            prefetch(text, pointer, far=True)
        right: list[str] = []
        for v in range(kind.vectors):
            place = text.offset(b, str(v * kind.lanes), self.element)
            right.append(load(text, self.vector, place, str(kind.valid(v))))
        added: Rows = []
        for r, row in enumerate(rows):
            place = text.offset(a, str(r * self.row), self.element)
            left = splat(text, self.vector, load(text, self.element, place))
            added.append([self._multiply_add(left, x, c) for x, c in zip(right, row, strict=True)])
        return added

    def _multiply_add(self, left: str, right: str, acc: str) -> str:
        if self.pairs:
            return multiply_add_pairs(self.text, self.vector, left, right, acc)
        operands = [(self.vector, left), (self.vector, right), (self.vector, acc)]
        return self.text.call("llvm.fmuladd", [self.vector], self.vector, operands)

    def advance(self, pointers: list[str], steps: int) -> list[str]:
        """The pointers `steps` further along k."""
        text = self.text
        distances = [text.multiply(d, str(steps)) for d in self.distances]
        return [text.offset(p, d, self.element) for p, d in zip(pointers, distances, strict=True)]


def emit_multiply(emission: Emission, op: Operation) -> None:
    """`kern.tile_multiply`: a loop of `unroll` steps, then one of single steps for the rest."""
    assert isinstance(op, TileMultiplyOp)
    text = emission.text
    steps = _Steps(emission, op)
    rows = as_rows(steps.kind, emission.components(op.acc))
    depth, unroll = emission.operand(op.depth), op.unroll.value.data
    pointers = [emission.operand(v) for v in (op.a, op.b, *op.ahead)]
    if unroll > 1:
        turns = text.value(f"udiv i64 {depth}, {unroll}")
        rest = text.value(f"urem i64 {depth}, {unroll}")
        rows, pointers = _turns(text, steps, turns, unroll, rows, pointers)
        rows, pointers = _turns(text, steps, rest, 1, rows, pointers)
    else:
        rows, pointers = _turns(text, steps, depth, 1, rows, pointers)
    emission.bind(op.result, *_flat(rows))


def _turns(
    text: FunctionText, steps: _Steps, turns: str, unroll: int, rows: Rows, pointers: list[str]
) -> tuple[Rows, list[str]]:
    """A loop of `turns` turns with `unroll` steps each; returns accumulators and pointers."""
    name, before = text.fresh("k"), text.current
    any_turn = text.value(f"icmp sgt i64 {turns}, 0")
    text.branch_if(any_turn, f"{name}.body", f"{name}.exit")
    text.label(f"{name}.body")
    hole = len(text.lines)
    sums = _flat(rows)
    start = [*sums, *pointers]
    kinds = [steps.vector] * len(sums) + ["ptr"] * len(pointers)
    phis = [f"%{text.fresh()}" for _ in start]
    inner, here = as_rows(steps.kind, phis[: len(sums)]), phis[len(sums) :]
    for u in range(unroll):
        inner = steps.one(steps.advance(here, u), inner)
    behind = steps.advance(here, unroll)
    text.line(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
    again = text.value(f"icmp ne i64 %{name}.next, {turns}")
    text.branch_if(again, f"{name}.body", f"{name}.exit")
    ends = [*_flat(inner), *behind]
    head = [f"  %{name}.i = phi i64 [ 0, %{before} ], [ %{name}.next, %{name}.body ]"]
    head += [
        f"  {phi} = phi {kind} [ {first}, %{before} ], [ {end}, %{name}.body ]"
        for phi, kind, first, end in zip(phis, kinds, start, ends, strict=True)
    ]
    text.lines[hole:hole] = head
    text.label(f"{name}.exit")
    out = [
        text.phi(kind, [(first, before), (end, f"{name}.body")])
        for kind, first, end in zip(kinds, start, ends, strict=True)
    ]
    return as_rows(steps.kind, out[: len(sums)]), out[len(sums) :]


def emit_dot(emission: Emission, op: Operation) -> None:
    """`kern.dot`: whole vectors of k in a loop, the rest under a mask, then sums of lanes."""
    assert isinstance(op, DotOp)
    text = emission.text
    vector = llvm_type(op.vector)
    lanes, element = split(vector)
    operands = (op.left, op.right, op.target, op.depth)
    left, right, target, depth = (emission.operand(v) for v in operands)
    columns, stride = op.columns.value.data, op.stride.value.data

    def step(k: str, count: str, sums: list[str]) -> list[str]:
        shared = load(text, vector, text.offset(left, k, element), count)
        place = text.offset(right, k, element)
        added: list[str] = []
        for j, acc in enumerate(sums):
            other = load(text, vector, text.offset(place, str(j * stride), element), count)
            parts = [(vector, shared), (vector, other), (vector, acc)]
            added.append(text.call("llvm.fmuladd", [vector], vector, parts))
        return added

    whole = text.value(f"and i64 {depth}, {-lanes}")
    sums = counted_loop(text, whole, lanes, vector, ["zeroinitializer"] * columns, step)
    sums = step(whole, text.value(f"sub i64 {depth}, {whole}"), sums)
    for j, value in enumerate(sums):
        total = reduce_lanes(text, "add", value, lanes, element)
        store(text, element, total, text.offset(target, str(j), element))


def counted_loop(
    text: FunctionText,
    high: str,
    step: int,
    kind: str,
    initial: list[str],
    body: Callable[[str, str, list[str]], list[str]],
) -> list[str]:
    """A loop from 0 to `high`; `body(index, "", carried)` gives the values carried on."""
    name, before = text.fresh("dot"), text.current
    enters = text.value(f"icmp slt i64 0, {high}")
    text.branch_if(enters, f"{name}.body", f"{name}.exit")
    text.label(f"{name}.body")
    hole = len(text.lines)
    phis = [f"%{text.fresh()}" for _ in initial]
    ends = body(f"%{name}.i", "", phis)
    text.line(f"%{name}.next = add nsw i64 %{name}.i, {step}")
    again = text.value(f"icmp slt i64 %{name}.next, {high}")
    text.branch_if(again, f"{name}.body", f"{name}.exit")
    head = [f"  %{name}.i = phi i64 [ 0, %{before} ], [ %{name}.next, %{name}.body ]"]
    head += [
        f"  {phi} = phi {kind} [ {first}, %{before} ], [ {end}, %{name}.body ]"
        for phi, first, end in zip(phis, initial, ends, strict=True)
    ]
    text.lines[hole:hole] = head
    text.label(f"{name}.exit")
    return [
        text.phi(kind, [(first, before), (end, f"{name}.body")])
        for first, end in zip(initial, ends, strict=True)
    ]


EMITTERS: Table = {
    TileZeroOp: emit_zero,
    TileLoadOp: emit_load,
    TileStoreOp: emit_store,
    TileMultiplyOp: emit_multiply,
    TileEachOp: emit_each,
    DotOp: emit_dot,
}
