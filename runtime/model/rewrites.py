"""Nodes of model files that BrainScript writes as several: slices of many axes, permutations.

The last node keeps the name; those before it are called after it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from brainscript.stored_graph import StoredNode

Options = Mapping[str, Any]


def spelled_out(node: StoredNode, taken: Container[str] = ()) -> list[StoredNode]:
    """The nodes that do what `node` does, inputs before what uses them.

    None of those that are new has a name that is `taken` in small letters.
    """
    rewrite = REWRITES.get(node.operation)
    return [node] if rewrite is None else _set_apart(rewrite(node), taken)


def _set_apart(nodes: list[StoredNode], taken: Container[str]) -> list[StoredNode]:
    """A chain of nodes with `_` in front of those names that are taken."""
    found: list[StoredNode] = []
    for node in nodes[:-1]:
        name = node.name
        while name.lower() in taken:
            name = "_" + name
        inputs = (found[-1].name,) if found else node.inputs
        found.append(replace(node, name=name, inputs=inputs))
    last = nodes[-1]
    return [*found, replace(last, inputs=(found[-1].name,)) if found else last]


def chain(node: StoredNode, steps: Sequence[tuple[str, Options]]) -> list[StoredNode]:
    """One node after the other, the first on the inputs of `node`, the last with its name."""
    nodes: list[StoredNode] = []
    inputs = node.inputs
    for number, (operation, options) in enumerate(steps, 1):
        last = number == len(steps)
        name = node.name if last else f"{node.name}.step{number}"
        dims = node.dims if last else None
        nodes.append(StoredNode(name, operation, inputs, options, dims, node.axis, node.at))
        inputs = (name,)
    return nodes


def _slice(node: StoredNode) -> list[StoredNode]:
    """Of one axis after the other; what is skipped between elements goes as in a pooling."""
    options = cast("Options", node.options)
    names = ("beginIndex", "endIndex", "axis")
    many = isinstance(options.get("axis"), list)
    if not many and options.get("stride", 1) == 1:
        kept = {k: v for k, v in options.items() if k != "stride"}
        return [replace(node, options=kept)]
    lists = {name: options[name] if many else [options.get(name, 1)] for name in names}
    if not lists["axis"]:
        raise ValueError("slice of no axis")
    strides = options.get("stride", [1] * len(lists["axis"]))
    steps: list[tuple[str, Options]] = []
    for number, stride in enumerate(strides if many else [strides]):
        step = {name: items[number] for name, items in lists.items()}
        steps.append(("Slice", step))
        if stride != 1:
            steps.append(("Pooling", _every(step["axis"], stride)))
    return chain(node, steps)


def _every(axis: int, stride: int) -> Options:
    """Windows of one element that lie apart on an axis."""
    if stride < 1 or axis < 1:
        raise ValueError(f"stride {stride} on the axis {axis}")
    return {
        "kernelShape": [1] * axis,
        "strideShape": [*[1] * (axis - 1), stride],
        "dimPadding": [0],
        "dimPadLower": [0],
        "dimPadUpper": [0],
        "imageLayout": "CHW",
        "poolKind": "max",
    }


def _transpose(node: StoredNode) -> list[StoredNode]:
    """A permutation of axes as exchanges of two."""
    permutation = cast("list[int] | None", node.options.get("permutation"))
    if permutation is None:
        return [node]
    if sorted(permutation) != list(range(1, len(permutation) + 1)):
        raise ValueError(f"permutation {permutation}")
    now = list(range(1, len(permutation) + 1))
    steps: list[tuple[str, Options]] = []
    for place, wanted in enumerate(permutation):
        other = now.index(wanted)
        if other != place:
            now[place], now[other] = now[other], now[place]
            steps.append(("TransposeDimensions", {"axis1": place + 1, "axis2": other + 1}))
    return chain(node, steps or [("Pass", {})])


def _reduce(node: StoredNode) -> list[StoredNode]:
    """Several axes one after the other; an axis that is not kept is reshaped away."""
    options = cast("Options", node.options)
    axes = _axes(node)
    keep = options.get("keepDimensions", True)
    if len(axes) == 1 and (keep or axes[0] < 1):
        kept = {k: v for k, v in options.items() if k != "keepDimensions"}
        return [replace(node, options={**kept, "axis": axes[0]})]
    if min(axes, default=0) < 1 or options["reductionOp"] in ("Argmax", "Argmin"):
        raise ValueError(f"reduction over the axes {axes}")
    reductions: list[tuple[str, Options]] = [
        ("ReduceElements", {"reductionOp": options["reductionOp"], "axis": axis}) for axis in axes
    ]
    dropped: list[tuple[str, Options]] = [
        ("Reshape", {"dims": [], "beginAxis": axis, "endAxis": axis + 1})
        for axis in sorted(axes, reverse=True)
    ]
    return chain(node, reductions + ([] if keep else dropped))


def _axes(node: StoredNode) -> list[int]:
    axes = node.options["axis"]
    return cast("list[int]", axes) if isinstance(axes, list) else [cast("int", axes)]


def _quantized_times(node: StoredNode) -> list[StoredNode]:
    """The product itself: quantisation is an approximation of it that is cheaper to compute."""
    names = ("outputRank", "inferInputRankToMap")
    options = {name: node.options[name] for name in names if name in node.options}
    return [replace(node, operation="Times", options=options)]


def _transpose_times(node: StoredNode) -> list[StoredNode]:
    """The product without what files note as for `Times`: one axis is left of its first operand."""
    kept = {k: v for k, v in node.options.items() if k != "inferInputRankToMap"}
    if kept.get("outputRank") == 1:
        del kept["outputRank"]
    return [replace(node, options=kept)]


REWRITES: dict[str, Callable[[StoredNode], list[StoredNode]]] = {
    "QuantizedTimes": _quantized_times,
    "ReduceElements": _reduce,
    "Slice": _slice,
    "TransposeDimensions": _transpose,
    "TransposeTimes": _transpose_times,
}
