"""Accumulators in double precision, and the parts of a columns kernel before and after them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import VectorType, f64
from xdsl.ir import Attribute, SSAValue

from brainscript.dialects.kern import ReduceOp
from brainscript.passes.lower.columns.precision import Precision
from brainscript.passes.lower.rows.flat import Values, compute
from brainscript.passes.lower.rows.graph import Node, Program
from brainscript.passes.lower.rows.writer import Writer


class Sums:
    """The totals of a program, and how vectors are added to them."""

    def __init__(self, program: Program, writer: Writer):
        self.program, self.writer = program, writer
        self.totals = [node for node in program.nodes() if node.kind == "total"]
        self.wide = VectorType(f64, [writer.lanes])
        self.precision = Precision(program, writer)

    def begin(self) -> list[SSAValue]:
        """An accumulator of zeros for every total."""
        return [self.writer.vectors(self.wide).constant(0.0) for _ in self.totals]

    def add(self, sums: Sequence[SSAValue], values: Sequence[SSAValue]) -> list[SSAValue]:
        """Add one vector to each accumulator."""
        v = self.writer.vectors(self.wide)
        return [v.add(a, self._double(x)) for a, x in zip(sums, values, strict=True)]

    def _double(self, value: SSAValue) -> SSAValue:
        if value.type == self.wide:
            return value
        return self.writer.insert(arith.ExtFOp(value, self.wide))

    def read(
        self,
        pointer: SSAValue,
        index: SSAValue,
        kind: Attribute | None = None,
        count: SSAValue | None = None,
    ) -> SSAValue:
        """A vector (or a value of `kind`) in the precision of the kernel."""
        return self.precision.widen(self.writer.load(pointer, index, kind, count))

    def spread(self, pointer: SSAValue, index: SSAValue) -> SSAValue:
        """A number from memory in every lane."""
        writer = self.writer
        return self.precision.widen(writer.spread(writer.load(pointer, index, writer.element)))

    def store(
        self, value: SSAValue, pointer: SSAValue, index: SSAValue, count: SSAValue | None = None
    ) -> None:
        """Write a vector, or a number."""
        writer = self.writer
        kind = writer.vector if isinstance(value.type, VectorType) else writer.element
        writer.store(self.precision.cut(value, kind), pointer, index, count)

    def lanes(self, total: SSAValue) -> SSAValue:
        """An accumulator in the precision of the kernel, lane by lane."""
        return self.precision.cut(total, self.precision.vector)

    def scalar(self, total: SSAValue) -> SSAValue:
        """The lanes of an accumulator together, in the precision of the kernel."""
        value = self.writer.insert(ReduceOp("add", total))
        return self.precision.cut(value, self.precision.element)

    def operands(self, values: Values) -> list[SSAValue]:
        """What is to be added for one vector of every load in `values`."""
        v = self.writer.vectors(self.precision.vector)
        return [compute(node.operands[0], values, v) for node in self.totals]

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
            values[node] = self.read(writer.pointers[node.number], zero, writer.element)
        v = writer.vectors(self.precision.element)
        results = [(pointer, compute(node, values, v)) for pointer, node in self.outputs()]
        for pointer, value in results:
            self.store(value, pointer, zero)
