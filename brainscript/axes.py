"""Names of dynamic axes, and how one is made from another.

An axis is `*`, the name of a `DynamicAxis`, or made from another axis A by an operation: `A/first`
has one column for each sequence of A, `A/slice:b:e` the steps that `Slice (b, e)` along time keeps,
`A/where:NODE` those that the operation `Where` finds while the step runs. `A/rows:N:INPUTS` has one
column for each of N rows of a table that the samples of sparse inputs touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["stream", "first", "slice", "found"]
KINDS: tuple[Kind, ...] = ("stream", "first", "slice", "found")
"""Where the layout of an axis comes from; the numbers are those of the native library."""

FOUND_COLUMNS = 4
"""`Where` may repeat steps: memory is reserved for so many columns for each of its source."""


@dataclass(frozen=True)
class Made:
    """How an axis is made: from the axis `base`, with the bounds of a slice.

    One that a step finds has at most `begin` columns for each of the base, or, if `begin` is 0,
    at most `end` and no more than sparse inputs have elements.
    """

    kind: Kind
    base: str = ""
    begin: int = 0
    end: int = 0

    def most(self, columns: int, elements: int) -> int:
        """The most columns of an axis that a step finds: of so many columns of the base, with so
        many elements in sparse inputs."""
        return self.begin * columns if self.begin else min(self.end, elements)


def first_of(axis: str) -> str:
    """The axis with one column for each sequence."""
    return f"{axis}/first"


def slice_of(axis: str, begin: int, end: int) -> str:
    """The axis of the steps that a slice along time keeps; one step is one column a sequence."""
    if (begin, end) in ((0, 1), (-1, 0)):
        return first_of(axis)
    return f"{axis}/slice:{begin}:{end}"


def found_in(axis: str, node: str) -> str:
    """The axis of the steps that the condition `node` finds."""
    return f"{axis}/where:{node.replace('/', '_')}"


def rows_of(axis: str, count: int, inputs: str) -> str:
    """The axis of the rows, of `count`, that the samples of sparse inputs touch."""
    return f"{axis}/rows:{count}:{inputs.replace('/', '_')}"


def made(axis: str) -> Made:
    """How an axis is made, by its name."""
    base, slash, last = axis.rpartition("/")
    if not slash:
        return Made("stream")
    if last == "first":
        return Made("first", base)
    if last.startswith("where:"):
        return Made("found", base, FOUND_COLUMNS)
    if last.startswith("rows:"):
        return Made("found", base, 0, int(last.split(":", 2)[1]))
    if last.startswith("slice:"):
        begin, end = last.removeprefix("slice:").split(":")
        return Made("slice", base, int(begin), int(end))
    return Made("stream")


def known_base(axis: str) -> str:
    """The axis whose sequences say how those of a made axis are laid out before the step runs.

    The sequences themselves are known of every axis, so one step of each of an axis found later is
    laid out as one step of each of what it was found in.
    """
    how = made(axis)
    base = how.base
    while how.kind == "first" and made(base).kind == "found":
        base = made(base).base
    return base


def root_of(axis: str) -> str:
    """The axis of an input that an axis goes back to."""
    while (how := made(axis)).kind != "stream":
        axis = how.base
    return axis


def may_agree(one: str, other: str) -> bool:
    """Whether two axes may turn out to have equally long sequences when the network runs."""
    return one == other or made(one).kind != "stream" or made(other).kind != "stream"


def with_bases(axes: tuple[str, ...]) -> tuple[str, ...]:
    """The axes and all those that they are made from, bases first where they are added."""
    found = dict.fromkeys(axes)
    for axis in axes:
        chain: list[str] = []
        while (how := made(axis)).kind != "stream":
            axis = how.base
            chain.append(axis)
        found |= dict.fromkeys(reversed(chain))
    return tuple(found)
