"""What is refused in an ONNX file before the library looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from brainscript.diagnostic import BrainScriptError, Diagnostic

EXTERNAL = 1
MOST_NODES = 1 << 20
TERMS = rb"[A-Za-z,\s]*(\.\.\.[A-Za-z,\s]*)*"
EQUATION = re.compile(TERMS + b"(->" + TERMS + b")?")
"""The equations of `Einsum` that the library reads; others keep it busy for ever."""


def vet(path: str, model: Any) -> None:
    """Raise BrainScriptError for data outside of the file and for what the library hangs on."""
    for owner in (model.graph, *model.functions):
        for node in _nodes(owner.node):
            _check_tensors(path, _tensors(node.attribute))
            if node.op_type == "Einsum":
                _check_equation(path, node)
    for function in model.functions:
        _check_tensors(path, _tensors(function.attribute_proto))
    _check_tensors(path, model.graph.initializer)
    _check_size(path, model)


def _nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    """All nodes, also those of the graphs inside of them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner.node)


def _tensors(attributes: Iterable[Any]) -> Iterator[Any]:
    for attribute in attributes:
        yield attribute.t
        yield from attribute.tensors


def _check_tensors(path: str, tensors: Iterable[Any]) -> None:
    for tensor in tensors:
        if tensor.data_location == EXTERNAL or tensor.external_data:
            why = "its data lie outside of the file, and are never read"
            raise refused(path, tensor.name, why)


def _check_equation(path: str, node: Any) -> None:
    for attribute in node.attribute:
        if attribute.name == "equation" and not EQUATION.fullmatch(attribute.s):
            found = attribute.s.decode("utf-8", "replace")
            raise refused(path, "".join(node.output[:1]), f"the sum '{found}' is not known")


def _check_size(path: str, model: Any) -> None:
    """Count the nodes with functions in the place of their calls: they may call each other."""
    bodies = {(f.domain, f.name): list(_nodes(f.node)) for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}
    waiting = list(bodies)
    while waiting:
        key = waiting[-1]
        called = [(n.domain, n.op_type) for n in bodies[key]]
        missing = [k for k in called if k in bodies and k not in sizes]
        if missing and len(waiting) > len(bodies) * len(bodies) + 1:
            raise refused(path, key[1], "it is a function that calls itself")
        if missing:
            waiting += missing[:1]
            continue
        sizes[waiting.pop()] = sum(sizes.get(k, 1) for k in called)
    total = sum(sizes.get((n.domain, n.op_type), 1) for n in _nodes(model.graph.node))
    if total > MOST_NODES:
        raise refused(path, model.graph.name, f"it has more than {MOST_NODES} nodes")


def refused(path: str, name: str, why: str, help: str = "") -> BrainScriptError:
    """The error for what has no counterpart here."""
    title = f"'{path}': '{name}' cannot be imported from ONNX: {why}"
    return BrainScriptError(Diagnostic("BS0516", title, path=name, help=help))
