"""From the location of an operation to the places that a diagnostic shows."""

from __future__ import annotations

from xdsl.dialects.builtin import CallSiteLoc, FileLineColLoc, FusedLoc, NameLoc
from xdsl.ir import Attribute, Operation

from brainscript.diagnostic import BrainScriptError, Diagnostic, Span
from brainscript.dialects.net.base import NetOp
from brainscript.dialects.net.parameters import ReadOp, SymbolOp

MAX_CALLS = 12


def span_of(location: Attribute) -> Span | None:
    """The innermost place of a location."""
    if isinstance(location, FileLineColLoc):
        line, column = location.line.data, location.column.data
        return Span(location.filename.data, line, max(1, column))
    if isinstance(location, CallSiteLoc):
        return span_of(location.callee)
    if isinstance(location, NameLoc):
        return span_of(location.location)
    if isinstance(location, FusedLoc):
        found = [span_of(part) for part in getattr(location.locations, "data", ())]
        return next((span for span in found if span is not None), None)
    return None


def calls_of(location: Attribute) -> tuple[Span, ...]:
    """The call sites around a location, from the inside out."""
    calls: list[Span] = []
    while isinstance(location, CallSiteLoc) and len(calls) < MAX_CALLS:
        span = span_of(location.caller)
        if span is not None:
            calls.append(span)
        location = location.caller
    return tuple(calls)


def name_of(op: Operation) -> str:
    """The name under which the user knows the operation."""
    if isinstance(op, ReadOp):
        return op.target
    if isinstance(op, SymbolOp):
        return op.sym_name.data
    return op.node_name if isinstance(op, NetOp) else op.name


def failure(
    op: Operation, code: str, title: str, label: str = "", help: str = ""
) -> BrainScriptError:
    """A diagnostic at the place of the operation, with its node name and its call sites."""
    where = op.location
    return BrainScriptError(
        Diagnostic(
            code, title, span_of(where), label, help=help, path=name_of(op), calls=calls_of(where)
        )
    )
