"""Functions of the CNTK 2 library that choose among elements and steps, or draw numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, cast

import numpy as np

from brainscript.runtime.model.spelling.foreign import MOST_CLASSES, Foreign
from brainscript.stored_graph import StoredNode

INDICES = "indices of the largest"
"""The attribute that names the second result of `TopK`."""
MOST_ITEMS = 64
LOWEST = float(np.finfo(np.float32).min)
ARGUMENTS = {"uniform": 2, "normal": 2, "gumbel": 2, "bernoulli": 1}


def _top(p: Foreign) -> None:
    """The largest elements along an axis, each found once those before it are out of the way."""
    (x,) = p.node.inputs
    dims, count = p.dims(x), int(p.attribute("numitems", 1))
    axis = p.attribute("axis")
    place = 0 if axis is None else axis.index % max(1, len(dims))
    size = dims[place] if dims else 1
    if not 1 <= count <= min(size, MOST_ITEMS):
        raise ValueError(f"number {count} of items out of {size}, of which {MOST_ITEMS} can be had")
    along = {"axis": place + 1}
    numbers = p.constant(np.arange(size, dtype=np.float64).reshape(size, *[1] * place))
    nothing, lowest = p.number(0.0), p.number(LOWEST)
    left, values, indices = x, list[str](), list[str]()
    for _ in range(count):
        found = p.add("ReduceElements", left, options={"reductionOp": "Argmax", **along})
        chosen = p.add("Equal", found, numbers)
        alone = p.add("If", chosen, x, nothing)
        values.append(p.add("ReduceElements", alone, options={"reductionOp": "Sum", **along}))
        indices.append(found)
        left = p.add("If", chosen, lowest, left)
    _join(p, p.node.name, values, along)
    _join(p, str(p.attribute(INDICES, p.node.name + ".indices")), indices, along)


def _join(p: Foreign, name: str, parts: list[str], along: dict[str, int]) -> None:
    node = StoredNode(name, "RowStack", tuple(parts), along, at=p.node.at)
    if len(parts) == 1:
        node = StoredNode(name, "Pass", tuple(parts), {}, at=p.node.at)
    p.nodes[name] = node


def _steps_like(p: Foreign) -> None:
    """Step t of a sequence is element t of the last axis: a choice by the number of the step."""
    x, like = p.node.inputs
    *kept, steps = p.dims(x) or (1,)
    if not 1 <= steps <= MOST_CLASSES:
        raise ValueError(f"number of steps {steps}")
    some = p.add("ReduceElements", like, options={"reductionOp": "Sum", "axis": 0})
    one = p.add("Plus", p.add("Greater", some, some), p.number(1.0))
    number = f"{p.node.name}.number"
    options = {"timeStep": 1, "defaultHiddenActivation": -1.0}
    before = p.add("PastValue", number, options=options)
    p.nodes[number] = StoredNode(number, "Plus", (before, one), {}, at=p.node.at)
    chosen = p.add("Equal", number, p.constant(np.arange(steps, dtype=np.float64)))
    everywhere = p.add("ReconcileDynamicAxis", x, like)
    shape = {"dims": [prod(kept), steps], "beginAxis": 0, "endAxis": 0}
    matrix = p.add("Reshape", everywhere, options=shape)
    weighed = p.add("ElementTimes", matrix, _row(p, chosen, steps))
    total = p.add("ReduceElements", weighed, options={"reductionOp": "Sum", "axis": 2})
    p.end("Reshape", total, options={"dims": kept, "beginAxis": 0, "endAxis": 0})


def _row(p: Foreign, vector: str, size: int) -> str:
    return p.add("Reshape", vector, options={"dims": [1, size], "beginAxis": 0, "endAxis": 0})


def _drawn(p: Foreign) -> None:
    """Numbers of a distribution, in the shape of the input or in one that is given."""
    kind = str(p.attribute("randomdistributiontype", ""))
    given = cast("list[Any]", p.attribute("randomdistributionargs", []))
    if kind not in ARGUMENTS or len(given) != ARGUMENTS[kind]:
        raise ValueError(f"distribution '{kind}' of {len(given)} numbers")
    options: dict[str, object] = {"distribution": kind, "first": float(given[0])}
    if len(given) > 1:
        options["second"] = float(given[1])
    options["rngSeed"] = int(p.attribute("rngseed", 0)) & 0x7FFFFFFF
    if p.node.inputs:
        p.end("RandomDistribution", p.node.inputs[0], options=options)
        return
    shape = tuple(int(dim) for dim in p.attribute("newshape", ()))
    if not 0 < prod(shape) <= MOST_CLASSES:
        raise ValueError(f"shape {list(shape)}")
    p.end("RandomDistribution", p.constant(np.zeros(shape[::-1])), options=options)


SELECTED: dict[str, Callable[[Foreign], None]] = {
    "RandomDistribution": _drawn,
    "ToSequenceLike": _steps_like,
    "TopK": _top,
}
"""What writes each function with nodes of BrainScript; ValueError with what it does not know."""
