"""Accumulators in double precision, and the parts of a columns kernel before and after them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float64Type, VectorType, f64
from xdsl.ir import SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.passes.lower.rows.flat import Values, compute
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer


class Sums:
    """The totals of a program, and how vectors are added to them."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer = program, writer
        self.totals = [node for node in program.nodes() if node.kind == "total"]
        self.wide = VectorType(f64, [writer.lanes])
        self.double = isinstance(writer.element, Float64Type)

    def begin(self) -> list[SSAValue]:
        """An accumulator of zeros for every total."""
        return [self.writer.vectors(self.wide).constant(0.0) for _ in self.totals]

    def add(self, sums: Sequence[SSAValue], values: Sequence[SSAValue]) -> list[SSAValue]:
        """Add one vector to each accumulator."""
        writer = self.writer
        if not self.double:
            values = [writer.insert(arith.ExtFOp(x, self.wide)) for x in values]
        v = writer.vectors(self.wide)
        return [v.add(a, x) for a, x in zip(sums, values, strict=True)]

    def lanes(self, total: SSAValue) -> SSAValue:
        """An accumulator in the element type, lane by lane."""
        if self.double:
            return total
        return self.writer.insert(arith.TruncFOp(total, self.writer.vector))

    def scalar(self, total: SSAValue) -> SSAValue:
        """The lanes of an accumulator together, in the element type."""
        value = self.writer.insert(ReduceOp("add", total))
        if self.double:
            return value
        return self.writer.insert(arith.TruncFOp(value, self.writer.element))

    def operands(self, values: Values) -> list[SSAValue]:
        """What is to be added for one vector of every load in `values`."""
        return [compute(node.operands[0], values, self.writer.vectors()) for node in self.totals]

    def loads(self, *, inside: bool) -> list[Node]:
        """The loads that are summed (`inside`), or those that are used with the sums."""
        found: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node.kind == "total" and not inside:
                return
            if node.kind == "load":
                found[node] = None
            for operand in node.operands:
                visit(operand)

        for root in self.totals if inside else self.program.outputs:
            visit(root)
        return list(found)

    def outputs(self) -> list[tuple[SSAValue, Node]]:
        """Pointer and node of every result."""
        first = len(self.program.inputs)
        return list(zip(self.writer.pointers[first:], self.program.outputs, strict=True))

    def finish_scalars(self, sums: Sequence[SSAValue]) -> None:
        """Use the totals, numbers all of them, and write the results."""
        writer = self.writer
        zero = writer.index(0)
        values: Values = {
            node: self.scalar(total) for node, total in zip(self.totals, sums, strict=True)
        }
        for node in self.loads(inside=False):
            values[node] = writer.load(writer.pointers[node.number], zero, writer.element)
        v = writer.vectors(writer.element)
        results = [(pointer, compute(node, values, v)) for pointer, node in self.outputs()]
        for pointer, value in results:
            writer.store(value, pointer, zero)
