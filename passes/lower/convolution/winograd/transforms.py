"""The transformations of patches, written as additions of vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import SSAValue

from brainscript.passes.lower.vectors import Vectors

Line = Callable[[Vectors, Sequence[SSAValue]], list[SSAValue]]


def both_ways(v: Vectors, line: Line, values: Sequence[SSAValue], size: int) -> list[SSAValue]:
    """A transformation along the columns of a square, then along its rows; row by row."""
    columns = [line(v, values[i::size]) for i in range(size)]
    return [x for row in zip(*columns, strict=True) for x in line(v, row)]


def of_elements(v: Vectors, x: Sequence[SSAValue]) -> list[SSAValue]:
    """`B^T x`: 4 elements to 4 points."""
    return [v.sub(x[0], x[2]), v.add(x[1], x[2]), v.sub(x[2], x[1]), v.sub(x[3], x[1])]


def to_windows(v: Vectors, m: Sequence[SSAValue]) -> list[SSAValue]:
    """`A^T m`: 4 points to 2 windows."""
    return [v.add(v.add(m[0], m[1]), m[2]), v.add(v.sub(m[1], m[2]), m[3])]


def of_windows(v: Vectors, g: Sequence[SSAValue]) -> list[SSAValue]:
    """`A g`: 2 windows to 4 points."""
    return [g[0], v.add(g[0], g[1]), v.sub(g[0], g[1]), g[1]]


def of_weights(v: Vectors, w: Sequence[SSAValue]) -> list[SSAValue]:
    """`G w`: 3 weights to 4 points."""
    half = v.constant(0.5)
    ends, middle = v.mul(half, v.add(w[0], w[2])), v.mul(half, w[1])
    return [w[0], v.add(ends, middle), v.sub(ends, middle), w[2]]


def to_weights(v: Vectors, u: Sequence[SSAValue]) -> list[SSAValue]:
    """`G^T u`: 4 points to 3 weights."""
    half = v.constant(0.5)
    total, difference = v.mul(half, v.add(u[1], u[2])), v.mul(half, v.sub(u[1], u[2]))
    return [v.add(u[0], total), difference, v.add(total, u[3])]
