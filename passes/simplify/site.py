"""Where the network that is compiled is simplified: writing in place, names that must stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.ir import Operation, SSAValue
from xdsl.traits import Pure

from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.network import RootsOp
from brainscript.dialects.net.parameters import InputOp, ReadOp, SplatOp
from brainscript.dialects.net.shape import ReshapeOp
from brainscript.dialects.tensors import Shape, TensorType, type_of


class Site:
    """Writes operations in front of `op`, the one that is to be replaced."""

    def __init__(self, op: NetOp):
        self.op = op
        self.kind: TensorType = type_of(op.result)

    def make(
        self,
        cls: type[NetOp],
        *inputs: SSAValue,
        result: TensorType | None = None,
        options: Mapping[str, object] | None = None,
    ) -> SSAValue:
        """The result of a new operation."""
        made = cls(*inputs, result_type=result, location=self.op.location, options=options)
        return self._insert(made)

    def number(self, value: float) -> SSAValue:
        """A number `[1]`."""
        one = TensorType.of((1,), self.kind.element)
        return self._insert(SplatOp(value, one, self.op.location))

    def splat(self, value: float) -> SSAValue:
        """A number that fills the type of the result."""
        return self._insert(SplatOp(value, self.kind, self.op.location))

    def reshape(self, value: SSAValue, shape: Shape) -> SSAValue:
        """The same elements in this shape."""
        if type_of(value).shape == shape:
            return value
        return self.make(ReshapeOp, value, options={"dims": shape})

    def _insert(self, made: NetOp) -> SSAValue:
        block = self.op.parent_block()
        assert block is not None
        block.insert_op_before(made, self.op)
        return made.result


Rule = Callable[[Site], SSAValue | None]
"""What stands for the result of an operation, or None where the rule does not hold."""

Table = Mapping[type[Operation], tuple[Rule, ...]]


def number_of(value: SSAValue) -> float | None:
    """The number that a value is everywhere, if the compiler knows it."""
    owner = value.owner
    return owner.value.value.data if isinstance(owner, SplatOp) else None


def redirect(op: NetOp, value: SSAValue) -> bool:
    """Let the users of an operation read another value, and drop the operation if it had no other.

    A root is asked for by its name: a value that has none takes it over, else the root keeps its
    operation. Gives whether anything has changed.
    """
    owner = value.owner
    rooted = any(isinstance(use.operation, RootsOp) for use in op.result.uses)
    if isinstance(owner, NetOp) and owner.node is None and op.node is not None:
        owner.properties["node"] = op.node
        rooted = False
    uses = [u for u in op.result.uses if not (rooted and isinstance(u.operation, RootsOp))]
    for use in uses:
        use.operation.operands[use.index] = value
    if value.name_hint is None:
        value.name_hint = op.result.name_hint
    if is_free(op):
        erase(op)
    return bool(uses)


def erase(op: NetOp) -> None:
    """Erase an operation that nobody uses, and what only it used."""
    waiting: list[Operation] = [op]
    while waiting:
        dead = waiting.pop()
        owners = dict.fromkeys(value.owner for value in dead.operands)
        dead.detach()
        dead.erase()
        waiting += [o for o in owners if isinstance(o, Operation) and is_free(o)]


def is_free(op: Operation) -> bool:
    """Whether nobody uses an operation, and it does nothing but give its value."""
    may = isinstance(op, ReadOp) or (is_pure(op) and not isinstance(op, InputOp))
    return may and not any(True for _ in op.results[0].uses)


def is_pure(op: Operation) -> bool:
    """Whether an operation of the network does nothing but give its value."""
    return isinstance(op, NetOp) and op.has_trait(Pure)
