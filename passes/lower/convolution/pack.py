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


def pack_turned(frame: Frame, source: SSAValue, depth: int, block: Block, panel: Panel) -> None:
    """`panel[f, j] = source[first + j, f]` for `depth` elements f of each column j.

    Columns that are not there are zero. Whole vectors of rows are written: as many rows as a
    vector has lanes lie behind the last one.
    """
    code, lanes = frame.code, frame.lanes
    for v in range(block.vectors):
        rows = min(lanes, block.columns - v * lanes)
        start = (block.first + v * lanes) * depth
        with code.loop(0, depth, lanes, hint="f") as f:
            count = lanes if depth % lanes == 0 else code.least(code.subtract(depth, f), lanes)
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
