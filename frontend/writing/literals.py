"""Plain values as BrainScript writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from brainscript.dialects.tensors import UNKNOWN


def literal(value: object) -> str:
    """A number, a text, a boolean, or an array of these."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, str):
        return text(value)
    assert isinstance(value, tuple), value
    items = cast("tuple[object, ...]", value)
    return dimensions(items) if items else "[||]"


def dimensions(values: Sequence[object]) -> str:
    """An array; one element stands for itself, a dimension that is not known is 0."""
    shown = ["0" if value == UNKNOWN else literal(value) for value in values]
    return shown[0] if len(shown) == 1 else f"({':'.join(shown)})"


def text(value: str) -> str:
    """A string; strings have no escapes, so one with both quotes is put together."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    parts = [f"'{part}'" for part in value.split("'")]
    return "(" + ' + "\'" + '.join(parts) + ")"


def _number(value: float) -> str:
    if value == float("inf"):
        return "1e999"
    if value == -float("inf"):
        return "-1e999"
    return repr(value).removesuffix(".0")
