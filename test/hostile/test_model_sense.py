"""Model files whose fields have the right form and make no sense: each is told in one diagnostic.

The files are written field by field, so that every length in them is right.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.cntk_v1.network_file import FileNetwork, FileNode, network_parts
from brainscript.runtime.model.cntk_v2.dictionary import Axis
from brainscript.runtime.model.cntk_v2.encode import Size
from brainscript.runtime.model.loading import load_model
from test.runtime.model.test_cntk_v1 import layer, write
from test.runtime.model.test_cntk_v2 import function, network, store, variable
from test.runtime.model.test_dbn import matrix

INPUT = {"rows": 0, "cols": 0, "shape": (2,), "axes": 1, "axis": "", "multiplier": 0.0}
EARLY = {
    "written": 0x10004,
    "readable": 0x10001,
    "evaluating": False,
    "spatial": False,
    "normTime": 8.0,
    "layout": 1,
    "minibatches": 3,
    "epsilon": 0.5,
    "cntkEngine": True,
}
SLICED = {
    "count": 2,
    "begin0": 0,
    "length0": 1,
    "axis0": 1,
    "stride0": 1,
    "begin1": 0,
    "length1": 1,
    "axis1": 2,
    "stride1": 1,
}


def one(operation: str, *inputs: str, number: float = 0.0, **values: Any) -> FileNetwork:
    """A version 28 file with the node `z` on an input `x` and a constant `c`."""
    net = FileNetwork(28)
    net.nodes["x"] = FileNode("x", "InputValue", values={**INPUT, "shape": (2, 3)})
    constant = {"multiplier": 0.0, "shape": (1,), "matrix": np.full((1, 1), number, np.float32)}
    net.nodes["c"] = FileNode("c", "LearnableParameter", values=constant)
    net.nodes["z"] = FileNode("z", operation, inputs=inputs, values=values)
    net.groups = {"label": (), "output": ("z",)}
    return net


def deviation_of_no_parameter() -> FileNetwork:
    net = layer(5, **EARLY)
    computed = {"computed": True, "matrix": np.ones((1, 2), np.float32)}
    net.nodes["v"] = FileNode("v", "InvStdDev", inputs=("x",), values=computed)
    return net


def delays(count: int) -> FileNetwork:
    """A ring of nothing but delays: each asks for the axis of an input that there is not."""
    net = one("Abs", "d0")
    more = {"timeStep": 1, "shape": (2,), "initial": 0.0}
    for i in range(count):
        name, source = f"d{i}", f"d{(i + 1) % count}"
        net.nodes[name] = FileNode(name, "PastValue", inputs=(source,), values=more)
    return net


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (delays(3000), "must be minibatch data"),
        (one("Slice", "x", count=0), "slice of no axis"),
        (one("CosDistanceWithNegativeSamples", *"xxcc", number=np.inf), "numShifts inf"),
        (one("CosDistanceWithNegativeSamples", *"xxcc", number=np.nan), "numShifts nan"),
        (deviation_of_no_parameter(), "deviation: 'v' is a 'InvStdDev'"),
    ],
)
def test_version_1(net: FileNetwork, words: str, tmp_path: Path) -> None:
    write(tmp_path / "a.dnn", net)
    with pytest.raises(BrainScriptError, match=words):
        load_model(tmp_path / "a.dnn").module()


def sparse(count: int, cols: int, rows: int, *pointers: int) -> bytes:
    """The file of `Abs (c)`, its constant a sparse matrix with these pointers to its columns."""
    whole = b"".join(network_parts(one("Abs", "c")))
    begin, end = "BMAT\0".encode("utf-16-le"), "EMAT\0".encode("utf-16-le")
    head = b"s" + begin + struct.pack("<Q", 4) + "nn\0".encode("utf-16-le")
    head += struct.pack("<iQQQ", 6, count, cols, rows)
    body = np.ones(count, "<f4").tobytes() + bytes(8 * count)
    body += struct.pack(f"<{len(pointers)}Q", *pointers)
    return whole[: whole.index(b"d" + begin)] + head + body + whole[whole.index(end) :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (sparse(1, 3, 2, 0, 2**63 - 1, 2**64 - 2, 1), "do not fit its size"),
        (sparse(1, 3, 2, 0, 2, 1, 1), "do not fit its size"),
        (sparse(0, 1 << 20, 1 << 20), "too large"),
    ],
)
def test_sparse_matrices(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.dnn").write_bytes(data)
    with pytest.raises(BrainScriptError, match=words):
        load_model(tmp_path / "a.dnn")


def test_layers_that_share_a_deviation_get_one_variance(tmp_path: Path) -> None:
    net = layer(5, **EARLY)
    net.nodes["y2"] = FileNode("y2", "BatchNormalization", "float", EARLY, tuple("xsbmv"))
    write(tmp_path / "a.dnn", net)
    np.testing.assert_allclose(load_model(tmp_path / "a.dnn").values["v"], [[15.5, 15.5]])


def test_a_node_keeps_its_name_from_a_step_of_another(tmp_path: Path) -> None:
    net = one("Slice", "x", **SLICED)
    net.nodes["Z.step1"] = FileNode("Z.step1", "Exp", inputs=("x",))
    write(tmp_path / "a.dnn", net)
    nodes = describe_module(load_model(tmp_path / "a.dnn").module()).nodes
    assert nodes["Z.step1"].operation == "Exp"
    assert nodes[nodes["z"].inputs[0]].operation == "Slice"


PADDED = {"paddingMode": Size(1), "paddingHead": [Size(4000)], "paddingFoot": [Size(4000)]}
LAST = {"axis": Axis(-1)}
HALF = variable("k", 3, (), np.array(0.5, np.float32))


def stacked(*functions: Any, placeholders: tuple[str, ...] = ()) -> dict[str, Any]:
    """The functions, and `R`, the result of the last one stacked along the last axis."""
    variables = [variable("x", 0, (3, 2)), HALF, *(variable(p, 4, (3, 2)) for p in placeholders)]
    end = f"{functions[-1]['uid']}_Output_0"
    return network(variables, [*functions, function("R", "RowStack", [end, end], LAST)], "R")


def chain(count: int) -> dict[str, Any]:
    """A long chain of sums, each of the one before with itself."""
    names = ["x", *(f"F{i}_Output_0" for i in range(count))]
    return stacked(*(function(f"F{i}", "Plus", [names[i]] * 2) for i in range(count)))


def ring() -> dict[str, Any]:
    delay = function("P", "PastValue", ["S_Output_0", "k"], {"offset": Size(1)})
    return stacked(delay, function("S", "Plus", ["P_Output_0", "x"]), placeholders=("S_Output_0",))


@pytest.mark.parametrize("make", [lambda: chain(3000), ring])
def test_axes_that_count_from_the_end(make: Callable[[], Any], tmp_path: Path) -> None:
    """The shape that they count in is known through any number of functions, and in a loop."""
    graph = describe_module(load_model(store(tmp_path / "a.model", make())).module())
    assert graph.nodes["R"].options["axis"] == 2


def scaled(number: float) -> dict[str, Any]:
    count = variable("n", 3, (1,), np.array([number], np.float32))
    variables = [variable("x", 0, (3,)), count]
    made = function("D", "CosDistanceWithNegativeSamples", ["x", "x", "n", "n"])
    return network(variables, [made], "D")


def plain(*shape: int, **more: Any) -> dict[str, Any]:
    return network([variable("x", 0, shape)], [function("A", "Abs", ["x"], **more)], "A")


def foreign(kind: str, *inputs: str, count: int = 1, **attributes: Any) -> dict[str, Any]:
    """Functions that are made of others, on an input and two constants."""
    variables = [variable("x", 0, (3,)), HALF, variable("v", 3, (2,), np.ones(2, np.float32))]
    made = [function(f"F{i}", kind, list(inputs), attributes) for i in range(count)]
    return network(variables, made, "F0")


def twice(what: str) -> dict[str, Any]:
    found = plain(3)
    return {**found, what: found[what] * 2}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (scaled(np.inf), "another kind"),
        (plain(3, version=float("inf")), "another kind"),
        (plain(2**64 - 3, 2), r"open dimensions: \[\? x 2\]"),
        (foreign("OneHot", "x", numClass=Size(2), onehotAxis=Axis(2**31 - 1)), "unknown axis 2147"),
        (foreign("OneHot", "x", count=9, numClass=Size(1 << 22)), "all that are made have more"),
        (foreign("Gather", "x", "k", axis=Axis(0)), "source of one number"),
        (foreign("Pad", "x", count=60, **PADDED), "describes more than 100000 nodes"),
        (twice("primitive_functions"), "two functions have the id 'A'"),
        (twice("inputs"), "two variables have the id 'x'"),
    ],
)
def test_version_2(found: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(BrainScriptError, match=words):
        load_model(store(tmp_path / "a.model", found)).module()


def test_statistics_of_a_dbn_are_repeated_for_its_frames(tmp_path: Path) -> None:
    """Each by its own length: a mean of one value, a deviation of many, and the other way round."""
    size = 1 << 16
    layer = b"perceptron\0" + matrix(np.ones((size, 1), "<f4")) + matrix(np.ones(1, "<f4")) * 2
    for mean, deviation in ((1, size), (size, 1), (4, 2)):
        statistics = matrix(np.full(mean, 3, "<f4")) + matrix(np.full(deviation, 2, "<f4"))
        head = b"DBN\0BDBN" + struct.pack("<ii", 0, 1) + statistics
        (tmp_path / "a.dbn").write_bytes(head + b"BNET" + layer + b"ENETEDBN")
        values = load_model(tmp_path / "a.dbn").values
        assert set(values["MeanOfFeatures"]) == {3.0}
        assert values["InvStdOfFeatures"].tolist() == [0.5] * size


NUMBERS = {
    "cntk1": "z = PastValue (3, x, timeStep=5000000000)",
    "dbn": "z = ParameterTensor {(2:3)} * x + ParameterTensor {(2:2)}",
}


@pytest.mark.parametrize("form", NUMBERS)
def test_what_a_format_has_no_room_for(form: Any, tmp_path: Path) -> None:
    model = bs.compile(f"x = Input {{3}}\n{NUMBERS[form]}\noutputNodes = (z)")
    with pytest.raises(BrainScriptError) as caught:
        model.save(tmp_path / "a.model", form)
    assert caught.value.diagnostics[0].code == "BS0519"
    assert not list(tmp_path.iterdir())
