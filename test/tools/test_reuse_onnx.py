"""An ONNX network as the source of `CloneFunction`: frozen features, a head that learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from test.runtime.model.test_exchange import numbers, written
from test.runtime.model.test_exchange_import import node

onnx: Any = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")

CONFIG = """
command = head
head = {
    action = "train" ; modelPath = "out/head.model"
    BrainScriptNetworkBuilder = {
        backbone = BS.Network.Load ("backbone.onnx")
        extract = BS.Network.CloneFunction (
            backbone.image, backbone.features, parameters = "constant")
        x = Input {(8:8:3)} ; y = Input {2}
        f = extract (x)
        z = LinearLayer {2} (f)
        ce = CrossEntropyWithSoftmax (y, z)
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
    }
    SGD = { epochSize = 0 ; minibatchSize = 8 ; maxEpochs = 6 ; learningRatesPerSample = 0.2 }
    reader = {
        readerType = "CNTKTextFormatReader" ; file = "images.ctf"
        input = { x = { dim = 192 ; format = "dense" } ; y = { dim = 2 ; format = "dense" } }
    }
}
"""


def backbone(path: Path) -> None:
    """Images to ten classes, as exporters write it."""
    nodes = [
        node("Conv", "image W b", "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", "c", "r"),
        node("GlobalAveragePool", "r", "p"),
        node("Flatten", "p", "features"),
        node("Gemm", "features G", "logits"),
    ]
    constants = [numbers("W", 4, 3, 3, 3), numbers("b", 4), numbers("G", 4, 10)]
    written(path, nodes, {"image": [3, 8, 8], "logits": [10]}, constants)


def images(path: Path) -> Any:
    """Dark and bright images; the pixels of all."""
    chance = np.random.default_rng(2)
    labels = np.arange(40) % 2
    pixels = chance.normal(size=(40, 192)) + labels[:, None]
    rows = [
        f"|x {' '.join(f'{v:.4f}' for v in p)} |y {1 - k} {k}\n"
        for p, k in zip(pixels, labels, strict=True)
    ]
    path.write_text("".join(rows))
    return pixels.astype(np.float32).reshape(40, 3, 8, 8)


def test_a_head_learns_on_the_features_of_an_onnx_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    backbone(Path("backbone.onnx"))
    x = images(Path("images.ctf"))
    Path("head.cntk").write_text(CONFIG)
    bs.train("head.cntk")
    old, new = bs.load("backbone.onnx"), bs.load("out/head.model")
    specs = {p.name: p.learning_rate_multiplier for p in new.network.facts.parameters}
    assert {name for name, multiplier in specs.items() if multiplier} == {"z.W", "z.b"}
    frozen = {name for name, multiplier in specs.items() if not multiplier}
    assert frozen == {"f.W", "f.c/b"}
    for name in frozen:
        before = old.parameters[name.removeprefix("f.")]
        assert new.parameters[name].tobytes() == before.tobytes()
    assert set(new.inputs) == {"x", "y"}
    assert "Times" not in {new.nodes.get("f.logits"), new.nodes.get("logits")}
    assert (
        new.eval(["f"], x=x)["f"].tobytes() == old.eval(["features"], image=x)["features"].tobytes()
    )
    found = new.eval(["z"], x=x)["z"].argmax(axis=1)
    assert np.mean(found == np.arange(40) % 2) > 0.9


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose nodes have names that the language cannot spell, in the current folder."""
    monkeypatch.chdir(tmp_path)
    nodes = [node("Relu", "x:0", "/layer/Relu-1"), node("Neg", "/layer/Relu-1", "235")]
    written(tmp_path / "net.onnx", nodes, {"x:0": [2], "235": [2]}, [])


X = np.array([[1.0, -1.0]], np.float32)


@pytest.mark.usefixtures("foreign")
def test_names_of_other_programs_are_spelt_with_underscores() -> None:
    clone = "BS.Network.CloneFunction (old.x_0, [a = old._layer_Relu_1 ; b = old._235])"
    source = f'old = BS.Network.Load ("net.onnx")\nf = {clone}\nx = Input {{2}}\nr = f (x)\n'
    model = bs.compile(source + "z = r.a + r.b + r.b + r.b\noutputNodes = (z)")
    np.testing.assert_array_equal(model.eval(["z"], x=X)["z"], [[-2.0, 0.0]])


@pytest.mark.usefixtures("foreign")
def test_such_names_stay_in_edited_networks() -> None:
    source = """old = BS.Network.Load ("net.onnx")
        bend = BS.Network.Editing.ReplaceLinksToNode (old._layer_relu_1, Tanh (old._layer_Relu_1))
        bent = BS.Network.Edit (old, bend, BS.Constants.None)
        f = BS.Network.CloneFunction (bent.x_0, bent._235)
        x = Input {2} ; z = f (x) ; outputNodes = (z)"""
    found = bs.compile(source).eval(["z"], x=X)["z"]
    np.testing.assert_allclose(found, [[-np.tanh(1.0), 0.0]], rtol=1e-6)
    with pytest.raises(BrainScriptError) as error:
        bs.compile(source.replace("bent._235", "bent._layer_Relu_2"))
    assert error.value.diagnostics[0].help == "did you mean '_layer_Relu_1'?"


@pytest.mark.usefixtures("foreign")
def test_such_names_stay_in_editing_scripts() -> None:
    Path("script.mel").write_text("""m = LoadModel ("net.onnx")
        q = Tanh (_layer_Relu_1)
        SetNodeInput (_235, 0, q)
        Rename (x:0, x)
        Rename (/layer/*, p*)
        SaveModel (m, "new.dnn")""")
    Path("script.cntk").write_text('command = e\ne = { action = "edit" ; editPath = "script.mel" }')
    bs.train("script.cntk")
    model = bs.load("new.dnn")
    assert set(model.network.facts.nodes) == {"x", "pRelu-1", "q", "235"}
    found = model.eval(["235"], x=X)["235"]
    np.testing.assert_allclose(found, [[-np.tanh(1.0), 0.0]], rtol=1e-6)
