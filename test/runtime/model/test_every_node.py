"""Every kind of node of the files of CNTK 1 and 2: built by its reader, or refused by name.

`every_node.txt` lists the kinds, each line after the generation of its file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.cntk_v1.layouts import LAYOUTS
from brainscript.runtime.model.cntk_v1.network_file import FileNetwork, FileNode, read_network
from brainscript.runtime.model.cntk_v1.operations import ALIASES
from brainscript.runtime.model.cntk_v2.dictionary import Axis, read_dictionary
from brainscript.runtime.model.cntk_v2.encode import Size
from brainscript.runtime.model.cntk_v2.operations import NAMES
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.model_file import ModelFile
from test.runtime.model.operations import NETWORKS
from test.runtime.model.test_cntk_v1 import Filler, write
from test.runtime.model.test_cntk_v2 import dense, function, network, store, variable
from test.runtime.model.test_cntk_v2_functions import pad

HERE = Path(__file__).parent
ROWS = [line.split() for line in (HERE / "every_node.txt").read_text().splitlines()]
KINDS = [(generation, name) for generation, *names in ROWS for name in names]
PAGE = (HERE.parents[2] / "docs" / "refused.md").read_text().partition("## Nodes of model files")[2]
REFUSED = set(re.findall(r"^\| ([A-Z]\w+) \|", PAGE, re.M))
SHAPE = (4, 3)
FIRST = {"axis": Axis(0, "staticAxisIdx=0")}
BY_HAND_1: dict[str, tuple[str, dict[str, Any]]] = {
    "ColumnElementTimes": ("x x", {}),
    "Delay": ("x", {"timeStep": 1, "shape": (3,), "initial": 0.5}),
    "ErrorPrediction": ("x x", {}),
    "LegacyReshape": ("x", {"rows": 3, "image": (1, 3, 1)}),
    "PerDimMeanVarDeNormalizationNode": ("x m m", {}),
    "PerDimMeanVarNormalizationNode": ("x m m", {}),
    "QuantizedTimes": (
        "W x",
        {"outputRank": 1, "inferInputRankToMap": -1, "bitShiftA": 1, "bitShiftB": 1},
    ),
    "ReconcileMBLayout": ("x x", {}),
    "RNN": (
        "R x",
        {"bidirectional": 0, "layers": 1, "hidden": 1, "kind": "rnnTanh", "axis": -1},
    ),
    "RowElementTimes": ("x x", {}),
    "RowSlice": ("x", {"count": 1, "begin0": 0, "length0": 2, "axis0": 1, "stride0": 1}),
    "Scale": ("x x", {}),
    "Transpose": ("W", {"axis1": 1, "axis2": 2}),
}
BY_HAND_2: dict[str, tuple[str, dict[str, Any]]] = {
    **dict.fromkeys(("Asinh", "Atan", "Atanh", "Cast", "EyeLike", "NoOp"), ("x", {})),
    **dict.fromkeys(("StraightThrough", "Tan", "ConstantOp"), ("x", {})),
    "Gather": ("x S", {}),
    "OneHot": ("x", {"numClass": Size(2), "oneHotOutputSparse": False, "onehotAxis": Axis(-1)}),
    "Pad": ("x", pad(0)),
    "Pow": ("x x", {}),
    "Squeeze": ("q", {"axisVec": [FIRST["axis"]]}),
    "TopK": ("x", {**FIRST, "numItems": Size(2)}),
    "ToSequenceLike": ("x x", {}),
}


def kept_after_load(path: Path, wanted: dict[str, str]) -> set[str]:
    """The kinds of the file's nodes (given by name) that the network has under their names."""
    graph = describe_module(load_model(path).module())
    return {kind for name, kind in wanted.items() if name in graph.nodes}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What networks of BrainScript become in the files of each generation, read again."""
    folder = tmp_path_factory.mktemp("written")
    found: dict[str, set[str]] = {"1": set(), "2": {"Combine"}}
    for name, text in NETWORKS.items():
        model, one, two = bs.compile(text), folder / "a.dnn", folder / "a.model"
        if name != "drawn":
            model.save(one, "cntk1")
            nodes = read_network(ModelFile(one)).nodes.values()
            found["1"] |= kept_after_load(one, {n.name: n.operation for n in nodes})
        if name != "classes":
            model.save(two, "cntk2")
            functions: Any = read_dictionary(ModelFile(two))["primitive_functions"]
            kinds: dict[str, str] = {}
            for f in functions:
                kinds[f.get("name") or f["uid"]] = NAMES[f["op"]]
            found["2"] |= kept_after_load(two, kinds)
    return found


def by_hand_1(kind: str, folder: Path) -> set[str]:
    """A version 28 file with one node of this kind beside inputs and parameters."""
    net = FileNetwork(28)
    fields = {"rows": 0, "cols": 0, "shape": (3,), "axes": 1, "axis": "", "multiplier": 0.0}
    net.nodes["x"] = FileNode("x", "InputValue", values=fields)
    for name, dims in (("W", (2, 3)), ("R", (1, 6))):
        matrix = np.ones(dims[::-1], np.float32)
        values = {"multiplier": 1.0, "shape": dims, "matrix": matrix}
        net.nodes[name] = FileNode(name, "LearnableParameter", values=values)
    known = {"computed": True, "matrix": np.ones((1, 3), np.float32)}
    net.nodes["m"] = FileNode("m", "Mean", inputs=("x",), values=known)
    if kind == "SparseInputValue":
        net.nodes["y"] = FileNode("y", kind, values=fields)
    elif kind == "DynamicAxis":
        net.nodes["axis"] = FileNode("axis", kind)
        net.nodes["y"] = FileNode("y", "InputValue", values={**fields, "axis": "axis"})
    else:
        inputs, more = BY_HAND_1[kind]
        net.nodes["y"] = FileNode("y", kind, inputs=tuple(inputs.split()), values=more)
    net.nodes["z"] = FileNode("z", "Abs", inputs=("y",))
    net.groups = {"label": (), "output": ("z",)}
    write(folder / "a.dnn", net)
    graph = describe_module(load_model(folder / "a.dnn").module())
    if kind == "DynamicAxis":
        assert graph.nodes["y"].axis == "axis"
    elif kind in ALIASES:
        assert graph.nodes["y"].operation == ALIASES[kind]
    return {kind} if "z" in graph.nodes else set()


def by_hand_2(kind: str, folder: Path) -> set[str]:
    """A file with one function of this kind."""
    path = folder / "a.model"
    if kind in ("Block", "ExponentialLinearUnit"):
        return kept_after_load(store(path, dense()), {"z": "Block", "ELU5": kind})
    inputs, attributes = BY_HAND_2[kind]
    variables = [
        variable("x", 0, SHAPE),
        variable("q", 0, (1, 4)),
        variable("S", 3, (2, 5), np.ones((5, 2), np.float32)),
    ]
    made = function("F", kind, inputs.split(), attributes, name="y")
    return kept_after_load(store(path, network(variables, [made], "F")), {"y": kind})


def refused(generation: str, kind: str, folder: Path) -> None:
    """A file whose only result is of this kind is refused with the name of both."""
    path = folder / "a.model"
    if generation == "1":
        filler, net = Filler(31), FileNetwork(31)
        LAYOUTS.get(kind, lambda _: None)(filler)
        fields = {"rows": 0, "cols": 0, "shape": (3,), "axes": 1, "axis": "", "multiplier": 0.0}
        net.nodes["x"] = FileNode("x", "InputValue", values=fields)
        net.nodes["y"] = FileNode("y", kind, inputs=("x", "x", "x"), values=filler.values)
        net.groups = {"label": (), "output": ("y",)}
        write(path, net)
    else:
        made = function("F", kind if kind in NAMES else "Pass", ["x"], name="y")
        if kind not in NAMES:
            made["type"] = kind
            del made["op"]
        store(path, network([variable("x", 0, SHAPE)], [made], "F"))
    with pytest.raises(BrainScriptError, match=f"'{kind}' is not supported") as caught:
        load_model(path).module()
    assert caught.value.diagnostics[0].code in ("BS0402", "BS0516")


@pytest.mark.parametrize(("generation", "kind"), KINDS, ids=[":".join(k) for k in KINDS])
def test_a_kind_is_built_or_refused_by_name(
    generation: str, kind: str, written: dict[str, set[str]], tmp_path: Path
) -> None:
    if kind in REFUSED:
        refused(generation, kind, tmp_path)
    elif kind not in written[generation]:
        build = by_hand_1 if generation == "1" else by_hand_2
        assert kind in build(kind, tmp_path)


def test_the_list_has_every_kind_that_the_readers_know() -> None:
    listed = {g: {name for generation, name in KINDS if generation == g} for g in "12"}
    assert listed["1"] >= LAYOUTS.keys() | ALIASES.keys()
    assert listed["2"] == {*NAMES, "UserDefinedFunction"}
    assert listed["1"] | listed["2"] >= REFUSED
    assert not listed["1"] & {"Cast", "ExponentialLinearUnit"}
