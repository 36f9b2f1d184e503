"""Functions that BrainScript has numbers for everywhere, as our own files have them.

The logarithm is -85.1 of numbers below 1e-37, the reciprocal of 0 is 0.

Before:  m = Max (x, 1e-37) ; l = Log (m) ; b = Less (x, 1e-37) ; y = Where (b, -85.1, l)
After:   y = Log (x)

Before:  r = Reciprocal (x) ; b = Equal (x, 0) ; y = Where (b, 0, r)
After:   y = Reciprocal (x)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from brainscript.runtime.model.exchange.operations import LEAST_LOG, SMALLEST

Arrays = Mapping[str, NDArray[Any]]


def merge_guards(graph: Any, arrays: Arrays) -> None:
    """Let every function that is guarded as ours are be one node."""
    makers = {name: node for node in graph.node for name in node.output}
    parts: set[str] = set()
    for node in graph.node:
        x = _guarded(node, makers, arrays) if node.op_type == "Where" else None
        if x is not None:
            function = makers[node.input[2]]
            parts.update((node.input[0], node.input[2], function.input[0]))
            node.op_type = function.op_type
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
    """What a choice is the guarded logarithm of, or the guarded reciprocal."""
    test, function = (makers.get(node.input[n]) for n in (0, 2))
    if test is None or function is None:
        return None
    kinds, inner = (test.op_type, function.op_type), makers.get(function.input[0])
    if kinds == ("Less", "Log") and inner is not None and inner.op_type == "Max":
        fit, values = list(test.input) == list(inner.input), (LEAST_LOG, SMALLEST)
    else:
        fit = kinds == ("Equal", "Reciprocal") and test.input[0] == function.input[0]
        values = (0.0, 0.0)
    bounds = zip((node.input[1], test.input[-1]), values, strict=True)
    return test.input[0] if fit and all(_is(arrays.get(n), v) for n, v in bounds) else None


def _is(array: NDArray[Any] | None, value: float) -> bool:
    """Whether a constant is this number in its precision."""
    return array is not None and array.size == 1 and array.item() == array.dtype.type(value)
