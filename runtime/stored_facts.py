"""The facts of a network as plain data and back: what a program cache keeps of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from brainscript.diagnostic import Span
from brainscript.runtime.network import (
    Facts,
    InputSpec,
    NodeSpec,
    ParameterSpec,
    PrecomputeSpec,
)


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """The facts as plain data."""
    return asdict(facts)


def facts_from_json(data: Mapping[str, Any]) -> Facts:
    """The facts written by `facts_as_json`; KeyError or TypeError for anything else."""
    return Facts(
        ir_text=str(data["ir_text"]),
        precision=data["precision"],
        parameters=tuple(ParameterSpec(**_placed(p)) for p in data["parameters"]),
        inputs=tuple(InputSpec(**_placed(i)) for i in data["inputs"]),
        features=tuple(data["features"]),
        criteria=tuple(NodeSpec(**_plain(n)) for n in data["criteria"]),
        metrics=tuple(NodeSpec(**_plain(n)) for n in data["metrics"]),
        outputs=tuple(NodeSpec(**_plain(n)) for n in data["outputs"]),
        nodes={name: NodeSpec(**_plain(n)) for name, n in data["nodes"].items()},
        precomputed=tuple(PrecomputeSpec(**p) for p in data["precomputed"]),
        roots={name: tuple(nodes) for name, nodes in data["roots"].items()},
    )


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(cast("list[Any]", v)) if isinstance(v, list) else v for k, v in data.items()}


def _placed(data: Mapping[str, Any]) -> dict[str, Any]:
    span = data["span"]
    return _plain(data) | {"span": None if span is None else Span(**span)}
