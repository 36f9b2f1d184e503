"""Choices of an ONNX graph whose condition is known: the nodes of one branch in their place.

Before:  y = If (true) { then: a = Relu (x) -> a ; else: b = Neg (x) -> b }
After:   a = Relu (x) ; y = Identity (a)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Value = Callable[[Any], Any]


def choose(graph: Any, value: Value, make_node: Callable[..., Any]) -> bool:
    """Take the branches that are known; whether there were any."""
    known = {t.name: t for t in graph.initializer if list(t.dims) in ([], [1])}
    taken = set(_names(graph))
    nodes: list[Any] = []
    found = False
    for node in graph.node:
        if node.op_type != "If" or node.input[0] not in known:
            nodes.append(node)
            continue
        found = True
        wanted = "then_branch" if value(known[node.input[0]]).item() else "else_branch"
        branch = next(a.g for a in node.attribute if a.name == wanted)
        names = _free_names(branch, node.output[0], taken)
        taken.update(names.values())
        _rename(branch, names)
        nodes += branch.node
        graph.initializer.extend(branch.initializer)
        for inner, outer in zip(branch.output, node.output, strict=True):
            nodes.append(make_node("Identity", [inner.name], [outer]))
    if found:
        del graph.node[:]
        graph.node.extend(nodes)
        del graph.value_info[:]
    return found


def _names(graph: Any) -> Iterator[str]:
    """The names of all values of a graph, not of those inside of its nodes."""
    for value in (*graph.initializer, *graph.input):
        yield value.name
    for node in graph.node:
        yield from node.output


def _free_names(branch: Any, base: str, taken: set[str]) -> dict[str, str]:
    """New names for the values of a branch that are called as others are."""
    found: dict[str, str] = {}
    new_names: set[str] = set()
    for name in _names(branch):
        new = name
        while name and (new in taken or new in new_names):
            new = f"{base}/{new}"
        new_names.add(new)
        if new != name:
            found[name] = new
    return found


def _rename(graph: Any, names: dict[str, str]) -> None:
    """Call values by their new names, also in the graphs inside of nodes."""
    for value in (*graph.initializer, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for place in (node.input, node.output):
            for n, name in enumerate(place):
                place[n] = names.get(name, name)
        for attribute in node.attribute:
            _rename(attribute.g, names)
