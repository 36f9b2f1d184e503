"""Linear forms as attributes."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IntAttr
from xdsl.parser import Parser
from xdsl.printer import Printer

Form = ArrayAttr[IntAttr]
"""A number linear in the sizes of the axes: `[b, a0, a1, ...]` is `b + a0 * n0 + a1 * n1 + ...`,
each `n` rounded up to a multiple of 16."""


def form(values: Sequence[int]) -> Form:
    """The attribute of a linear form."""
    return ArrayAttr([IntAttr(v) for v in values])


def coefficients(attribute: Form) -> tuple[int, ...]:
    """The numbers of a linear form: the constant, then one factor for each axis."""
    return tuple(v.data for v in attribute.data)


def print_form(printer: Printer, values: Form) -> None:
    """Print `[b, a0, a1]`."""
    printer.print_string(f"[{', '.join(str(v) for v in coefficients(values))}]")


def parse_form(parser: Parser) -> Form:
    """Parse what `print_form` writes."""
    values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer)
    return form(values)
