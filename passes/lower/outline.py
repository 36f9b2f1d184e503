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
        key: Key = (family, copier.kinds, *copier.keys, *(copier.numbers[v] for v in writes))
        if key not in self.kernels:
            self.kernels[key] = KernelOp(self._name(family), family, copier.region(writes))
        return self.kernels[key]

    def _name(self, family: str) -> str:
        number = self.counts[family] = self.counts.get(family, -1) + 1
        return f"{family}{number}"


class _Copier:
    """Lists the operations to copy, equal ones once, by a key of what they do.

    They are numbered after the values read; nothing is copied before the region is asked for, for
    most kernels are known already.
    """

    def __init__(self, reads: Sequence[SSAValue]):
        self.kinds = tuple(v.type for v in reads)
        self.numbers: dict[SSAValue, int] = {v: i for i, v in enumerate(reads)}
        self.keys: dict[Key, int] = {}
        self._listed: list[Operation | SSAValue] = []

    def copy(self, op: Operation) -> None:
        """List one operation, and before it the constants that it needs."""
        for value in op.operands:
            owner = value.owner
            if value not in self.numbers and isinstance(owner, Operation) and is_constant(owner):
                self.copy(owner)
        key = key_of(op, [self.numbers[v] for v in op.operands])
        self.numbers[op.results[0]] = self._add(key, op)

    def copy_value(self, value: SSAValue) -> None:
        """Let the kernel write what it reads."""
        self.numbers[value] = self._add((PassOp.name, self.numbers[value]), value)

    def region(self, writes: Sequence[SSAValue]) -> Region:
        """The copies, closed by the values that the kernel writes."""
        block = Block(arg_types=self.kinds)
        made: list[SSAValue] = list(block.args)
        for listed, key in zip(self._listed, self.keys, strict=True):
            if isinstance(listed, Operation):
                copy = listed.clone({v: made[self.numbers[v]] for v in listed.operands})
                copy.properties.pop("node", None)
                copy.attributes.clear()
            else:
                number = key[1]
                assert isinstance(number, int)
                copy = PassOp(made[number])
            block.add_op(copy)
            made.append(copy.results[0])
        block.add_op(YieldOp([made[self.numbers[v]] for v in writes]))
        return Region(block)

    def _add(self, key: Key, listed: Operation | SSAValue) -> int:
        if key not in self.keys:
            self.keys[key] = len(self.kinds) + len(self._listed)
            self._listed.append(listed)
        return self.keys[key]
