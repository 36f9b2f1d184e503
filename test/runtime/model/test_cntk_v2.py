"""CNTK 2 files: blocks, loops, both forms of arrays, conversion both ways."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.cntk_v2.dictionary import SPLIT, Axis
from brainscript.runtime.model.cntk_v2.encode import Size, dictionary, split
from brainscript.runtime.model.cntk_v2.operations import DYNAMIC, NAMES
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.writing import write_graph

SHARED = Path(__file__).resolve().parents[4] / "shared"
MODELS = [SHARED / "models" / n for n in ("LR_reg.dnn", "01_OneHidden.dnn", "slu.forward.nobn.cmf")]
CODES = {str(name): code for code, name in enumerate(NAMES)}
W = np.arange(6, dtype=np.float32).reshape(2, 3) / 10


def variable(uid: str, kind: int, shape: tuple[int, ...], value: Any = None, name: str = "") -> Any:
    dynamic = [Axis(DYNAMIC, "defaultDynamicAxis", True), Axis(DYNAMIC, "defaultBatchAxis")]
    return {
        "type": "Variable",
        "version": Size(1),
        "uid": uid,
        **({"name": name} if name else {}),
        "kind": Size(kind),
        "data_type": Size(1),
        "dynamic_axis": dynamic if kind in (0, 4) else [],
        "is_sparse": False,
        "needs_gradient": kind == 2,
        "shape": shape,
        **({} if value is None else {"value": value}),
    }


def function(uid: str, op: str, inputs: list[str], attributes: Any = None, **more: Any) -> Any:
    return {
        "type": "PrimitiveFunction",
        "version": Size(24),
        "op": Size(CODES[op]),
        "uid": uid,
        "inputs": inputs,
        "attributes": attributes or {},
        **more,
    }


def network(variables: list[Any], functions: list[Any], root: str) -> dict[str, Any]:
    return {
        "type": "CompositeFunction",
        "version": Size(3),
        "uid": "Composite1",
        "root": root,
        "inputs": variables,
        "primitive_functions": functions,
    }


def dense() -> dict[str, Any]:
    """A dense layer as a block named `z`, then an ELU without a name."""
    inner = network([], [], "Plus3")
    block = {
        "block_function_composite": inner,
        "block_function_op_name": "Dense",
        "block_function_composite_arguments_map_keys": ["Placeholder1"],
        "block_function_composite_arguments_map_values": ["Input1"],
    }
    variables = [
        variable("Input1", 0, (2,), name="x"),
        variable("W1", 2, (3, 2), W, "W"),
        variable("b1", 3, (3,), np.ones(3, np.float32), "x"),
        variable("Placeholder1", 4, (2,)),
    ]
    functions = [
        function("Times2", "Times", ["W1", "Placeholder1"], {"outputRank": Size(1)}),
        function("Plus3", "Plus", ["Times2_Output_0", "b1"]),
        function("Block4", "Block", ["W1", "b1", "Input1"], name="z", **block),
        function("ELU5", "ExponentialLinearUnit", ["Block4_Output_0"]),
        function("Combine6", "Combine", ["ELU5_Output_0", "Block4_Output_0"]),
    ]
    return network(variables, functions, "Combine6")


def store(path: Path, found: dict[str, Any]) -> Path:
    path.write_bytes(b"".join(dictionary(found).parts))
    return path


def test_blocks_become_links_and_keep_their_names(tmp_path: Path) -> None:
    model = bs.load(store(tmp_path / "a.model", dense()))
    assert model.inputs == {"x": (2,)}
    assert model.outputs == {"ELU5": (3,), "z": (3,)}
    specs = {p.name: p.learning_rate_multiplier for p in model.network.facts.parameters}
    assert (specs["W"], specs["b1"]) == (1.0, 0.0)
    x = np.array([[1, -2], [-3, 0.5]], np.float32)
    z = x @ W + 1
    found = model.eval(x=x)
    np.testing.assert_allclose(found["z"], z, rtol=1e-5)
    np.testing.assert_allclose(found["ELU5"], np.where(z > 0, z, np.expm1(z)), rtol=1e-5)


def test_a_placeholder_with_the_id_of_an_output_closes_a_loop(tmp_path: Path) -> None:
    variables = [
        variable("Input1", 0, (1,), name="x"),
        variable("Plus3_Output_0", 4, (1,)),
        variable("Constant4", 3, (), np.array(0.5, np.float32)),
    ]
    functions = [
        function("PastValue2", "PastValue", ["Plus3_Output_0", "Constant4"], {"offset": Size(1)}),
        function("Plus3", "Plus", ["Input1", "PastValue2_Output_0"], name="sum"),
    ]
    model = bs.load(store(tmp_path / "a.model", network(variables, functions, "Plus3")))
    found = model.eval(x=[np.array([[1.0], [2.0], [3.0]])])["sum"]
    np.testing.assert_allclose(found[0], [[1.5], [3.5], [6.5]])


def test_arrays_may_stand_outside_of_the_dictionary(tmp_path: Path) -> None:
    whole = dense()
    values = [v["value"].tobytes() for v in whole["inputs"] if "value" in v]
    path = tmp_path / "split.model"
    path.write_bytes(b"".join(split(whole)))
    data = path.read_bytes()
    size = struct.unpack("<4xI", data[:8])[0]
    assert data.startswith(SPLIT)
    assert data[8 + size :] == b"".join(values)
    first, second = load_model(store(tmp_path / "a.model", whole)), load_model(path)
    for name in first.values:
        np.testing.assert_array_equal(first.values[name], second.values[name])
    path.write_bytes(data[:-1])
    with pytest.raises(BrainScriptError, match="are left"):
        load_model(path)


@pytest.mark.skipif(not MODELS[0].exists(), reason="the shared models are not there")
@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.name)
def test_networks_of_version_1_go_through_version_2(path: Path, tmp_path: Path) -> None:
    first = load_model(path)
    graph = describe_module(first.module())
    write_graph(tmp_path / "a.model", "cntk2", graph, first.values)
    second = load_model(tmp_path / "a.model")
    again = describe_module(second.module())
    assert again.groups == graph.groups
    for name, node in graph.nodes.items():
        other = again.nodes[name]
        assert (node.operation, node.inputs, node.dims) == (
            other.operation,
            other.inputs,
            other.dims,
        )
    for name in first.values:
        assert first.values[name].tobytes() == second.values[name].tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"root": "Nothing"}, "missing"),
        ({"type": "Trainer"}, "describes no function"),
        ({"Learners": [], "type": ""}, "state of a CNTK 2 trainer"),
        ({"inputs": [variable("Input1", 0, (2,))]}, "nothing gives"),
    ],
)
def test_what_makes_no_network(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = store(tmp_path / "a.model", {**dense(), **change})
    with pytest.raises(BrainScriptError) as caught:
        load_model(path)
    assert words in caught.value.diagnostics[0].title


def test_a_multiplier_of_a_learning_rate_is_noted(tmp_path: Path) -> None:
    """CNTK's files tell parameters from constants alone; both say so, the number stands beside."""
    found = dense()
    found["inputs"][1]["uid"] = found["primitive_functions"][0]["inputs"][0] = "W"
    found["brainscript_multipliers"] = {"W": 0.25, "b1": 7.0}
    first = load_model(store(tmp_path / "a.model", found))
    write_graph(tmp_path / "b.model", "cntk2", describe_module(first.module()), first.values)
    for path in ("a.model", "b.model"):
        nodes = describe_module(load_model(tmp_path / path).module()).nodes
        assert nodes["W"].options["learning_rate_multiplier"] == 0.25
        assert nodes["b1"].options["learning_rate_multiplier"] == 0


def test_a_file_that_is_too_large_for_one_piece_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_model(store(tmp_path / "a.model", dense()))
    graph = describe_module(first.module())
    for largest, begins in ((1 << 20, False), (100, True)):
        monkeypatch.setattr("brainscript.runtime.model.cntk_v2.export.LARGEST", largest)
        write_graph(tmp_path / "b.model", "cntk2", graph, first.values)
        assert (tmp_path / "b.model").read_bytes().startswith(SPLIT) == begins
        second = load_model(tmp_path / "b.model")
        assert describe_module(second.module()).nodes.keys() == graph.nodes.keys()
