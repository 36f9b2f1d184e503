"""The dynamic axes of inputs as version 1 files name them.

A named axis is a node of its own, `DynamicAxis`, which inputs refer to by its name. Two names stand
for no node: `*`, the steps of a sequence, and `__noSequenceAxis`, one sample for each sequence.
"""

from __future__ import annotations

from collections.abc import Iterable

from brainscript.stored_graph import INPUT, STEPS, StoredGraph

DYNAMIC_AXIS = "DynamicAxis"
NO_SEQUENCE, DEFAULT = "__noSequenceAxis", "*"


def axis_reader(names: Iterable[str]) -> dict[str, str]:
    """The axes that are no nodes, by their names in a file, whose inputs have the axes `names`.

    Where some inputs have one sample for each sequence, steps are an axis beside the default one.
    """
    return {NO_SEQUENCE: "", DEFAULT: STEPS if NO_SEQUENCE in names else ""}


def axis_names(graph: StoredGraph) -> dict[str, str]:
    """The name in a file of each axis of an input; no other node has that of a `DynamicAxis`."""
    axes = dict.fromkeys(n.axis for n in graph.nodes.values() if n.operation == INPUT)
    taken = {name.lower() for name in graph.nodes} | {NO_SEQUENCE.lower(), DEFAULT}
    found: dict[str, str] = {}
    for axis in axes:
        if axis in ("", STEPS):
            continue
        name = axis
        while name.lower() in taken:
            name = "_" + name
        taken.add(name.lower())
        found[axis] = name
    return {**found, **({"": NO_SEQUENCE, STEPS: DEFAULT} if STEPS in axes else {"": ""})}


def axis_nodes(names: dict[str, str]) -> list[str]:
    """The nodes that stand for axes, of the result of `axis_names`."""
    return [name for axis, name in names.items() if axis not in ("", STEPS)]
