"""Errors of evaluation: places and call chains from locations, one way to raise."""

from __future__ import annotations

import linecache
import re
from collections.abc import Sequence
from dataclasses import replace

from xdsl.dialects.builtin import CallSiteLoc, FileLineColLoc, LocationAttr
from xdsl.ir import Attribute, Operation

from brainscript.diagnostic import BrainScriptError, Diagnostic, LimitError, Note, Span, shorten
from brainscript.dialects.attributes import called
from brainscript.dialects.bs import (
    ArrayOp,
    BoolOp,
    ClonedOp,
    CloneFunctionOp,
    ComposeOp,
    EditedOp,
    LambdaOp,
    LoadedNodeOp,
    LoadedOp,
    NetworkRecordOp,
    NodeOp,
    NumberOp,
    ParameterOp,
    ReadOp,
    RecordOp,
    StringOp,
    path_of,
)

LIBRARY = "library:"
"""What the names of library files begin with in places."""
FRAMES = 12
"""How many places a chain of calls keeps; longer chains can be neither hashed nor printed."""

TYPES: dict[type[Operation], str] = {
    ArrayOp: "an array",
    BoolOp: "a boolean",
    CloneFunctionOp: "a function",
    ClonedOp: "a node",
    ComposeOp: "a function",
    EditedOp: "a network",
    LambdaOp: "a function",
    LoadedNodeOp: "a node",
    LoadedOp: "a network",
    NetworkRecordOp: "a network",
    NodeOp: "a node",
    NumberOp: "a number",
    ParameterOp: "a node",
    ReadOp: "a node",
    RecordOp: "a record",
    StringOp: "a string",
}
"""What a value is called in a message."""


def frames(location: Attribute) -> list[FileLineColLoc]:
    """The places of a location from the inside out."""
    found: list[FileLineColLoc] = []
    while isinstance(location, CallSiteLoc):
        if isinstance(location.callee, FileLineColLoc):
            found.append(location.callee)
        location = location.caller
    if isinstance(location, FileLineColLoc):
        found.append(location)
    return found


def called_from(call: LocationAttr) -> LocationAttr:
    """The location of a call as the caller of what is inlined there, kept short.

    The innermost places stay, and the outermost one, which is the user's own.
    """
    places = frames(call)
    if len(places) < FRAMES:
        return call
    return _chain([*places[: FRAMES - 2], places[-1]])


def user_location(location: LocationAttr) -> LocationAttr:
    """A location without its places in the library, as long as another one is left."""
    places = frames(location)
    mine = [place for place in places if not place.filename.data.startswith(LIBRARY)]
    if not mine or len(mine) == len(places):
        return location
    return _chain(mine)


def _chain(places: Sequence[FileLineColLoc]) -> LocationAttr:
    chain: LocationAttr = places[-1]
    for place in reversed(places[:-1]):
        chain = called(place, chain)
    return chain


def spans(op: Operation) -> tuple[list[Span], list[Span]]:
    """Places of an operation from the inside out: in the user's text, and in the library."""
    mine: list[Span] = []
    library: list[Span] = []
    for place in frames(op.location):
        span = Span(place.filename.data, place.line.data, place.column.data)
        target = library if span.file.startswith(LIBRARY) else mine
        if not target or target[-1] != span:
            target.append(span)
    return mine, library


def failure(
    op: Operation, code: str, title: str, label: str = "", help: str = "", stopped: bool = False
) -> BrainScriptError:
    """The error to raise at `op`; `stopped` when a limit stopped the work."""
    mine, library = spans(op)
    places = mine or library
    notes: tuple[Note, ...] = ()
    if mine and library:
        notes = (Note(f"inside the library, at {library[0].file}:{library[0].line}"),)
    diagnostic = Diagnostic(
        code,
        title,
        places[0] if places else None,
        label,
        notes,
        help,
        shorten(path_of(op).lstrip("/")),
        tuple(places[1:]),
    )
    return (LimitError if stopped else BrainScriptError)(diagnostic)


def holds_itself(array: ArrayOp) -> BrainScriptError:
    """The error to raise where all that is in an array is wanted, and that is the array again."""
    help = "an array that is a list of nodes or sizes cannot hold itself"
    return failure(array, "BS0303", "an array is an element of itself", help=help)


def type_name(op: Operation) -> str:
    """What the value made by `op` is called."""
    return TYPES.get(type(op), "a value")


def at_argument(error: BrainScriptError, name: str) -> BrainScriptError:
    """The error of a call, moved to its argument `name = ...` where the line of text has one."""
    (found,) = error.diagnostics
    if found.span is None:
        return error
    linecache.checkcache(found.span.file)
    text = linecache.getline(found.span.file, found.span.line)
    argument = re.compile(rf"(?<![\w.]){re.escape(name)}(?=\s*=)").search(
        text, found.span.column - 1
    )
    if argument is None:
        return error
    span = replace(found.span, column=argument.start() + 1, length=len(name))
    return type(error)(replace(found, span=span))
