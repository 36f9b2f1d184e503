"""Names for the nodes that one operation of a file becomes: none that the file has.

They are called after its result, `y/left`, `y.Plus1`. Where the file itself has such names, the
result goes by another name, `y_`, until all nodes are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from brainscript.stored_graph import StoredNode


class FileNames:
    """The names of all values of a file."""

    def __init__(self, names: Iterable[str]):
        self._all = set(names)
        self._starts = {name[: m.start()] for name in self._all for m in re.finditer(r"[/.]", name)}

    def __contains__(self, name: str) -> bool:
        return name in self._all

    def free(self, name: str) -> str:
        """The name, or one like it after which no value of the file is called."""
        found = name
        while found in self._starts or (found != name and found in self._all):
            found += "_"
        return found


def renamed(node: StoredNode, names: Mapping[str, str]) -> StoredNode:
    """The node with other names, its own and those of its inputs."""
    inputs = tuple(names.get(name, name) for name in node.inputs)
    return replace(node, name=names.get(node.name, node.name), inputs=inputs)
