"""Criteria that are not what several processes make of them: a sum over the samples."""

from __future__ import annotations

from collections.abc import Iterator

from brainscript.runtime.network import Facts

SPLIT = ("Plus", "Minus", "Negate", "Pass")
"""The operations whose operands are terms of the criterion, each for itself."""


def fixed_terms(facts: Facts, name: str) -> Iterator[str]:
    """The terms of a criterion without axis that depend on parameters and on no sample: each
    process adds them, however many there are."""
    node = facts.nodes.get(name)
    if node is None or node.axis:
        return
    below = set(_below(facts, name))
    if not any(spec.name in below for spec in facts.inputs):
        moving = (spec.name for spec in facts.parameters if spec.learning_rate_multiplier)
        if not below.isdisjoint(moving):
            yield name
    elif node.operation in SPLIT:
        for term in node.inputs:
            yield from fixed_terms(facts, term)


def _below(facts: Facts, root: str) -> Iterator[str]:
    """A node and all that it depends on."""
    seen, waiting = {root}, [root]
    while waiting:
        name = waiting.pop()
        yield name
        node = facts.nodes.get(name)
        new = [other for other in (node.inputs if node else ()) if other not in seen]
        seen.update(new)
        waiting += new
