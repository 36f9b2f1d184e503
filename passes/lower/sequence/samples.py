"""Moving whole samples between columns: vectors of their elements."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.ir import SSAValue

from brainscript.passes.lower.rows.writer import Writer


@contextmanager
def parts(writer: Writer, elements: int) -> Generator[tuple[SSAValue, SSAValue | None]]:
    """Write code for a vector of elements of a sample: its first element, and how many count.

    What is written in the body is put into a loop over the vectors of a sample.
    """
    zero, size = writer.index(0), writer.index(elements)
    if elements <= writer.lanes:
        yield zero, (None if elements == writer.lanes else size)
        return
    with writer.loop(zero, size, writer.lanes) as loop:
        count = writer.sub(size, loop.index) if elements % writer.lanes else None
        yield loop.index, count


def copy_sample(
    writer: Writer, elements: int, source: SSAValue, of: SSAValue, target: SSAValue, to: SSAValue
) -> None:
    """`target[:, to] = source[:, of]`"""
    if elements == 1:
        writer.store(writer.load(source, of, writer.element), target, to)
        return
    start, end = writer.mul(of, elements), writer.mul(to, elements)
    with parts(writer, elements) as (place, count):
        value = writer.load(source, writer.add(start, place), None, count)
        writer.store(value, target, writer.add(end, place), count)


def clear_sample(writer: Writer, elements: int, target: SSAValue, to: SSAValue) -> None:
    """`target[:, to] = 0`"""
    end = writer.mul(to, elements)
    with parts(writer, elements) as (place, count):
        zero = writer.vectors().constant(0.0)
        writer.store(zero, target, writer.add(end, place), count)
