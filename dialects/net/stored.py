"""Statistics that are known: the model file, and the node in it, that they are read from."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation

STORED = "stored"
"""The attribute of a `net.mean` or `net.inv_std_dev` that is not to be estimated."""


def set_stored(op: Operation, file: str, source: str) -> None:
    """Let the statistic be read from the node `source` of a model file; no file: estimate it."""
    if file:
        op.attributes[STORED] = ArrayAttr([StringAttr(file), StringAttr(source)])
    else:
        op.attributes.pop(STORED, None)


def stored_of(op: Operation) -> tuple[str, str] | None:
    """The file and the node that a statistic is read from; None when it is to be estimated."""
    found = op.attributes.get(STORED)
    if not isinstance(found, ArrayAttr):
        return None
    texts = cast("ArrayAttr[StringAttr]", found).data
    return texts[0].data, texts[1].data
