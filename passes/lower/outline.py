"""From a group of operations to a `sched.kernel`; groups that compute the same share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Block, Operation, Region, SSAValue

from brainscript.dialects.net.elementwise import PassOp
from brainscript.dialects.sched import KernelOp, YieldOp
from brainscript.passes.lower.fusion.facts import fact_of
from brainscript.passes.lower.fusion.families import is_constant
from brainscript.passes.lower.fusion.groups import Group
from brainscript.passes.lower.fusion.tidy import Key, key_of


@dataclass
class Outlined:
    """A kernel, and which values of the network its inputs and outputs are.

    A kernel that only copies a value into a symbol has no `writes` but names the `symbol`.
    """

    kernel: KernelOp
    reads: list[SSAValue]
    writes: list[SSAValue]
    symbol: str = ""


class Outliner:
    """Makes kernels and remembers them by structure."""

    def __init__(self) -> None:
        self.kernels: dict[Key, KernelOp] = {}
        self.counts: dict[str, int] = {}

    def outline(self, operations: Sequence[Operation], family: str) -> Outlined:
        """The kernel of a group; its operations stay where they are."""
        group = Group([fact_of(op) for op in operations])
        reads = group.reads()
        copier = _Copier(reads)
        for fact in sorted(group.body, key=lambda fact: not fact.product):
            copier.copy(fact.op)
        if group.body:
            leaving = [fact.op for fact in group.body if group.leaves(fact)]
            writes: list[SSAValue] = [op.results[0] for op in leaving]
            kernel = self._find(copier, family, writes)
            return Outlined(kernel, reads, writes)
        write = group.writes[0]
        copier.copy_value(write.value)
        return Outlined(self._find(copier, family, [write.value]), reads, [], write.target)

    def _find(self, copier: _Copier, family: str, writes: Sequence[SSAValue]) -> KernelOp:
        kinds = tuple(copier.block.arg_types)
        key: Key = (family, kinds, *copier.keys, *(copier.number(v) for v in writes))
        if key not in self.kernels:
            self.kernels[key] = KernelOp(self._name(family), family, copier.finish(writes))
        return self.kernels[key]

    def _name(self, family: str) -> str:
        number = self.counts[family] = self.counts.get(family, -1) + 1
        return f"{family}{number}"


class _Copier:
    """Copies operations into a block, equal ones once, and keeps a key of what it did."""

    def __init__(self, reads: Sequence[SSAValue]):
        self.block = Block(arg_types=[v.type for v in reads])
        self.values: dict[SSAValue, SSAValue] = dict(zip(reads, self.block.args, strict=True))
        self.numbers: dict[SSAValue, int] = {v: i for i, v in enumerate(self.block.args)}
        self.keys: dict[Key, int] = {}
        self.results: list[SSAValue] = list(self.block.args)

    def copy(self, op: Operation) -> None:
        """Copy one operation, and before it the constants that it needs."""
        for value in op.operands:
            owner = value.owner
            if value not in self.values and isinstance(owner, Operation) and is_constant(owner):
                self.copy(owner)
        key = key_of(op, [self.number(v) for v in op.operands])
        number = self.keys.get(key)
        if number is None:
            copy = op.clone(self.values)
            copy.properties.pop("node", None)
            copy.attributes.clear()
            number = self._add(key, copy)
        self.values[op.results[0]] = self.results[number]

    def copy_value(self, value: SSAValue) -> None:
        """Let the kernel write what it reads."""
        op = PassOp(self.values[value])
        number = self._add(key_of(op, [self.number(value)]), op)
        self.values[value] = self.results[number]

    def number(self, value: SSAValue) -> int:
        """The number of the copy of a value."""
        return self.numbers[self.values[value]]

    def finish(self, writes: Sequence[SSAValue]) -> Region:
        """Close the block with the values that the kernel writes."""
        self.block.add_op(YieldOp([self.values[v] for v in writes]))
        return Region(self.block)

    def _add(self, key: Key, op: Operation) -> int:
        self.block.add_op(op)
        number = self.keys[key] = len(self.results)
        self.results.append(op.results[0])
        self.numbers[op.results[0]] = number
        return number
