"""CNTK version 1 files: every layout in every version, real files, conversion, writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.stored.describe import describe_module
from brainscript.runtime.model.cntk_v1.fields import FORMS, Number
from brainscript.runtime.model.cntk_v1.layouts import LAST_VERSION, LAYOUTS, TRACE_TEXTS
from brainscript.runtime.model.cntk_v1.network_file import (
    FileNetwork,
    FileNode,
    network_parts,
    read_network,
)
from brainscript.runtime.model.file_values import Slice
from brainscript.runtime.model.loading import load_model
from brainscript.runtime.model.model_file import ModelFile
from brainscript.runtime.model.writing import write_graph

SHARED = Path(__file__).resolve().parents[4] / "shared"
MODELS = [SHARED / "models" / n for n in ("LR_reg.dnn", "01_OneHidden.dnn", "slu.forward.nobn.cmf")]
RECORDED = (
    "convolution",
    "elementwise",
    "recurrent-lstm",
    "sequence-selection",
    "trained-simple-builder",
    "transposed-convolution",
)
EDITING = [SHARED / "golden" / "editing" / f"model-{n}" / "model.dnn" for n in RECORDED]


class Filler:
    """Answers every question of a layout with another value, and keeps the answers."""

    def __init__(self, version: int):
        self.version = version
        self.values: dict[str, Any] = {}
        self.count = 0

    def keep(self, name: str, value: Any) -> Any:
        self.values[name] = value
        return value

    def number(self, name: str, kind: Number) -> Any:
        self.count += 1
        if kind == "bool":
            return self.keep(name, self.count % 2 == 1)
        small = 2 if name in ("count", "mode") else 1 if name in ("axes", "rows") else self.count
        small = 0x10004 if name == "written" else small
        return self.keep(name, small if FORMS.get(kind, "f") in "iIQq" or kind == "seed" else 0.5)

    def text(self, name: str) -> str:
        return self.keep(name, f"text {name} \u00e4")

    def bytes_text(self, name: str) -> str:
        return self.keep(name, f"bytes {name}" if name in TRACE_TEXTS else name)

    def shape(self, name: str, legacy: bool = False) -> tuple[int, ...]:
        return self.keep(name, (1, 2, 3))

    def flags(self, name: str) -> list[bool]:
        return self.keep(name, [True, False])

    def sizes(self, name: str) -> list[int]:
        return self.keep(name, [7, 8])

    def matrix(self, name: str) -> None:
        self.keep(name, np.arange(6, dtype=np.float32).reshape(3, 2))

    def back(self, count: int) -> None:
        pass


def write(path: Path, network: FileNetwork) -> ModelFile:
    path.write_bytes(b"".join(network_parts(network)))
    return ModelFile(path)


@pytest.mark.parametrize("version", range(1, LAST_VERSION + 1))
def test_every_layout_reads_what_it_writes(version: int, tmp_path: Path) -> None:
    network = FileNetwork(version)
    for operation, layout in LAYOUTS.items():
        filler = Filler(version)
        layout(filler)
        network.nodes[operation] = FileNode(operation, operation, values=filler.values)
    network.nodes["Plus"] = FileNode("Plus", "Plus", inputs=("Mean", "Delay"))
    network.groups = {"label": ("Plus",), "output": ("Plus", "Mean")}
    file = write(tmp_path / "a.dnn", network)
    found = read_network(file)
    assert found.groups == {**dict.fromkeys(found.groups, ()), **network.groups}
    assert list(found.nodes) == sorted(network.nodes, key=str.lower)
    for name, node in found.nodes.items():
        expected = network.nodes[name]
        assert node.inputs == expected.inputs
        for key, value in expected.values.items():
            if isinstance(value, np.ndarray):
                place = node.values[key]
                assert isinstance(place, Slice)
                got = file.read_array(place.at, place.stored, 6).reshape(place.shape)
                np.testing.assert_array_equal(got, np.asarray(value, np.float32))
            else:
                assert node.values[key] == value, (name, key)


@pytest.mark.skipif(not MODELS[0].exists(), reason="the shared models are not there")
def test_parameters_are_those_of_the_recorded_text() -> None:
    model = load_model(MODELS[0])
    assert model.format == "CNTK 1, version 10"
    text = Path(f"{MODELS[0]}_Expected.txt").read_text()
    for name in ("w", "b"):
        body = text.split(f"\n{name}=LearnableParameter")[1].split("\n")[1]
        expected = [float(word) for word in body.split()]
        np.testing.assert_allclose(model.values[name].reshape(-1), expected, rtol=1e-6)


@pytest.mark.skipif(not MODELS[0].exists(), reason="the shared models are not there")
@pytest.mark.parametrize("path", [*MODELS, *EDITING], ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_file_written_again_is_the_same_network(path: Path, tmp_path: Path) -> None:
    first = load_model(path)
    graph = describe_module(first.module())
    copy = tmp_path / "copy.dnn"
    write_graph(copy, "cntk1", graph, first.values)
    second = load_model(copy)
    again = describe_module(second.module())
    assert again.groups == {**dict.fromkeys(again.groups, ()), **graph.groups}
    assert {n: (o.operation, o.inputs, o.options, o.dims) for n, o in again.nodes.items()} == {
        n: (o.operation, o.inputs, o.options, o.dims) for n, o in graph.nodes.items()
    }
    for name in first.values:
        assert first.values[name].tobytes() == second.values[name].tobytes()


def layer(version: int, **values: Any) -> FileNetwork:
    """A batch normalisation of two features with scale, bias, mean and deviation."""
    network = FileNetwork(version)
    shape = {"multiplier": 1.0, "updates": True, "rows": 2, "cols": 1, "shape": (2, 1)}
    for name, value in (("s", 1.0), ("b", 0.0), ("m", 0.5), ("v", 0.25)):
        matrix = np.full((1, 2), value, np.float32)
        network.nodes[name] = FileNode(
            name, "LearnableParameter", values={**shape, "matrix": matrix}
        )
    fields = {"rows": 0, "cols": 0, "shape": (2,), "axes": 1, "axis": "", "multiplier": 0.0}
    network.nodes["x"] = FileNode("x", "InputValue", values=fields)
    network.nodes["y"] = FileNode("y", "BatchNormalization", "float", values, tuple("xsbmv"))
    network.groups = {"label": (), "output": ("y",)}
    return network


def test_old_batch_normalisation_gets_its_count_and_its_variance(tmp_path: Path) -> None:
    fields = {"written": 0x10004, "readable": 0x10001, "evaluating": False, "spatial": False}
    more = {"normTime": 8.0, "layout": 1, "minibatches": 3, "epsilon": 0.5, "cntkEngine": True}
    write(tmp_path / "a.dnn", layer(5, **fields, **more))
    model = load_model(tmp_path / "a.dnn")
    assert model.values["y.run_sample_count"].tolist() == [48.0]
    np.testing.assert_allclose(model.values["v"], np.full((1, 2), 15.5))
    graph = describe_module(model.module())
    assert graph.nodes["y"].inputs == ("x", "s", "b", "m", "v", "y.run_sample_count")
    assert graph.nodes["y"].options["normalizationTimeConstant"] == 8.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": ("y", "Plus", ("y2", "x"))}, "ring without a delay"),
        ({"Y2": ("Y2", "Abs", ("x",)), "y2": ("y2", "Abs", ("x",))}, "occurs twice"),
        ({"y": ("y", "Frobnicate", ("x",))}, "'Frobnicate' is not supported"),
        ({"y": ("y", "Abs", ("nothing",))}, "'nothing', which is not in the file"),
    ],
)
def test_networks_that_are_none(change: Any, words: str, tmp_path: Path) -> None:
    network = layer(18)
    del network.nodes["y"]
    network.nodes["y2"] = FileNode("y2", "Abs", inputs=("y",))
    for name, (_, operation, inputs) in change.items():
        network.nodes[name] = FileNode(name, operation, inputs=inputs)
    if "y" not in network.nodes:
        network.nodes["y"] = FileNode("y", "Abs", inputs=("x",))
    write(tmp_path / "a.dnn", network)
    with pytest.raises(BrainScriptError) as caught:
        load_model(tmp_path / "a.dnn").module()
    assert words in caught.value.diagnostics[0].title


def test_a_mean_that_no_data_have_given_is_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = FileNetwork(28)
    fields = {"rows": 0, "cols": 0, "shape": (2,), "axes": 1, "axis": "", "multiplier": 0.0}
    network.nodes["x"] = FileNode("x", "InputValue", values=fields)
    unknown = {"computed": False, "matrix": np.zeros((1, 2), np.float32)}
    network.nodes["m"] = FileNode("m", "Mean", inputs=("x",), values=unknown)
    network.nodes["y"] = FileNode("y", "Minus", inputs=("x", "m"))
    network.groups = {"label": (), "output": ("y",)}
    write(tmp_path / "a.dnn", network)
    model = bs.load(tmp_path / "a.dnn")
    words = (
        "warning[BS0518]: 'm' of",
        "never computed from data\nin: m\nhelp: train or precompute",
    )
    said = capsys.readouterr().err
    assert all(part in said for part in words)
    np.testing.assert_array_equal(model.eval(x=[[3, 4]])["y"], [[3, 4]])


@pytest.mark.parametrize("form", ["cntk1", "cntk2"])
def test_writing_a_mean_that_no_data_have_given(
    form: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is warned of; a file of CNTK 1 also says so, and is warned of when it is read."""
    model = bs.compile("x = Input {3}\nm = Mean (x)\nz = x - m\noutputNodes = (z)")
    model.save(tmp_path / "a.dnn", form)
    assert "warning[BS0518]: 'm' (Mean) was never computed" in capsys.readouterr().err
    bs.load(tmp_path / "a.dnn")
    assert ("'m' of" in capsys.readouterr().err) == (form == "cntk1")
    model.network.state.view("m")[...] = 2.0
    model.save(tmp_path / "b.dnn", form)
    found = bs.load(tmp_path / "b.dnn").eval(x=[[3, 4, 5]])["z"]
    np.testing.assert_array_equal(found, [[1, 2, 3]])
    assert not capsys.readouterr().err


