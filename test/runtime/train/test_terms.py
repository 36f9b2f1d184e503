"""Which terms of a criterion are not a sum over samples."""

from __future__ import annotations

import pytest

from brainscript.runtime.network import Facts, InputSpec, NodeSpec, ParameterSpec
from brainscript.runtime.train.parallel.terms import fixed_terms

NODES = (
    NodeSpec("x", "InputValue", axis="*"),
    NodeSpec("W", "LearnableParameter"),
    NodeSpec("half", "LearnableParameter"),
    NodeSpec("z", "Times", axis="*", inputs=("W", "x")),
    NodeSpec("ce", "SumElements", inputs=("z",)),
    NodeSpec("squares", "SumElements", inputs=("W",)),
    NodeSpec("decay", "ElementTimes", inputs=("half", "squares")),
    NodeSpec("scaled", "ElementTimes", inputs=("decay", "ce")),
    NodeSpec("more", "Plus", inputs=("half", "decay")),
    NodeSpec("sum", "Plus", inputs=("ce", "decay")),
    NodeSpec("outer", "Minus", inputs=("scaled", "sum")),
    NodeSpec("shifted", "Plus", inputs=("ce", "half")),
    NodeSpec("each", "Plus", axis="*", inputs=("z", "squares")),
)


@pytest.mark.parametrize(
    ("criterion", "terms"),
    [
        ("ce", []),
        ("sum", ["decay"]),
        ("outer", ["decay"]),
        ("more", ["more"]),
        ("scaled", []),
        ("shifted", []),
        ("each", []),
    ],
)
def test_terms_of_parameters_alone_are_found(criterion: str, terms: list[str]) -> None:
    parameters = ParameterSpec("W", (2,)), ParameterSpec("half", (1,), learning_rate_multiplier=0)
    facts = Facts(
        ir_text="",
        precision="f64",
        parameters=parameters,
        inputs=(InputSpec("x", (2,)),),
        features=(),
        criteria=(),
        metrics=(),
        outputs=(),
        nodes={node.name: node for node in NODES},
    )
    assert list(fixed_terms(facts, criterion)) == terms
