"""Dynamic axes of inputs in files of CNTK 1 and 2: named ones, and inputs that have no steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.cntk_v1.network_file import read_network
from brainscript.runtime.model.cntk_v2.dictionary import Axis, read_dictionary
from brainscript.runtime.model.cntk_v2.operations import DYNAMIC
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.writing import write_graph
from brainscript.stored_graph import StoredGraph
from test.runtime.model.test_cntk_v2 import function, network, store, variable

BATCH = Axis(DYNAMIC, "defaultBatchAxis")


def graph_of(path: Path) -> StoredGraph:
    return describe_module(load_model(path).module())


def sums(path: Path, **axes: list[Axis]) -> Path:
    """A file with an input, and the sum of it with itself, for each list of dynamic axes."""
    variables: list[Any] = []
    functions: list[Any] = []
    for name, found in axes.items():
        variables.append({**variable(name, 0, (2,), name=name), "dynamic_axis": found})
        functions.append(function(f"P{name}", "Plus", [name, name]))
    ends = [f"P{name}_Output_0" for name in axes]
    return store(path, network(variables, [*functions, function("C", "Combine", ends)], "C"))


def axes_in_file(path: Path) -> dict[str, list[str]]:
    """The dynamic axes of each input, as the file has them."""
    if path.suffix == ".dnn":
        nodes = read_network(ModelFile(path)).nodes.values()
        return {n.name: [n.values["axis"]] for n in nodes if n.operation == "InputValue"}
    found: Any = read_dictionary(ModelFile(path))["inputs"]
    return {v["name"]: [a.name for a in v["dynamic_axis"]] for v in found}


@pytest.mark.parametrize(
    ("form", "file", "steps", "none"),
    [
        ("cntk1", "b.dnn", ["*"], ["__noSequenceAxis"]),
        ("cntk2", "b.model", ["defaultDynamicAxis", "defaultBatchAxis"], ["defaultBatchAxis"]),
    ],
)
def test_an_input_without_steps_stays_one(
    form: str, file: str, steps: list[str], none: list[str], tmp_path: Path
) -> None:
    first = graph_of(
        sums(tmp_path / "a.model", x=[Axis(DYNAMIC, "defaultDynamicAxis", True), BATCH], y=[BATCH])
    )
    assert first.nodes["x"].axis != first.nodes["y"].axis
    write_graph(tmp_path / file, form, first, {})
    assert axes_in_file(tmp_path / file) == {"x": steps, "y": none}
    again = graph_of(tmp_path / file)
    assert {n: again.nodes[n].axis for n in "xy"} == {n: first.nodes[n].axis for n in "xy"}


def test_a_named_axis_is_a_node_of_version_1(tmp_path: Path) -> None:
    first = graph_of(sums(tmp_path / "a.model", x=[Axis(DYNAMIC, "t", True), BATCH]))
    write_graph(tmp_path / "b.dnn", "cntk1", first, {})
    nodes = read_network(ModelFile(tmp_path / "b.dnn")).nodes
    assert nodes["t"].operation == "DynamicAxis"
    assert graph_of(tmp_path / "b.dnn").nodes["x"].axis == "t"


def test_an_axis_with_the_name_of_a_node_gets_another(tmp_path: Path) -> None:
    first = graph_of(sums(tmp_path / "a.model", x=[Axis(DYNAMIC, "X", True), BATCH]))
    write_graph(tmp_path / "b.dnn", "cntk1", first, {})
    nodes = read_network(ModelFile(tmp_path / "b.dnn")).nodes
    assert nodes["_X"].operation == "DynamicAxis"
    assert nodes["x"].values["axis"] == "_X"
