"""Attributes that are made by the ten thousand: the same value is the same attribute.

xDSL checks every attribute anew when it is made. What is made here is sound by its types alone, so
texts and places are put together without the checks, and numbers are kept for the next time.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    Float64Type,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    StringAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute


def text(value: str) -> StringAttr:
    """A string as an attribute."""
    made = StringAttr.__new__(StringAttr)
    object.__setattr__(made, "data", value)
    return made


def strings(values: Iterable[str]) -> ArrayAttr[StringAttr]:
    """An array attribute of strings."""
    return _strings(tuple(values))


@lru_cache(4096)
def _strings(values: tuple[str, ...]) -> ArrayAttr[StringAttr]:
    return ArrayAttr([StringAttr(value) for value in values])


@lru_cache(4096)
def whole(value: int) -> IntegerAttr[IntegerType]:
    """An integer of 64 bits as an attribute."""
    return IntegerAttr(value, i64)


def number(value: float) -> FloatAttr[Float64Type]:
    """A double as an attribute; a zero keeps its sign."""
    return _number(value, repr(value))


@lru_cache(4096)
def _number(value: float, _: str) -> FloatAttr[Float64Type]:
    return FloatAttr(value, f64)


def place(file: StringAttr, line: int, column: int) -> FileLineColLoc:
    """A place in a text, both numbers from 1."""
    made = FileLineColLoc.__new__(FileLineColLoc)
    object.__setattr__(made, "filename", file)
    object.__setattr__(made, "line", _plain(line))
    object.__setattr__(made, "column", _plain(column))
    return made


@lru_cache(4096)
def _plain(value: int) -> IntAttr:
    return IntAttr(value)


def called(callee: Attribute, caller: LocationAttr) -> CallSiteLoc:
    """The place `callee` inside what was called from `caller`."""
    made = CallSiteLoc.__new__(CallSiteLoc)
    object.__setattr__(made, "callee", callee)
    object.__setattr__(made, "caller", caller)
    return made
