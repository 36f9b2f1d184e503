"""Parts that both kernels share: bands of planes turned round, and products at every point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import VectorType
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern_tile import TransposeOp
from brainscript.passes.lower.convolution.frame import Frame
from brainscript.passes.lower.convolution.winograd.transforms import Line, both_ways
from brainscript.passes.lower.gemm.code import Code, Index
from brainscript.passes.lower.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Room:
    """A band in scratch memory, channels side by side: `height` rows of `width` places.

    `low` places before the first element of a row are padding. Whole vectors are written: as many
    places as a vector has lanes lie behind the last row.
    """

    pointer: SSAValue
    width: int
    height: int
    low: int
    pitch: int


@dataclass(frozen=True, slots=True)
class Planes:
    """Planes of a sample: `size` elements along each axis, `channels` planes one after another.

    Those from `first` to `last` are wanted, in whole vectors.
    """

    size: tuple[int, int]
    channels: int
    first: Index
    last: Index


def clear(frame: Frame, pointer: SSAValue, first: Index, size: Index) -> None:
    """Write zeros to `size` elements, a number that lanes divide."""
    code = frame.code
    zero = Vectors(code.builder, frame.vector).constant(0.0)
    with code.loop(0, size, frame.lanes, hint="i") as i:
        code.store(zero, pointer, code.add(first, i))


def read_band(frame: Frame, source: SSAValue, planes: Planes, room: Room, top: Index) -> None:
    """Copy rows `top`, `top + 1`, .. of the planes into a room; rows outside of them are zero."""
    code = frame.code
    with code.loop(0, room.height, hint="row") as row:
        y = code.add(row, top)
        start = code.multiply(row, room.width * room.pitch)
        inside = code.compare("ult", y, planes.size[1])
        code.either(
            inside,
            lambda: read_row(frame, source, planes, room, (y, start)),
            lambda: clear(frame, room.pointer, start, room.width * room.pitch),
        )


def read_row(
    frame: Frame, source: SSAValue, planes: Planes, room: Room, where: tuple[Index, Index]
) -> None:
    """One row of all planes: blocks of as many channels as lanes are turned round."""
    code, lanes = frame.code, frame.lanes
    y, start = where
    plane, size = planes.size[0] * planes.size[1], planes.size[0]
    line = code.multiply(y, size)
    start = code.add(start, room.low * room.pitch)

    def turn(channel: Index, rows: int) -> None:
        def part(w: Index, count: int) -> None:
            at = code.add(code.multiply(channel, plane), code.add(line, w))
            to = code.add(code.add(start, channel), code.multiply(w, room.pitch))
            source_at, target_at = code.value(at), code.value(to)
            code.builder.insert(
                TransposeOp(
                    (source, source_at, plane),
                    (room.pointer, target_at, room.pitch),
                    code.value(count),
                    rows,
                    frame.vector,
                )
            )

        whole = size // lanes * lanes
        with code.loop(0, whole, lanes, hint="w") as w:
            part(w, lanes)
        if whole < size:
            part(whole, size - whole)

    whole = planes.channels // lanes * lanes
    with code.loop(planes.first, code.least(planes.last, whole), lanes, hint="c") as c:
        turn(c, lanes)
    if whole < planes.channels:
        with code.when(code.compare("sgt", planes.last, whole)):
            turn(whole, planes.channels - whole)


def transform(
    code: Code,
    vector: VectorType[Attribute],
    line: Line,
    source: Callable[[int, int], tuple[SSAValue, Index]],
    target: Callable[[int, int], tuple[SSAValue, Index] | None],
    sizes: tuple[int, int],
) -> None:
    """Read a square of vectors, transform it both ways, write those that have a place."""
    before, after = sizes
    v = Vectors(code.builder, vector)
    values = [code.load(*source(i, j), vector) for i in range(before) for j in range(before)]
    made = both_ways(v, line, values, before)
    for number, value in enumerate(made):
        place = target(*divmod(number, after))
        if place is not None:
            code.store(value, *place)


def round_up(size: int, lanes: int) -> int:
    """A number of whole vectors, in elements."""
    return -(-size // lanes) * lanes


def offsets(sizes: Sequence[int]) -> list[int]:
    """Where each of some areas begins, one behind the other, and where the last one ends."""
    found = [0]
    for size in sizes:
        found.append(found[-1] + size)
    return found