@pytest.mark.parametrize("name", ['a"b', "x\ny", "a\\b", "\u00e9\U0001f600", "", "@q}", "\x01"])
def test_any_name_goes_through_all_levels(name: str, tmp_path: Path) -> None:
    network = FileNetwork(18)
    fields = {"rows": 0, "cols": 0, "shape": (2,), "axes": 1, "axis": "", "multiplier": 0.0}
    matrix = {"multiplier": 1.0, "shape": (2,), "matrix": np.ones((1, 2), np.float32)}
    network.nodes["in" + name] = FileNode("in" + name, "InputValue", values=fields)
    network.nodes["w" + name] = FileNode("w" + name, "LearnableParameter", values=matrix)
    network.nodes[name] = FileNode(name, "Plus", inputs=("in" + name, "w" + name))
    network.groups = {"label": (), "output": (name,)}
    write(tmp_path / "a.dnn", network)
    bs.load(tmp_path / "a.dnn").save(tmp_path / "b.model")
    model = bs.load(tmp_path / "b.model")
    assert list(model.outputs) == [name]
    found = model.eval(**{"in" + name: np.ones((1, 2))})
    np.testing.assert_array_equal(found[name], [[2, 2]])


def test_regions_of_old_files_are_warned_of(tmp_path: Path) -> None:
    """Until version 26 they were parts of the image, of which a network knows nothing."""
    for version in (25, 26):
        network = FileNetwork(version)
        fields = {"rows": 0, "cols": 0, "axes": 1, "axis": "", "multiplier": 0.0}
        for name, shape in (("x", (6, 5, 2)), ("r", (4, 3))):
            network.nodes[name] = FileNode(name, "InputValue", values={**fields, "shape": shape})
        more = {"output": (2, 2), "pool": 1, "scale": 0.5}
        network.nodes["p"] = FileNode("p", "ROIPooling", inputs=("x", "r"), values=more)
        network.groups = {"label": (), "output": ("p",)}
        write(tmp_path / "a.dnn", network)
        model = load_model(tmp_path / "a.dnn")
        assert [remark.path for remark in model.remarks] == (["p"] if version == 25 else [])
        scale = describe_module(model.module()).nodes["p"].options["spatialScale"]
        assert scale == (1 / 16 if version == 25 else 0.5)


