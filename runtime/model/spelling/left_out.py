"""Networks without the nodes that nothing here can compute, for whoever needs the others."""

from __future__ import annotations

from collections.abc import Mapping

from brainscript.diagnostic import Diagnostic
from brainscript.stored_graph import StoredGraph

SHOWN = 8


def without(graph: StoredGraph, unknown: Mapping[str, str]) -> tuple[StoredGraph, list[Diagnostic]]:
    """The graph without nodes of these operations and all that needs them, and a warning for each.

    A graph that has no root without them is left as it is: whoever builds it is told.
    """
    found = [node for node in graph.nodes.values() if node.operation in unknown]
    if not found:
        return graph, []
    users: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for name in node.inputs:
            users.setdefault(name, []).append(node.name)
    gone: dict[str, None] = {}
    remarks: list[Diagnostic] = []
    for node in found:
        lost = _above(node.name, users)
        shown = ", ".join(f"'{name}'" for name in lost[1 : SHOWN + 1])
        rest = f", and {len(lost) - 1 - SHOWN} more" if len(lost) > SHOWN + 1 else ""
        help = f"left out with what needs it: {shown}{rest}" if shown else "it is left out"
        title = f"'{graph.file}': '{node.name}' ({node.operation}) cannot be computed"
        why = f"{title}: {unknown[node.operation]}"
        remarks.append(Diagnostic("BS0516", why, help=help, path=node.name, severity="warning"))
        gone.update(dict.fromkeys(lost))
    nodes = {name: node for name, node in graph.nodes.items() if name not in gone}
    groups = {g: tuple(n for n in names if n not in gone) for g, names in graph.groups.items()}
    if not any(groups.get(g) for g in ("output", "criterion", "evaluation")):
        return graph, []
    return StoredGraph(graph.file, graph.precision, nodes, groups), remarks


def _above(name: str, users: Mapping[str, list[str]]) -> list[str]:
    """A node and all that depends on it."""
    seen = {name: None}
    waiting = [name]
    for found in waiting:
        for user in users.get(found, ()):
            if user not in seen:
                seen[user] = None
                waiting.append(user)
    return list(seen)
