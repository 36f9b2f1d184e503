"""The parts of a CNTK 2 file: its records, the ids of results, the groups that roots make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from brainscript.runtime.model.cntk_v2.dictionary import Dictionary
from brainscript.runtime.model.cntk_v2.operations import BLOCK, COMBINE
from brainscript.stored_graph import INPUT, StoredNode

CRITERIA = ("CrossEntropyWithSoftmax", "Logistic", "SquareError", "LambdaRank", "ForwardBackward")
METRICS = ("ClassificationError", "NDCG1Eval", "EditDistanceError")


def groups_of(nodes: dict[str, StoredNode], roots: list[str]) -> dict[str, tuple[str, ...]]:
    """Inputs and what the root gives, told apart by what it computes."""
    groups: dict[str, tuple[str, ...]] = {
        "feature": tuple(n.name for n in nodes.values() if n.operation == INPUT)
    }
    for name in dict.fromkeys(roots):
        group = "criterion" if nodes[name].operation in CRITERIA else "output"
        group = "evaluation" if nodes[name].operation in METRICS else group
        groups[group] = (*groups.get(group, ()), name)
    return groups


def outputs_of(function: Dictionary) -> list[str]:
    """The ids of what a function gives."""
    uid = str(function["uid"])
    count = len(function["inputs"]) if function.get("op") == COMBINE else 1
    if function.get("op") == BLOCK:
        return [output_id(uid, 0)]
    return [output_id(uid, i) for i in range(count)]


def output_id(uid: str, index: int) -> str:
    """The id of one result of a function."""
    return f"{uid}_Output_{index}"


def choices(name: str, own: str) -> Iterator[str]:
    """Names for a node, the best one first."""
    if name:
        yield name
    yield own
    number = 2
    while True:
        yield f"{own}_{number}"
        number += 1


def record_of(value: Any) -> Dictionary:
    """A value that must be a dictionary."""
    if not isinstance(value, dict):
        raise TypeError("a dictionary is expected")
    return cast("Dictionary", value)


def list_of(value: Any) -> list[Any]:
    """The items of a list; none of what is no list."""
    return cast("list[Any]", value) if isinstance(value, list) else []
