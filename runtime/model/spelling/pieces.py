"""The nodes that stand for one: the last of them keeps its name, dims and axis."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.stored_graph import PARAMETER, StoredGraph, StoredNode

Arrays = Mapping[str, NDArray[np.floating[Any]]]


class Pieces:
    """Collects the nodes that stand for `node`, inputs before what uses them.

    Nodes that are made are called after `node`; a name that is `taken` gets `_` in front.
    """

    def __init__(self, node: StoredNode, taken: Container[str]):
        self.node = node
        self.nodes: dict[str, StoredNode] = {}
        self.values: dict[str, NDArray[Any]] = {}
        self._taken = taken

    def add(
        self,
        operation: str,
        *inputs: str,
        dims: tuple[int, ...] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> str:
        """One more node; its name."""
        name = self._name(operation)
        at, axis = self.node.at, self.node.axis
        self.nodes[name] = StoredNode(name, operation, inputs, options or {}, dims, axis, at)
        return name

    def end(
        self, operation: str, *inputs: str, options: Mapping[str, object] | None = None
    ) -> None:
        """The node that takes the place of all."""
        node = self.node
        self.nodes[node.name] = StoredNode(
            node.name, operation, inputs, options or {}, node.dims, node.axis, node.at
        )

    def constant(self, array: NDArray[Any]) -> str:
        """A constant, whose dims are the reversed shape; its name."""
        name = self._name("Constant")
        options = {"learning_rate_multiplier": 0.0}
        dims = array.shape[::-1]
        self.nodes[name] = StoredNode(name, PARAMETER, (), options, dims, at=self.node.at)
        self.values[name] = np.asarray(array, np.float64)
        return name

    def number(self, value: float) -> str:
        """A constant of one element; its name."""
        return self.constant(np.full(1, value))

    def reshape(self, x: str, dims: tuple[int, ...]) -> str:
        """`x` with other dims; its name."""
        return self.add("Reshape", x, dims=dims, options=reshaping(dims))

    def _name(self, base: str) -> str:
        number = 1 + len(self.nodes)
        name = f"{self.node.name}.{base}{number}"
        while name in self._taken or name in self.nodes:
            name = "_" + name
        return name


Spell = Callable[[Pieces, StoredGraph], None]
"""Writes a node of a graph as others; ValueError, with the reason, for what cannot be."""


def reshaping(dims: tuple[int, ...]) -> dict[str, object]:
    """The options of a `Reshape` of the whole sample."""
    return {"dims": list(dims), "beginAxis": 0, "endAxis": 0}


def spelled(
    graph: StoredGraph, arrays: Arrays, table: Mapping[str, Spell]
) -> tuple[StoredGraph, dict[str, NDArray[Any]]]:
    """The graph with every node that `table` lists written out, and the values of both."""
    nodes: dict[str, StoredNode] = {}
    values: dict[str, NDArray[Any]] = dict(arrays)
    dtype = np.float64 if graph.precision == "double" else np.float32
    for node in graph.nodes.values():
        spell = table.get(node.operation)
        if spell is None:
            nodes[node.name] = node
            continue
        pieces = Pieces(node, graph.nodes)
        spell(pieces, graph)
        nodes.update(pieces.nodes or {node.name: node})
        values.update({name: array.astype(dtype) for name, array in pieces.values.items()})
    return StoredGraph(graph.file, graph.precision, nodes, graph.groups), values
