"""The type of every BrainScript value, the effect of identity, paths on operations."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import (
    Operation,
    ParametrizedAttribute,
    TypeAttribute,
)
from xdsl.irdl import IRDLOperation, ParsePropInAttrDict, irdl_attr_definition
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind


@irdl_attr_definition
class ValueType(ParametrizedAttribute, TypeAttribute):
    """Any BrainScript value, evaluated or not: `!bs.value`."""

    name = "bs.value"


VALUE = ValueType()


class AllocatesResult(MemoryEffect):
    """The operation makes a thing of its own: unused it may go, but two of them are never one.

    Two calls of a function that creates a parameter create two parameters, so common
    subexpression elimination must leave them apart while dead code elimination may drop either.
    """

    @classmethod
    def get_effects(cls, op: Operation) -> set[EffectInstance]:
        """One allocation for each result."""
        return {EffectInstance(MemoryEffectKind.ALLOC, result) for result in op.results}


class BsOperation(IRDLOperation):
    """An operation of level 1; `path`, where it has one, is what its node would be named.

    Inside the region of a function the path is relative to the call; `/` in front makes it
    absolute, and `@7#0` in it stands for the name of parameter 0 of whatever call 7 calls.
    """

    irdl_options = (ParsePropInAttrDict(),)


def path_of(op: Operation) -> str:
    """The path written on `op`, or an empty string."""
    path = op.attributes.get("path")
    return path.data if isinstance(path, StringAttr) else ""


NAMED = "//"
"""The front of the path of a node whose name is given: no member gives it another one."""


def join_path(front: str, rest: str) -> str:
    """`rest` below `front`: `h1` and `[0].W` give `h1[0].W`; an absolute `rest` stays as it is."""
    if rest[:1] == "/" or not front:
        return rest
    if not rest:
        return front
    if rest[0] == "[" or front[-1] == "/":
        return front + rest
    return f"{front}.{rest}"
