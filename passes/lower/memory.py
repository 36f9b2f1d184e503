"""`sched-plan-memory`: a place in the arena for every buffer that is not a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.dialects.sched import ProgramOp, form
from brainscript.dialects.sched.memory import Piece, size_of
from brainscript.linear import Form, add


@dataclass(frozen=True)
class SchedPlanMemory(ModulePass):
    """Give every input and temporary its place, so that what is needed at the same time is apart.

    Before: `%h = sched.buffer temporary "h" : !net.t<[50], f32, @"*">`
    After: `%h = sched.buffer temporary "h" at [256, 400] : ...`, 400 bytes for each column after
    256 bytes; and the program says `arena [512, 800]`.

    Buffers without columns come first, then those of the first axis, then those of the second:
    within each part only one coefficient counts, so two buffers apart in it are apart for every
    number of columns. A part is filled largest first, each buffer at the lowest free place.
    """

    name = "sched-plan-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Plan every program of the module."""
        for program in op.body.block.ops:
            if isinstance(program, ProgramOp):
                plan(program)


def plan(program: ProgramOp) -> None:
    """Fill in `place` of the buffers and `arena` of the program."""
    axes = [a.data for a in program.axes]
    pending = [b for b in program.buffers if b.kind.data != "state"]
    for buffer in pending:
        buffer.place = form((0,) * (len(axes) + 1))
    pieces = dict(zip(pending, program.pieces(), strict=True))
    start: Form = (0,) * (len(axes) + 1)
    for part in range(len(axes) + 1):
        members = [b for b in pending if _part(size_of(b.memory, axes)) == part]
        places, length = first_fit([pieces[b] for b in members], part)
        for buffer, place in zip(members, places, strict=True):
            buffer.place = form(add(start, _unit(place, part)))
        start = add(start, _unit(length, part))
    program.arena = form(start)


def first_fit(pieces: Sequence[Piece], part: int) -> tuple[list[int], int]:
    """The place of each piece along one coefficient, and the length of all of them together."""
    places = [0] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda i: (-pieces[i].size[part], pieces[i].first, i))
    placed: list[int] = []
    for number in order:
        piece = pieces[number]
        taken = sorted(
            (places[i], places[i] + pieces[i].size[part])
            for i in placed
            if pieces[i].together(piece)
        )
        place = 0
        for low, high in taken:
            if place + piece.size[part] <= low:
                break
            place = max(place, high)
        places[number] = place
        placed.append(number)
    ends = [place + piece.size[part] for place, piece in zip(places, pieces, strict=True)]
    return places, max(ends, default=0)


def _part(size: Form) -> int:
    return next((i for i, factor in enumerate(size) if i > 0 and factor), 0)


def _unit(value: int, part: int) -> Form:
    return (0,) * part + (value,)
