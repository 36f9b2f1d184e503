"""Weights copied to panels: rows are the steps of the sum, columns a block of the results."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.kern_tile import TransposeOp
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.plan import Block
from brainscript.passes.lower.gemm.code import Index


@dataclass(frozen=True, slots=True)
class Panel:
    """Where a block is copied to: `width` elements a row."""

    pointer: SSAValue
    width: int


def pack_turned(
    frame: Frame,
    source: SSAValue,
    depth: int,
    block: Block,
    panel: Panel,
    part: tuple[Index, Index] | None = None,
) -> None:
    """`panel[f, j] = source[first + j, f]` for the elements f of each column j.

    A column has `depth` elements; all of them are copied, or the `part` from one on and so many.
    Columns that are not there are zero. Whole vectors of rows are written: as many rows as a
    vector has lanes lie behind the last one.
    """
    code, lanes = frame.code, frame.lanes
    begin, size = part or (0, depth)
    for v in range(block.vectors):
        rows = min(lanes, block.columns - v * lanes)
        start = code.add(begin, (block.first + v * lanes) * depth)
        with code.loop(0, size, lanes, hint="f") as f:
            even = isinstance(size, int) and size % lanes == 0
            count = lanes if even else code.least(code.subtract(size, f), lanes)
            target: Index = code.add(code.multiply(f, panel.width), v * lanes)
            code.builder.insert(
                TransposeOp(
                    (source, code.value(code.add(f, start)), depth),
                    (panel.pointer, code.value(target), panel.width),
                    code.value(count),
                    rows,
                    frame.vector,
                )
            )


def pack_back(
    frame: Frame, source: SSAValue, sizes: tuple[int, int, int], block: Block, panel: Panel
) -> None:
    """`panel[(m, t), j] = source[m, first + j, t]` for sizes (maps m, columns j, steps t)."""
    code, lanes = frame.code, frame.lanes
    maps, columns, steps = sizes
    with code.loop(0, maps, hint="m") as m:
        for v in range(block.vectors):
            rows = min(lanes, block.columns - v * lanes)
            first = block.first + v * lanes
            start = code.add(code.multiply(m, columns * steps), first * steps)
            target = code.add(code.multiply(m, steps * panel.width), v * lanes)
            if steps == 1:
                value = code.load(source, start, frame.vector, rows)
                code.store(value, panel.pointer, target)
                continue
            for t in range(0, steps, lanes):
                code.builder.insert(
                    TransposeOp(
                        (source, code.value(code.add(start, t)), steps),
                        (panel.pointer, code.value(code.add(target, t * panel.width)), panel.width),
                        code.value(min(lanes, steps - t)),
                        rows,
                        frame.vector,
                    )
                )
