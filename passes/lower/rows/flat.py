"""Elementwise kernels over memory without structure: every operand has all elements, or one."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import SSAValue

from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer
from brainscript.passes.lower.vectors import Vectors

Values = dict[Node, SSAValue]
SMALL_BODY = 10
"""Bodies of at most this many nodes are written out four times per turn of the loop."""


def is_flat(program: Program) -> bool:
    """Whether all samples can be treated as one array."""
    nodes = program.nodes()
    if any(node.kind in ("fold", "place") for node in nodes) or program.moves:
        return False
    loads = [node for node in nodes if node.kind == "load"]
    return all(_is_full(program, n) for n in program.outputs) and all(
        _is_full(program, n) or is_single(program, n) for n in loads
    )


def _is_full(program: Program, node: Node) -> bool:
    return node.shape == program.sizes and node.local == program.local


def is_single(program: Program, node: Node) -> bool:
    """Whether the value is one number for the whole minibatch, beside values that are more."""
    return not node.wide and not node.local and (program.local or program.elements > 1)


def compute(node: Node, values: Values, v: Vectors) -> SSAValue:
    """The value of a node on `v`, kept in `values`, its operands computed first."""
    if node not in values:
        if node.kind == "constant":
            return v.constant(node.value)
        assert node.body is not None, node
        values[node] = node.body(v, *(compute(o, values, v) for o in node.operands))
    return values[node]


def singles(program: Program, writer: Writer, nodes: Iterable[Node]) -> Values:
    """Vectors of those numbers that are the same for the whole minibatch."""
    scalars: Values = {}
    spread: Values = {}
    for node in nodes:
        if node.kind == "load" and is_single(program, node):
            pointer = writer.pointers[node.number]
            scalars[node] = writer.load(pointer, writer.index(0), writer.element)
        elif node.kind == "map" and is_single(program, node):
            compute(node, scalars, writer.vectors(writer.element))
    for node, value in scalars.items():
        spread[node] = writer.spread(value)
    return spread


def write_flat(program: Program, writer: Writer) -> None:
    """A loop over whole vectors, then one over what is left, masked."""
    nodes = program.nodes()
    unroll = 4 if len(nodes) <= SMALL_BODY else 1
    step = writer.lanes * unroll
    size = writer.index(program.elements)
    total = writer.mul(writer.n, program.elements) if program.local else size
    start, end = writer.share(total, max(step, 64))
    fixed = singles(program, writer, nodes)
    blocks = writer.mul(writer.div(writer.sub(end, start), step), step)
    middle = writer.add(start, blocks)
    with writer.loop(start, middle, step) as loop:
        for part in range(unroll):
            at = writer.add(loop.index, part * writer.lanes)
            _write_vector(program, writer, dict(fixed), at, None)
    with writer.loop(middle, end, writer.lanes) as loop:
        count = writer.sub(end, loop.index)
        _write_vector(program, writer, dict(fixed), loop.index, count)


def _write_vector(
    program: Program, writer: Writer, values: Values, at: SSAValue, count: SSAValue | None
) -> None:
    for node in program.nodes():
        if node.kind == "load" and node not in values:
            values[node] = writer.load(writer.pointers[node.number], at, None, count)
    results = [compute(node, values, writer.vectors()) for node in program.outputs]
    for pointer, value in zip(writer.pointers[len(program.inputs) :], results, strict=True):
        writer.store(value, pointer, at, count)
