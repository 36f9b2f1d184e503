"""The logarithm of BrainScript, -85.1 of numbers below 1e-37, as our own files have it.

Before:  m = Max (x, 1e-37) ; l = Log (m) ; b = Less (x, 1e-37) ; y = Where (b, -85.1, l)
After:   y = Log (x)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from brainscript.runtime.model.exchange.operations import LEAST_LOG, SMALLEST

Arrays = Mapping[str, NDArray[Any]]


def merge_guards(graph: Any, arrays: Arrays) -> None:
    """Let every logarithm that is guarded as ours are be one node."""
    makers = {name: node for node in graph.node for name in node.output}
    parts: set[str] = set()
    for node in graph.node:
        x = _guarded(node, makers, arrays) if node.op_type == "Where" else None
        if x is not None:
            log = makers[node.input[2]]
            parts.update((node.input[0], node.input[2], log.input[0]))
            node.op_type = "Log"
            del node.input[:]
            node.input.append(x)
    if parts:
        _drop(graph, parts)


def _drop(graph: Any, parts: set[str]) -> None:
    """Leave out those of these nodes that nothing reads."""
    used = {value.name for value in graph.output}
    kept: list[Any] = []
    for node in reversed(graph.node):
        if node.output[0] not in parts or used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
    del graph.node[:]
    graph.node.extend(kept[::-1])


def _guarded(node: Any, makers: Mapping[str, Any], arrays: Arrays) -> str | None:
    """What a choice is the guarded logarithm of."""
    below, log = (makers.get(node.input[n]) for n in (0, 2))
    largest = makers.get(log.input[0]) if log is not None and log.op_type == "Log" else None
    if below is None or largest is None:
        return None
    kinds = (below.op_type, largest.op_type)
    fit = kinds == ("Less", "Max") and list(below.input) == list(largest.input)
    bounds = (node.input[1], LEAST_LOG), (below.input[-1], SMALLEST)
    return below.input[0] if fit and all(_is(arrays.get(n), v) for n, v in bounds) else None


def _is(array: NDArray[Any] | None, value: float) -> bool:
    """Whether a constant is this number in its precision."""
    return array is not None and array.size == 1 and array.item() == array.dtype.type(value)
