"""Files of CNTK 1 and 2 that we write, read by decoders that share no code with ours.

They know the fields of the formats, and nothing of networks.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.runtime.model.store import values_of
from brainscript.tools.model import Model
from test.runtime.model.operations import NETWORKS

DECODERS = Path(__file__).resolve().parents[4] / "shared" / "evidence" / "models"
NAMED_AXIS = """
t = DynamicAxis ()
x = Input {3, dynamicAxis=t}
y = Input {2, sparse=true}
outputNodes = (BS.Sequences.Last (x) : BS.Sequences.Last (y))
"""
TEXTS = {**NETWORKS, "axes": NAMED_AXIS}
pytestmark = pytest.mark.skipif(
    not DECODERS.exists(), reason="the decoders are not beside the tree"
)


def decoder(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, DECODERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(model: Model) -> dict[str, Any]:
    found = values_of(model.network, ("parameter", "statistic"))
    return {name: array.reshape(-1).tolist() for name, array in found.items()}


@pytest.mark.parametrize("name", [n for n in TEXTS if n != "drawn"])
def test_version_1(name: str, tmp_path: Path) -> None:
    """Every byte belongs to a field, every input and every axis is a node that is there."""
    model = bs.compile(TEXTS[name])
    model.save(tmp_path / "a.dnn", "cntk1")
    found = decoder("cntk_v1").decode((tmp_path / "a.dnn").read_bytes())
    assert found["left"] == 0
    nodes = found["nodes"]
    assert found["order"] == sorted(nodes, key=lambda n: (n.lower(), n))
    assert {i for node in nodes.values() for i in node["inputs"]} <= nodes.keys()
    axes = {node["attrs"].get("axis", "") for node in nodes.values() if "Input" in node["op"]}
    assert axes - {""} == {n for n, node in nodes.items() if node["op"] == "DynamicAxis"}
    for parameter, values in numbers(model).items():
        np.testing.assert_array_equal(nodes[parameter]["attrs"]["matrix"]["values"], values)


@pytest.mark.parametrize("name", [n for n in TEXTS if n != "classes"])
def test_version_2(name: str, tmp_path: Path) -> None:
    """Ids are used once, and stand for something: earlier, or later behind a placeholder."""
    model = bs.compile(TEXTS[name])
    model.save(tmp_path / "a.model", "cntk2")
    found = decoder("cntk_v2").load(str(tmp_path / "a.model"))
    waiting = {v["uid"] for v in found["inputs"] if v["kind"] == 4}
    made = [v["uid"] for v in found["inputs"] if v["kind"] != 4]
    for function in found["primitive_functions"]:
        assert set(function["inputs"]) <= {*made, *waiting}, function["uid"]
        made.append(f"{function['uid']}_Output_0")
    assert len(made) == len(set(made))
    assert waiting <= set(made)
    held = {v["name"]: v["value"].values() for v in found["inputs"] if "value" in v and "name" in v}
    for parameter, values in numbers(model).items():
        np.testing.assert_array_equal(held[parameter], values)
