"""Which groups of operations have a kernel, and of which family; which ones to try to join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from brainscript.dialects.net.parameters import WriteOp
from brainscript.dialects.sched import may_differ, share_a_sample
from brainscript.dialects.tensors import Shape, TensorType, type_of
from brainscript.passes.lower.convolution.epilogue import epilogue_fits
from brainscript.passes.lower.fusion.facts import Fact
from brainscript.passes.lower.fusion.families import is_late, is_windows
from brainscript.passes.lower.gemm import access_of, form_of

MOST_OPERATIONS = 64
MOST_POINTERS = 32
"""Bounds on one kernel: beyond them registers run out and nothing is gained."""


@dataclass(frozen=True)
class Traits:
    """What can be said of a group at a glance, to refuse hopeless merges quickly.

    `axes` and `kinds` are those of all values made; `plain` says that all but products and sums
    is elementwise or a view; `moves` that there are views or splices.
    """

    products: int
    sums: int
    count: int
    plain: bool
    axes: frozenset[str | None]
    kinds: frozenset[TensorType]
    moves: bool = False

    @staticmethod
    def of(fact: Fact) -> Traits:
        """The traits of one operation."""
        if fact.kind is None or fact.moment:
            return Traits(0, 0, 1, True, frozenset(), frozenset())
        plain = fact.product or fact.total or fact.elementwise or fact.view
        total = fact.total or fact.alone == "columns"
        kinds, moves = frozenset({fact.kind}), fact.view or fact.splice
        return Traits(int(fact.product), int(total), 1, plain, frozenset({fact.axis}), kinds, moves)

    def __or__(self, other: Traits) -> Traits:
        return Traits(
            self.products + other.products,
            self.sums + other.sums,
            self.count + other.count,
            self.plain and other.plain,
            self.axes | other.axes,
            self.kinds | other.kinds,
            self.moves or other.moves,
        )

    def may_be(self, families: Sequence[str]) -> bool:
        """Whether a kernel of one of these families might do all of it."""
        if self.count > MOST_OPERATIONS:
            return False
        if self.moves and (self.products or self.sums):
            return False
        if self.products:
            single = self.products == 1 and not self.sums and len(self.kinds) == 1
            return "gemm" in families and single and self.plain
        if self.sums:
            return "columns" in families and self.plain and len(self.kinds) <= 2
        flat = None in self.axes
        alike = len(self.kinds) == 1 and self.plain if flat else True
        return "rows" in families and len(self.axes) <= 1 and alike


class Group:
    """Operations that are to become one kernel, in order."""

    def __init__(self, facts: Sequence[Fact]):
        self.facts = facts
        self.inside = frozenset([fact.name for fact in facts])
        self.writes = [f.op for f in facts if f.write and isinstance(f.op, WriteOp)]
        self.body = [fact for fact in facts if not fact.write]
        self.moments = [fact for fact in self.body if fact.moment]
        self.products = [fact for fact in self.body if fact.product]
        self.sums = [fact for fact in self.body if fact.total]

    def family(self) -> str | None:
        """The family of the kernel, or None when no kernel does all of this."""
        if len(self.facts) > MOST_OPERATIONS or self._pointers() > MOST_POINTERS:
            return None
        if not self._writes_in_place() or self._reads_what_it_makes():
            return None
        single = [fact.alone for fact in self.body if fact.alone]
        if single:
            return single[0] if len(self.facts) == 1 else None
        if any(fact.numbers for fact in self.body):
            return "rows" if not (self.products or self.sums) and self._is_rows() else None
        if self.products:
            family = "convolution" if is_windows(self.products[0].op) else "gemm"
            return family if self._is_product_with_epilogue() else None
        if self.moments:
            return None
        if self.sums:
            return "columns" if self._is_column_sum() else None
        return "rows" if self._is_rows() else None

    def reads(self) -> list[SSAValue]:
        """What the kernel reads from memory, in order of first use."""
        inside = self.inside
        values = [v for fact in self.facts for v, maker in fact.foreign if maker not in inside]
        return list(dict.fromkeys(values))

    def leaves(self, fact: Fact) -> bool:
        """Whether the value is needed outside of the group, or written by it."""
        return fact.needed or not fact.users <= self.inside

    def _pointers(self) -> int:
        return len(self.reads()) + sum(map(self.leaves, self.body))

    def _reads_what_it_makes(self) -> bool:
        """Whether a value made here is needed here in another shape: it is not in memory yet."""
        return any(fact.moved and fact.moved & self.inside for fact in self.facts)

    def _writes_in_place(self) -> bool:
        """Each write takes a value made here, and the old one is needed just where it stood."""
        if len(self.facts) == 1 or not self.writes:
            return True
        values = [op.value for op in self.writes]
        if len(set(values)) != len(values):
            return False
        if not all(id(value.owner) in self.inside for value in values):
            return False
        targets = {op.target for op in self.writes}
        return all(targets.isdisjoint(fact.elsewhere) for fact in self.body)

    def _is_product_with_epilogue(self) -> bool:
        product = self.products[0]
        rest = [fact for fact in self.body if fact is not product and not fact.moment]
        if any(fact.owners != (product.name,) for fact in self.moments):
            return False
        if not all(fact.elementwise for fact in rest):
            return False
        if self._has_own(product):
            return False
        kind = product.kind
        assert kind is not None
        if any(fact.kind != kind for fact in rest):
            return False
        read = [
            type_of(value)
            for fact in rest
            for value, maker in zip(fact.op.operands, fact.owners, strict=True)
            if maker not in self.inside
        ]
        if is_windows(product.op):
            return not rest or epilogue_fits(product.op, read)
        rank = form_of(product.op).output_rank
        return all(access_of(each, kind, rank) is not None for each in read)

    def _is_column_sum(self) -> bool:
        first = self.sums[0].op
        wide, narrow = type_of(first.operands[0]), type_of(first.results[0])
        totals = {fact.name for fact in self.body if fact.kind and fact.kind.axis is None}
        for fact in self.body:
            assert fact.kind is not None
            if fact.total:
                fits = type_of(fact.op.operands[0]) == wide and fact.kind == narrow
            elif fact.kind.axis is None:
                fits = fact.elementwise and fact.kind == narrow
            else:
                fits = fact.elementwise and fact.kind == wide and not self.leaves(fact)
                fits = fits and totals.isdisjoint(fact.owners)
            if not fits:
                return False
        return True

    def _is_rows(self) -> bool:
        axes = {fact.axis for fact in self.body}
        if len(axes) > 1 or not self._fits_moves():
            return False
        small = [fact for fact in self.body if fact.within]
        if len(small) > 1 or any(self._has_own(fact) for fact in small):
            return False
        if None in axes and len(self.body) > 1:
            kinds = {fact.kind for fact in self.body}
            return len(kinds) == 1 and all(fact.elementwise or fact.view for fact in self.body)
        return True

    def _has_own(self, fact: Fact) -> bool:
        """Whether the kernel itself makes an operand: here, or because it is constant."""
        outside = [maker for _, maker in fact.foreign if maker not in self.inside]
        return len(outside) < len(fact.owners)

    def _fits_moves(self) -> bool:
        """Views read memory, nothing here needs what is spliced, and all fits one sample.

        Parts of a splice that are of several sizes are made one after the other.
        """
        inside = self.inside
        views = {fact.name for fact in self.body if fact.view}
        splices = {fact.name for fact in self.body if fact.splice}
        for fact in self.body if views or splices else ():
            if fact.view and any(o in inside and o not in views for o in fact.owners):
                return False
            if not splices.isdisjoint(fact.owners):
                return False
        if share_a_sample(self._shapes()):
            return True
        return may_differ(fact.op for fact in self.body) and sum(map(self.leaves, self.body)) == 1

    def _shapes(self) -> set[Shape]:
        """The shapes along the axes of the results; views that only views read have none."""
        counted = (f for f in self.body if not (f.chained and f.users <= self.inside))
        return set[Shape]().union(*(fact.shapes for fact in counted))


@dataclass(frozen=True)
class Merge:
    """One round of joining: whom to try for each operation, and which families may result.

    Whom to try with an operation is told by their `id`; some may not be in any kernel.
    """

    partners: Callable[[Fact, Sequence[Fact]], Iterable[int]]
    families: tuple[str, ...]


def makers(fact: Fact, _: Sequence[Fact]) -> Iterable[int]:
    """The operations that make the operands, the latest first."""
    return reversed(fact.owners)


def eager_makers(fact: Fact, facts: Sequence[Fact]) -> Iterable[int]:
    """The same, but none for what its users had better compute themselves."""
    return () if is_late(fact.op) else makers(fact, facts)


def siblings(fact: Fact, _: Sequence[Fact]) -> Iterator[int]:
    """Operations that read the same samples: kernels joined with them read them once."""
    for value in fact.op.operands:
        if type_of(value).axis is not None:
            yield from (id(use.operation) for use in value.uses if use.operation is not fact.op)


def number_sums(fact: Fact, facts: Sequence[Fact]) -> Iterable[int]:
    """Other sums of one number per sample, such as criteria and metrics."""
    if not _is_number_sum(fact):
        return ()
    return (other.name for other in facts if other is not fact and _is_number_sum(other))


def _is_number_sum(fact: Fact) -> bool:
    return fact.total and fact.kind is not None and fact.kind.elements == 1


MERGES = (
    Merge(eager_makers, ("gemm", "convolution")),
    Merge(makers, ("columns",)),
    Merge(number_sums, ("columns",)),
    Merge(siblings, ("columns",)),
    Merge(makers, ("rows",)),
    Merge(siblings, ("rows",)),
)
