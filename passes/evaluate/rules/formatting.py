"""`Format (value, how)`: numbers as C prints them, records and arrays over several lines."""

from __future__ import annotations

import math
import re

from xdsl.ir import Operation, SSAValue

from brainscript.dialects.bs import ArrayOp, NodeOp, ParameterOp, ReadOp, RecordOp
from brainscript.limits import limit, recursion
from brainscript.passes.evaluate.failures import failure, type_name
from brainscript.passes.evaluate.options import node_name
from brainscript.passes.evaluate.plain import Plain, plain

DIRECTIVE = re.compile(r"[-+ #0]*\d{0,4}(\.\d{0,4})?")
"""What may stand between the sign and the letter of a format."""


def number_text(value: float, how: str = "") -> str:
    """A whole number as `%d`, any other as `%f`, with `how` in the middle."""
    if math.isnan(value) or math.isinf(value):
        return f"%{_width(how)}s" % ("nan" if math.isnan(value) else f"{value:g}")
    if value.is_integer() and abs(value) < 2**31:
        return f"%{how}d" % int(value)
    return f"%{how}f" % value


def _width(how: str) -> str:
    """The width of a format, with `-` in front where that is among its flags."""
    flags = how[: len(how) - len(how.lstrip("-+ #0"))]
    return ("-" if "-" in flags else "") + how[len(flags) :].partition(".")[0]


def format_value(value: SSAValue, how: str = "") -> str:
    """The text of an evaluated value, with everything that is in it."""
    with recursion(2 * limit("path-length")):
        return _Formatting(how).text(value, frozenset())


class _Formatting:
    """Texts of values with one format; `left` is how many more there may be."""

    def __init__(self, how: str):
        self._how = how
        self._left = limit("array-length")

    def text(self, value: SSAValue, inside: frozenset[Operation]) -> str:
        """The text of a value that stands in the values `inside`."""
        op = value.owner
        assert isinstance(op, Operation)
        if op in inside:
            return "..."
        literal = plain(op)
        if literal is not None:
            return _literal(literal, self._how)
        self._count(op)
        inside |= {op}
        if isinstance(op, ArrayOp):
            text = "\n  ".join(_indent(self.text(element, inside)) for element in op.elements)
            return f"( {text} )"
        if isinstance(op, RecordOp):
            pairs = sorted(zip((n.data for n in op.names.data), op.members, strict=False))
            lines = [f"  {name} = {_indent(self.text(v, inside))}\n" for name, v in pairs]
            return f"[\n{''.join(lines)}]"
        if isinstance(op, NodeOp | ParameterOp | ReadOp):
            return f"{op.kind.data if isinstance(op, NodeOp) else 'parameter'} {node_name(op)}"
        return type_name(op)

    def _count(self, op: Operation) -> None:
        self._left -= 1
        if self._left < 0:
            title = "the text of an array of arrays is too long"
            help = f"raise the limit with --limit array-length=N (now {limit('array-length')})"
            raise failure(op, "BS0321", title, help=help, stopped=True)


def _literal(literal: Plain, how: str) -> str:
    if isinstance(literal, bool):
        return "true" if literal else "false"
    return f"%{how}s" % literal if isinstance(literal, str) else number_text(literal, how)


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