@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("pad", [False, True])
def test_kernels_of_old_files_cover_all_channels(layout: int, pad: bool, tmp_path: Path) -> None:
    """Before version 5 a kernel had width and height; the weights say how many channels it has."""
    outputs: list[Any] = []
    x = np.random.default_rng(1).normal(size=(3, 60)).astype("f4")
    windows = {"kernel": (3, 2, 2), "mapCount": (4,), "stride": (1, 1, 2), "sharing": [True]}
    windows |= {"autoPad": [pad, pad, False], "lowerPad": (0,), "upperPad": (0,), "pool": 0}
    windows |= {"layout": layout, "maxTemp": 0, "transpose": False, "is2D": False}
    windows |= {"outputShape": (0,), "ceilOutDim": False, "includePad": False, "dilation": (1,)}
    old = {"kernelWidth": 3, "kernelHeight": 2, "strideWidth": 1, "strideHeight": 1, "maps": 4}
    old |= {"layout": layout, "pad": pad, "maxTemp": 0}
    for version, fields in ((4, old), (28, windows)):
        network = FileNetwork(version)
        shape = {"rows": 0, "cols": 0, "shape": ((2, 6, 5), (6, 5, 2))[layout]}
        shape |= {"axes": 1, "axis": "", "multiplier": 0.0}
        network.nodes["x"] = FileNode("x", "InputValue", values=shape)
        weights = np.random.default_rng(0).normal(size=(12, 4)).astype("f4")
        values = {"multiplier": 1.0, "shape": (4, 12), "matrix": weights}
        network.nodes["W"] = FileNode("W", "LearnableParameter", values=values)
        network.nodes["z"] = FileNode("z", "Convolution", inputs=("W", "x"), values=fields)
        network.groups = {"label": (), "output": ("z",)}
        write(tmp_path / "a.dnn", network)
        outputs.append(bs.load(tmp_path / "a.dnn").eval(x=x)["z"])
    np.testing.assert_array_equal(*outputs)
