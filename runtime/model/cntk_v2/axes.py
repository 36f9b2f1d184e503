"""The axes of CNTK 2's variables and attributes: which are steps, which count from the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from brainscript.runtime.model.cntk_v2.dictionary import Axis, Dictionary
from brainscript.runtime.model.cntk_v2.operations import DYNAMIC
from brainscript.stored_graph import STEPS

BATCH = "defaultBatchAxis"
DEFAULT_AXES = ("", STEPS, BATCH, "*")


def axes_of(value: Any) -> Iterator[Axis]:
    """The axes among attributes."""
    if isinstance(value, Axis):
        yield value
    elif isinstance(value, dict):
        for item in cast("Dictionary", value).values():
            yield from axes_of(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from axes_of(item)


def from_start(value: Any, rank: int) -> Any:
    """The value, its axes that count from the end counted from the start."""
    if isinstance(value, Axis) and value.index < 0:
        return Axis(value.index + rank, value.name, value.ordered)
    if isinstance(value, list):
        return [from_start(item, rank) for item in cast("list[Any]", value)]
    return value


def axis_of(variable: Dictionary, steps: str) -> str:
    """The sequence axis of an input by name, `steps` for the default one; '' for none."""
    ordered = [a.name for a in _dynamic(variable) if a.ordered]
    return "" if not ordered else steps if ordered[0] in DEFAULT_AXES else ordered[0]


def steps_axis(inputs: list[Dictionary]) -> str:
    """The default axis; its own name beside inputs with one sample for each sequence."""
    axes = [_dynamic(variable) for variable in inputs]
    return STEPS if any(a and not any(b.ordered for b in a) for a in axes) else ""


def dynamic_axes(name: str, *, steps: bool) -> list[Axis]:
    """The dynamic axes of a value by the name of its axis: the way back of `axis_of`.

    `steps` says that the default axis has one sample for each sequence, beside one of steps.
    """
    batch = Axis(DYNAMIC, BATCH)
    if name in ("", "*"):
        return [batch] if steps else [Axis(DYNAMIC, STEPS, True), batch]
    return [Axis(DYNAMIC, name, True), batch]


def _dynamic(variable: Dictionary) -> list[Axis]:
    return [a for a in cast("list[Any]", variable.get("dynamic_axis") or []) if isinstance(a, Axis)]
