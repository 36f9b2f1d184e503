"""Sums of everything into one number, by the first thread."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from brainscript.dialects.kern_rows import FillOp
from brainscript.passes.lower.columns.features import Place, static_place
from brainscript.passes.lower.columns.sums import Sums
from brainscript.passes.lower.rows.flat import Values
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer


def masked(writer: Writer, values: Sequence[SSAValue], count: SSAValue | None) -> list[SSAValue]:
    """The vectors with zeros in the lanes that are not valid."""
    if count is None:
        return list(values)
    return [writer.insert(FillOp(x, count, writer.vectors(x.type).constant(0.0))) for x in values]


def spread_singles(sums: Sums) -> Values:
    """The numbers that are the same for all samples, as vectors."""
    writer = sums.writer
    return {
        node: sums.spread(writer.pointers[node.number], writer.index(0))
        for node in sums.loads(inside=True)
        if not node.local and not node.wide
    }


def write_samples(program: Program, writer: Writer) -> None:
    """Samples of one element each: vectors of samples."""
    sums = Sums(program, writer)
    with writer.when("eq", writer.tid, writer.index(0)):
        fixed = spread_singles(sums)
        middle = writer.mul(writer.div(writer.n, writer.lanes), writer.lanes)
        totals = sums.begin()
        for low, high, count in (
            (writer.index(0), middle, None),
            (middle, writer.n, writer.sub(writer.n, middle)),
        ):
            with writer.loop(low, high, writer.lanes, totals) as loop:
                values = dict(fixed)
                for node in sums.loads(inside=True):
                    if node.local:
                        pointer = writer.pointers[node.number]
                        values[node] = sums.read(pointer, loop.index, None, count)
                parts = masked(writer, sums.operands(values), count)
                loop.following = sums.add(loop.carried, parts)
            totals = list(loop.results)
        sums.finish_scalars(totals)


def write_whole(program: Program, writer: Writer) -> None:
    """Samples of several elements: vectors of elements, sample after sample."""
    sums = Sums(program, writer)
    size, lanes = program.elements, writer.lanes
    whole = size // lanes * lanes
    with writer.when("eq", writer.tid, writer.index(0)):
        fixed = spread_singles(sums)
        with writer.loop(writer.index(0), writer.n, 1, sums.begin()) as loop:
            values = dict(fixed)
            for node in sums.loads(inside=True):
                if node.local and not node.wide:
                    pointer = writer.pointers[node.number]
                    values[node] = sums.spread(pointer, loop.index)
            totals = list(loop.carried)
            base = writer.mul(loop.index, size)
            if whole:
                zero, high = writer.index(0), writer.index(whole)
                with writer.loop(zero, high, lanes, totals) as inner:
                    place = (inner.index, None)
                    inner.following = _add(sums, inner.carried, values, base, place)
                totals = list(inner.results)
            if whole < size:
                totals = _add(sums, totals, values, base, static_place(writer, size, whole))
            loop.following = totals
        sums.finish_scalars(loop.results)


def _add(
    sums: Sums, totals: Sequence[SSAValue], fixed: Values, base: SSAValue, place: Place
) -> list[SSAValue]:
    writer = sums.writer
    values = dict(fixed)
    for node in sums.loads(inside=True):
        if node.wide:
            values[node] = _vector(sums, node, base, place)
    return sums.add(totals, masked(writer, sums.operands(values), place[1]))


def _vector(sums: Sums, node: Node, base: SSAValue, place: Place) -> SSAValue:
    at = sums.writer.add(base, place[0]) if node.local else place[0]
    return sums.read(sums.writer.pointers[node.number], at, None, place[1])
