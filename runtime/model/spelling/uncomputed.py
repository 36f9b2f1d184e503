"""Statistics of inputs that a model file holds as zeros, since no data were seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainscript.diagnostic import Diagnostic
from brainscript.stored_graph import StoredGraph, StoredNode

MEAN, DEVIATION = "Mean", "InvStdDev"
STATISTICS = (MEAN, DEVIATION)
HELP = (
    "train the network first, or save it as a model file after training: the first pass over the "
    "data finds it"
)


def uncomputed(
    graph: StoredGraph, arrays: Mapping[str, NDArray[np.floating[Any]]]
) -> list[Diagnostic]:
    """A warning for each `Mean` and `InvStdDev` of the graph that no data have given a value.

    An inverse deviation is never zero. A mean may be: it counts as found when the deviation of the
    same input is.
    """
    zeros = [n for n in graph.nodes.values() if n.operation in STATISTICS and _zero(n, arrays)]
    zero = {node.name for node in zeros}
    known = {
        node.inputs[:1]
        for node in graph.nodes.values()
        if node.operation == DEVIATION and node.name in arrays and node.name not in zero
    }
    return [_warning(n) for n in zeros if n.operation == DEVIATION or n.inputs[:1] not in known]


def _zero(node: StoredNode, arrays: Mapping[str, NDArray[np.floating[Any]]]) -> bool:
    return node.name in arrays and not np.any(arrays[node.name])


def _warning(node: StoredNode) -> Diagnostic:
    what = f"'{node.name}' ({node.operation})"
    title = f"{what} was never computed from data: the file has zeros for it"
    return Diagnostic("BS0518", title, help=HELP, path=node.name, severity="warning")
