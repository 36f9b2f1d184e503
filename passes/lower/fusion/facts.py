"""What grouping asks again and again of one operation, looked up once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import Block, Operation, SSAValue

from brainscript.dialects.net.carry import CarryOutOp
from brainscript.dialects.net.parameters import IndexOp, ReadOp, WriteOp
from brainscript.dialects.net.recurrence import RecurrenceOp
from brainscript.dialects.net.sparse import PutColumnsOp
from brainscript.dialects.sched import SPLICE, aligned_shapes, is_sample_product, is_view
from brainscript.dialects.tensors import Shape, TensorType, type_of
from brainscript.passes.lower.fusion.families import (
    axis_of,
    is_column_largest,
    is_column_sum,
    is_constant,
    is_draw,
    is_elementwise,
    is_moment,
    is_pack,
    is_product,
    is_sequence,
    is_sparse,
    meets_samples,
    memory_of,
    names_of,
)

LOOP = "loop"
"""What stands for the family of a `net.recurrence`, which is no kernel."""


def is_loop(op: Operation) -> bool:
    """Whether this is a loop over steps."""
    return op.name == RecurrenceOp.name


IN_PLACE = names_of(CarryOutOp, PutColumnsOp)
"""Their results lie where their old values lay, column for column."""

ALONE: tuple[tuple[Callable[[Operation], bool], str], ...] = (
    (meets_samples, "samples"),
    (is_draw, "draw"),
    (is_pack, "pack"),
    (is_sequence, "sequence"),
    (is_sparse, "sparse"),
    (is_column_largest, "columns"),
    (is_loop, LOOP),
)
"""Operations that are a kernel of their own, and its family."""


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One operation; others are named by their `id`, which holds while the network stays as it is.

    `kind` is the type of the first result, `owners` who makes the operands, `foreign` the operands
    that are no constants with their makers, `moved` who makes what is read in another shape.
    `needed` says that a write takes the value. `elsewhere` names the states whose old values are
    not needed just where they stand. `shapes` are those aligned with the result.
    """

    op: Operation
    name: int
    write: bool
    alone: str | None
    product: bool
    total: bool
    moment: bool
    elementwise: bool
    view: bool
    splice: bool
    within: bool
    numbers: bool
    axis: str | None
    kind: TensorType | None
    owners: tuple[int, ...]
    foreign: tuple[tuple[SSAValue, int], ...]
    moved: frozenset[int]
    users: frozenset[int]
    needed: bool
    elsewhere: frozenset[str]
    shapes: frozenset[Shape]
    chained: bool


def fact_of(op: Operation) -> Fact:
    """The facts about one operation."""
    write = op.name == WriteOp.name
    users = [] if write else [use.operation for use in op.results[0].uses]
    operands = tuple(op.operands)
    makers = [(value, value.owner) for value in operands]
    reshaped = [memory for value in operands if (memory := memory_of(value)) is not value]
    alone = next((family for test, family in ALONE if test(op)), None)
    product, total = is_product(op), is_column_sum(op)
    return Fact(
        op,
        id(op),
        write,
        alone,
        product,
        total,
        is_moment(op),
        is_elementwise(op),
        is_view(op),
        op.name == SPLICE,
        is_sample_product(op),
        any(type(owner) is IndexOp for _, owner in makers),
        None if write else axis_of(op),
        None if write else type_of(op.results[0]),
        tuple(id(owner) for _, owner in makers),
        tuple(
            (value, id(owner))
            for value, owner in makers
            if isinstance(owner, Block) or not is_constant(owner)
        ),
        frozenset(id(memory.owner) for memory in reshaped),
        frozenset(map(id, users)),
        any(user.name == WriteOp.name for user in users),
        frozenset() if write else _read_elsewhere(op),
        frozenset() if write or alone or product or total else frozenset(aligned_shapes([op])),
        is_view(op) and all(map(is_view, users)),
    )


def _read_elsewhere(op: Operation) -> frozenset[str]:
    """The states that an operation reads at other places than that of its result."""
    aligned = is_elementwise(op) or op.name in IN_PLACE
    return frozenset(
        owner.target
        for value in op.operands
        if type(owner := value.owner) is ReadOp
        and not (aligned and type_of(op.results[0]) == type_of(value))
    )
