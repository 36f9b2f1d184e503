"""What a case of the gradient check is: one operation on operands of chosen shapes and ranges."""

from __future__ import annotations

from dataclasses import dataclass

SAMPLES = 4


@dataclass(frozen=True)
class Operand:
    """One operand: its shape as text, whether it has samples, and where its values lie.

    `kind` is `plain` (uniform between low and high), `signed` (the same, with random signs),
    `flags` (0 or 1) or `simplex` (positive, of sum 1 in every sample). What is not learned gets no
    gradient. `given` are the samples themselves, each a column.
    """

    shape: str = "3"
    sampled: bool = True
    low: float = -1.0
    high: float = 1.0
    kind: str = "plain"
    learned: bool = True
    given: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Check:
    """One operation on its operands, with the text of its options."""

    name: str
    op: str
    operands: tuple[Operand, ...]
    options: str = ""
