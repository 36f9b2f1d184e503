"""Which groups of operations have a kernel, and of which family; which ones to try to join."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.carry import CarryOutOp
from brainscript.dialects.net.parameters import IndexOp, ReadOp, WriteOp
from brainscript.dialects.net.sparse import PutColumnsOp
from brainscript.dialects.sched import (
    SPLICE,
    aligned_shapes,
    is_sample_product,
    is_view,
    may_differ,
    share_a_sample,
)
from brainscript.dialects.tensors import TensorType, type_of
from brainscript.passes.lower.convolution.epilogue import epilogue_fits
from brainscript.passes.lower.fusion.families import (
    axis_of,
    is_column_largest,
    is_column_sum,
    is_constant,
    is_draw,
    is_elementwise,
    is_late,
    is_pack,
    is_product,
    is_sequence,
    is_sparse,
    is_windows,
    meets_samples,
    memory_of,
)
from brainscript.passes.lower.gemm import access_of, form_of

MOST_OPERATIONS = 64
MOST_POINTERS = 32
"""Bounds on one kernel: beyond them registers run out and nothing is gained."""


ALONE: tuple[tuple[Callable[[Operation], bool], str], ...] = (
    (meets_samples, "samples"),
    (is_draw, "draw"),
    (is_pack, "pack"),
    (is_sequence, "sequence"),
    (is_sparse, "sparse"),
    (is_column_largest, "columns"),
)
"""Operations that are a kernel of their own, and its family."""


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
    def of(op: Operation) -> Traits:
        """The traits of one operation."""
        if isinstance(op, WriteOp):
            return Traits(0, 0, 1, True, frozenset(), frozenset())
        product, total = is_product(op), is_column_sum(op)
        plain = product or total or is_elementwise(op) or is_view(op)
        total = total or is_column_largest(op)
        kinds = frozenset({type_of(op.results[0])})
        moves = is_view(op) or op.name == SPLICE
        return Traits(int(product), int(total), 1, plain, frozenset({axis_of(op)}), kinds, moves)

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

    def __init__(self, operations: Sequence[Operation]):
        self.operations = operations
        self.inside = set(operations)
        self.writes = [op for op in operations if isinstance(op, WriteOp)]
        self.body = [op for op in operations if not isinstance(op, WriteOp)]
        self.products = [op for op in self.body if is_product(op)]
        self.sums = [op for op in self.body if is_column_sum(op)]

    def family(self) -> str | None:
        """The family of the kernel, or None when no kernel does all of this."""
        if len(self.operations) > MOST_OPERATIONS or self._pointers() > MOST_POINTERS:
            return None
        if not self._writes_in_place() or self._reads_what_it_makes():
            return None
        single = [family for test, family in ALONE if any(test(op) for op in self.body)]
        if single:
            return single[0] if len(self.operations) == 1 else None
        if self._numbers_elements():
            return "rows" if not (self.products or self.sums) and self._is_rows() else None
        if self.products:
            family = "convolution" if is_windows(self.products[0]) else "gemm"
            return family if self._is_product_with_epilogue() else None
        if self.sums:
            return "columns" if self._is_column_sum() else None
        return "rows" if self._is_rows() else None

    def reads(self) -> list[SSAValue]:
        """What the kernel reads from memory, in order of first use."""
        values = [v for op in self.operations for v in op.operands if not self._is_own(v)]
        return list(dict.fromkeys(values))

    def leaves(self, op: Operation) -> bool:
        """Whether the value is needed outside of the group, or written by it."""
        users = (use.operation for use in op.results[0].uses)
        return any(user not in self.inside or isinstance(user, WriteOp) for user in users)

    def _numbers_elements(self) -> bool:
        return any(isinstance(v.owner, IndexOp) for op in self.body for v in op.operands)

    def _is_own(self, value: SSAValue) -> bool:
        owner = value.owner
        return isinstance(owner, Operation) and (owner in self.inside or is_constant(owner))

    def _pointers(self) -> int:
        return len(self.reads()) + sum(self.leaves(op) for op in self.body)

    def _reads_what_it_makes(self) -> bool:
        """Whether a value made here is needed here in another shape: it is not in memory yet."""
        values = [v for op in self.operations for v in op.operands]
        return any(memory_of(v) is not v and memory_of(v).owner in self.inside for v in values)

    def _writes_in_place(self) -> bool:
        """Each write takes a value made here, and the old one is needed just where it stood."""
        if len(self.operations) == 1:
            return True
        values = [op.value for op in self.writes]
        if len(set(values)) != len(values) or not all(v.owner in self.inside for v in values):
            return False
        targets = {op.target for op in self.writes}
        return all(
            (is_elementwise(op) or isinstance(op, CarryOutOp | PutColumnsOp))
            and type_of(op.results[0]) == type_of(value)
            for op in self.body
            for value in op.operands
            if isinstance(value.owner, ReadOp) and value.owner.target in targets
        )

    def _is_product_with_epilogue(self) -> bool:
        product = self.products[0]
        rest = [op for op in self.body if op is not product]
        if not all(is_elementwise(op) for op in rest):
            return False
        if any(self._is_own(v) for v in product.operands):
            return False
        kind = type_of(product.results[0])
        if any(type_of(op.results[0]) != kind for op in rest):
            return False
        read = [v for op in rest for v in op.operands if v.owner not in self.inside]
        if is_windows(product):
            return not rest or epilogue_fits(product, [type_of(v) for v in read])
        rank = form_of(product).output_rank
        return all(access_of(type_of(v), kind, rank) is not None for v in read)

    def _is_column_sum(self) -> bool:
        wide = type_of(self.sums[0].operands[0])
        narrow = type_of(self.sums[0].results[0])
        for op in self.body:
            if is_column_sum(op):
                fits = type_of(op.operands[0]) == wide and type_of(op.results[0]) == narrow
            elif type_of(op.results[0]).axis is None:
                fits = is_elementwise(op) and type_of(op.results[0]) == narrow
            else:
                fits = is_elementwise(op) and type_of(op.results[0]) == wide and not self.leaves(op)
                fits = fits and not any(self._is_total(v) for v in op.operands)
            if not fits:
                return False
        return True

    def _is_total(self, value: SSAValue) -> bool:
        """Whether the value is one of all samples made here: known only after the sum."""
        return value.owner in self.inside and type_of(value).axis is None

    def _is_rows(self) -> bool:
        axes = {axis_of(op) for op in self.body}
        if len(axes) > 1 or not self._fits_moves():
            return False
        small = [op for op in self.body if is_sample_product(op)]
        if len(small) > 1 or any(self._is_own(v) for op in small for v in op.operands):
            return False
        if None in axes and len(self.body) > 1:
            kinds = {type_of(op.results[0]) for op in self.body}
            return len(kinds) == 1 and all(is_elementwise(op) or is_view(op) for op in self.body)
        return True

    def _fits_moves(self) -> bool:
        """Views read memory, nothing here needs what is spliced, and all fits one sample.

        Parts of a splice that are of several sizes are made one after the other.
        """
        for op in self.body:
            owners = [v.owner for v in op.operands if v.owner in self.inside]
            if is_view(op) and not all(isinstance(o, Operation) and is_view(o) for o in owners):
                return False
            if any(isinstance(o, Operation) and o.name == SPLICE for o in owners):
                return False
        if share_a_sample(aligned_shapes(self.body)):
            return True
        return may_differ(self.body) and sum(self.leaves(op) for op in self.body) == 1


@dataclass(frozen=True)
class Merge:
    """One round of joining: whom to try for each operation, and which families may result."""

    partners: Callable[[Operation], Iterator[Operation]]
    families: tuple[str, ...]


def makers(op: Operation) -> Iterator[Operation]:
    """The operations that make the operands, the latest first."""
    for value in reversed(op.operands):
        if isinstance(value.owner, Operation):
            yield value.owner


def eager_makers(op: Operation) -> Iterator[Operation]:
    """The same, but none for what its users had better compute themselves."""
    if not is_late(op):
        yield from makers(op)


def siblings(op: Operation) -> Iterator[Operation]:
    """Operations that read the same samples: kernels joined with them read them once."""
    for value in op.operands:
        if type_of(value).axis is not None:
            yield from (use.operation for use in value.uses if use.operation is not op)


def number_sums(op: Operation) -> Iterator[Operation]:
    """Other sums of one number per sample, such as criteria and metrics."""
    block = op.parent_block()
    if not is_column_sum(op) or type_of(op.results[0]).elements > 1 or block is None:
        return
    for other in block.ops:
        if other is not op and is_column_sum(other) and type_of(other.results[0]).elements == 1:
            yield other


MERGES = (
    Merge(eager_makers, ("gemm", "convolution")),
    Merge(makers, ("columns",)),
    Merge(number_sums, ("columns",)),
    Merge(siblings, ("columns",)),
    Merge(makers, ("rows",)),
    Merge(siblings, ("rows",)),
)
