"""Replacing the operands of wide operations one by one.

xDSL keeps operands in a tuple and copies it for each replacement, so a long array whose elements
are evaluated one after the other would cost the square of its length. Here the operands of such an
operation are a list until `settle`.
"""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue
from xdsl.ir.core import SSAValues

WIDE = 64
"""From this many operands on a list pays."""


class WideOperands:
    """The operations whose operands are lists for the time being."""

    def __init__(self) -> None:
        self._lists: dict[Operation, list[SSAValue]] = {}

    def replace_uses(self, old: SSAValue, new: SSAValue) -> None:
        """Put `new` for `old` wherever it is used."""
        for use in tuple(old.uses):
            op = use.operation
            operands = self._lists.get(op)
            if operands is None or operands is not op._operands:  # pyright: ignore[reportPrivateUsage]  # new ones were set
                if len(op.operands) < WIDE:
                    op.operands[use.index] = new
                    continue
                operands = self._open(op)
            old.remove_use(use)
            new.add_use(use)
            operands[use.index] = new

    def settle(self) -> None:
        """Make tuples of all operands again."""
        for op in self._lists:
            operands = op._operands  # pyright: ignore[reportPrivateUsage]  # the list, or a later tuple
            op._operands = SSAValues(operands)  # pyright: ignore[reportPrivateUsage]  # see above
        self._lists.clear()

    def _open(self, op: Operation) -> list[SSAValue]:
        operands = self._lists[op] = list(op.operands)
        op._operands = operands  # type: ignore[assignment]  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]  # a list serves as the tuple
        return operands
