"""Names of nodes while a network is edited: what a node is called, which names are free."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from brainscript.dialects.net.clone import ORIGIN, PATH
from brainscript.dialects.net.network import NetworkOp, node_name_of, symbols_of
from brainscript.dialects.net.parameters import ReadOp

SEPARATOR = "::"
"""Between the name of a loaded network and that of its parameter, in the symbol while it is
only there to be cloned."""

_DOTS = str.maketrans({".": "_"})
_BRACKETS = str.maketrans({".": "_", "[": "_", "]": "_"})


def spelt(node: str) -> str:
    """A name of another program as a name of the language: `_` for all that it cannot have."""
    plain = re.sub(r"\W", "_", node, flags=re.ASCII)
    return f"_{plain}" if plain[:1].isdigit() else plain


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda node: node.translate(_DOTS),
    lambda node: node.translate(_BRACKETS),
    spelt,
)
"""How a node may be written; what an earlier one finds is meant."""


def written_so(name: str, nodes: Collection[str]) -> list[str]:
    """The nodes that `name` may mean: one, none, or several that are all written so."""
    if name in nodes:
        return [name]
    for spelling in SPELLINGS:
        found = [node for node in nodes if spelling(node).lower() == name.lower()]
        same = [node for node in found if spelling(node) == name]
        if found:
            return sorted(same or found, key=str.lower)
    return []


class Names:
    """The names that are taken, whatever their case."""

    def __init__(self, network: NetworkOp):
        self.taken: dict[str, Operation | None] = {}
        for op in network.block.ops:
            if ORIGIN not in op.attributes and op.results:
                name = node_name_of(op.results[0])
                if name:
                    self.taken[name.lower()] = op
        self.taken |= {
            name.lower(): op
            for name, op in symbols_of(network).items()
            if ORIGIN not in op.attributes
        }

    def take(self, name: str) -> str:
        """The name, with `_` in front as long as it is taken."""
        while name.lower() in self.taken:
            name = "_" + name
        self.taken[name.lower()] = None
        return name


def plain_name(value: SSAValue) -> str:
    """What clones of the node are called after: its name before a member gave it another one."""
    op = value.owner
    if not isinstance(op, Operation):
        return ""
    path = op.attributes.get(PATH)
    if isinstance(path, StringAttr):
        return path.data
    if isinstance(op, ReadOp) and ORIGIN in op.attributes:
        return op.target.partition(SEPARATOR)[2]
    return node_name_of(value)


def put_name(op: Operation, name: str, path: str) -> None:
    """Name a node; `path` is what its clones are called after."""
    op.properties["node"] = StringAttr(name)
    if path != name:
        op.attributes[PATH] = StringAttr(path)


def gives_way(name: str) -> bool:
    """Whether a node of this name gets `_` in front when the name is taken."""
    return any(letter in name for letter in ".[]")
