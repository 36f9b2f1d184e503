"""Every operation through the files of CNTK 1 and 2 and back: equal values, groups and bytes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.dialects.net.kinds import KINDS
from brainscript.tools.model import Model
from test.runtime.model.operations import NETWORKS

SEQUENCES = ("sequence", "ctc")
LENGTHS = (4, 3, 5)
REFUSED = {
    "ClassBasedCrossEntropyWithSoftmax",
    "DummyCriterion",
    "EnvironmentInput",
    "EpochAccumulator",
    "NCEBasedCrossEntropyWithSoftmax",
}
"""What the CNTK 2 library cannot do."""


@cache
def original(name: str) -> Model:
    """A network; statistics of its inputs are given values."""
    model = bs.compile(NETWORKS[name])
    state = model.network.state
    for n, key in enumerate(k for k in state.names() if state.role(k) == "statistic"):
        state.view(key).reshape(-1)[:] = [0.5 + n, 1.5, 2.0]
    return model


def values(model: Model, names: list[str], *, sequences: bool) -> dict[str, Any]:
    """The values of nodes for the same numbers in inputs of the same names."""
    chance = np.random.default_rng(3)
    data: dict[str, Any] = {}
    for name, dims in sorted(model.inputs.items()):
        steps = [chance.uniform(0.1, 0.9, (n, *dims[::-1])) for n in LENGTHS]
        data[name] = [s.astype(np.float32) for s in steps] if sequences else steps[0][:3]
    wanted = {spec.name for spec in model.network.inputs_of("write", names)}
    return model.eval(names, **{name: data[name] for name in wanted})


def groups(model: Model) -> dict[str, set[str]]:
    roots = model.network.facts.roots
    return {group: set(names) for group, names in roots.items() if names and group != "feature"}


PAIRS = [
    (name, form)
    for name in NETWORKS
    for form in ("cntk1", "cntk2")
    if (name, form) not in (("classes", "cntk2"), ("drawn", "cntk1"), ("classes", "cntk1"))
]


@pytest.mark.parametrize(("name", "form"), PAIRS)
def test_values_and_groups_come_back(name: str, form: Any, tmp_path: Path) -> None:
    first = original(name)
    first.save(tmp_path / "a.model", form)
    second = bs.load(tmp_path / "a.model")
    second.save(tmp_path / "b.model", form)
    assert (tmp_path / "b.model").read_bytes() == (tmp_path / "a.model").read_bytes()
    assert groups(second) == groups(first)
    assert second.inputs.keys() == first.inputs.keys()
    sequences, names = name in SEQUENCES, list(first.outputs)
    expected = values(first, names, sequences=sequences)
    found = values(second, names, sequences=sequences)
    for node, value in expected.items():
        for mine, theirs in zip(value, found[node], strict=True):
            np.testing.assert_allclose(theirs, mine, 1e-5, 1e-6, err_msg=node)


def test_every_operation_is_tried() -> None:
    tried = {op for name in NETWORKS for op in original(name).nodes.values()}
    assert not {kind.op.OPERATION for kind in KINDS.values()} - tried


def test_what_version_1_has_no_node_for(tmp_path: Path) -> None:
    with pytest.raises(BrainScriptError, match=r"'\w' is a 'RandomDistribution'"):
        original("drawn").save(tmp_path / "a.dnn", "cntk1")


def test_what_version_2_has_no_function_for(tmp_path: Path) -> None:
    model = original("classes")
    model.save(tmp_path / "a.dnn", "cntk1")
    assert bs.load(tmp_path / "a.dnn").nodes == model.nodes
    with pytest.raises(BrainScriptError, match=r"'\w+' is a '\w+', and it") as caught:
        model.save(tmp_path / "a.model", "cntk2")
    assert re.search("|".join(REFUSED), str(caught.value))
