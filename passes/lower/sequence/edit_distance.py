"""How many insertions, deletions and substitutions lead from one sequence of tokens to another."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from brainscript.dialects.kern import FuncOp
from brainscript.dialects.net.alignment import EditCountsOp
from brainscript.dialects.net.base import plain
from brainscript.dialects.sched import KernelOp
from brainscript.dialects.tensors import type_of
from brainscript.passes.lower.sequence.layout import as_index, start
from brainscript.passes.lower.sequence.moves import choose
from brainscript.passes.lower.sequence.scratch import SCRATCH_BYTES, Doubles, Numbers, scratch
from brainscript.target import Target


def lower_edit_counts(kernel: KernelOp, target: Target) -> FuncOp:
    """For each sequence the edits on the cheapest path, and the length of the left sequence.

    Of paths that cost the same, a substitution goes before an insertion, that before a deletion.
    """
    return _Counts(kernel, target).write()


class _Counts:
    def __init__(self, kernel: KernelOp, target: Target):
        self.writer, layouts = start(kernel, target)
        self.kernel = kernel
        op = kernel.steps[0]
        assert isinstance(op, EditCountsOp)
        self.op = op
        axes = [type_of(v).axis for v in kernel.inputs]
        axes = [axes[0], axes[-1]]
        self.sides = [layouts[axis] for axis in axes if axis is not None]
        self.pointers = [self.writer.pointers[0], self.writer.pointers[len(kernel.inputs) - 1]]
        self.out = self.writer.pointers[len(kernel.inputs)]
        self.doubles = Doubles(self.writer)

    def write(self) -> FuncOp:
        writer, (left, right) = self.writer, self.sides
        first, last = writer.share(left.sequences, 1)
        with writer.loop(first, last, 1) as loop:
            other = right.partner(left, loop.index)
            sizes = [writer.add(left.length(loop.index), 1), writer.add(right.length(other), 1)]
            words = writer.add(sizes[0], writer.mul(sizes[1], 5))
            with scratch(writer, words, left) as memory:
                one = Numbers(writer, memory)
                self._compare((one, one.after(sizes[0])), (loop.index, other), sizes[1])
        return writer.finish(self.kernel.sym_name.data, SCRATCH_BYTES)

    def _compare(
        self, rows: tuple[Numbers, Numbers], ranks: tuple[SSAValue, SSAValue], size: SSAValue
    ) -> None:
        """The edits and the length of one sequence."""
        writer, d = self.writer, self.doubles
        one, two = (self._tokens(i, ranks[i], rows[i]) for i in range(2))
        edits = self._table((rows[0], one), (rows[1], two), size)
        at = writer.mul(ranks[0], 2)
        writer.store(d.back(edits), self.out, at)
        writer.store(d.back(d.of_index(one)), self.out, writer.add(at, 1))

    def _tokens(self, side: int, rank: SSAValue, into: Numbers) -> SSAValue:
        """Write the tokens of a sequence that count; gives how many."""
        writer, layout = self.writer, self.sides[side]
        zero, one, none = writer.index(0), writer.index(1), writer.index(-1)
        with writer.loop(zero, layout.length(rank), 1, [zero, none]) as step:
            place, before = step.carried
            column = layout.column(rank, step.index)
            found = writer.load(self.pointers[side], column, writer.element)
            token = as_index(writer, found)
            into.put_integer(place, token)
            more = one
            if plain(self.op.squash):
                more = choose(writer, "eq", token, before, zero, more)
            for ignored in self.op.ignored:
                more = choose(writer, "eq", token, writer.index(ignored), zero, more)
            step.following = [writer.add(place, more), token]
        return step.results[0]

    def _table(
        self, left: tuple[Numbers, SSAValue], right: tuple[Numbers, SSAValue], size: SSAValue
    ) -> SSAValue:
        """The edits of the last place; costs and edits of one row of the table are kept."""
        writer, d = self.writer, self.doubles
        zero, one = writer.index(0), writer.index(1)
        costs = right[0].after(size)
        edits = costs.after(size)
        end = writer.add(right[1], 1)
        insertion = self._penalty("insertion")
        with writer.loop(zero, end, 1) as j:
            number = d.of_index(j.index)
            costs.put(j.index, writer.vectors(number.type).mul(number, insertion))
            edits.put(j.index, number)
        with writer.loop(zero, left[1], 1) as i:
            token = left[0].integer(i.index)
            corner = [costs.get(zero), edits.get(zero)]
            costs.put(zero, d.add(corner[0], self._penalty("deletion")))
            edits.put(zero, d.add(corner[1], d.constant(1.0)))
            with writer.loop(one, end, 1, corner) as j:
                other = right[0].integer(writer.sub(j.index, one))
                same = writer.insert(arith.CmpiOp(token, other, "eq"))
                above = [costs.get(j.index), edits.get(j.index)]
                beside = [costs.get(writer.sub(j.index, one)), edits.get(writer.sub(j.index, one))]
                best = self._best(list(j.carried), above, beside)
                for row, mine, diagonal in zip((costs, edits), best, j.carried, strict=True):
                    row.put(j.index, writer.insert(arith.SelectOp(same, diagonal, mine)))
                j.following = above
        return edits.get(right[1])

    def _best(
        self, diagonal: list[SSAValue], above: list[SSAValue], beside: list[SSAValue]
    ) -> list[SSAValue]:
        """Cost and edits of the best of a substitution, a deletion and an insertion."""
        d = self.doubles
        substituted = d.add(diagonal[0], self._penalty("substitution"))
        deleted = d.add(above[0], self._penalty("deletion"))
        inserted = d.add(beside[0], self._penalty("insertion"))
        cost = d.choose("olt", deleted, inserted, deleted, inserted)
        edits = d.choose("olt", deleted, inserted, above[1], beside[1])
        edits = d.choose("ole", substituted, cost, diagonal[1], edits)
        cost = d.choose("ole", substituted, cost, substituted, cost)
        return [cost, d.add(edits, d.constant(1.0))]

    def _penalty(self, name: str) -> SSAValue:
        value = plain(self.op.properties[name])
        assert isinstance(value, float)
        return self.doubles.constant(value)


LOWERINGS = {"net.edit_counts": lower_edit_counts}
