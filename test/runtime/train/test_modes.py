"""Compiled runs with dropout, noise, batch normalisation, checked gradients and `bnstat`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.passes.gradient import normalise

CONFIG = """
command = %s
modelPath = "m.dnn"
precision = "%s"
t = {
    action = "train"
    BrainScriptNetworkBuilder = {
        x = Input {4} ; y = Input {3}
        a = LinearLayer {8} (x)
        n = BatchNormalizationLayer {normalizationTimeConstant = 100} (a)
        d = Dropout (Tanh (n))
        z = LinearLayer {3} (d)
        ce = CrossEntropyWithSoftmax (y, z)
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
    }
    reader = $R$
    SGD = { minibatchSize = 16 ; learningRatesPerMB = 0.3 ; maxEpochs = 3 ; %s }
}
s = { action = "bnstat" ; minibatchSize = 50 ; itersPerNode = 4 ; reader = $R$ }
I = [ x = [ dim = 4 ; format = "dense" ] ; y = [ dim = 3 ; format = "dense" ] ]
R = [ readerType = "CNTKTextFormatReader" ; file = "data.ctf" ; randomize = false ; input = $I$ ]
"""
SAMPLES = 100


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def data() -> tuple[Any, Any]:
    generator = np.random.default_rng(5)
    kinds = generator.integers(0, 3, SAMPLES)
    return generator.normal(size=(SAMPLES, 4)) + kinds[:, None], np.eye(3, dtype=int)[kinds]


def train(keys: str, command: str = "t", precision: str = "float") -> bs.Model:
    rows = zip(*data(), strict=True)
    text = [f"|x {' '.join(map(str, p))} |y {' '.join(map(str, k))}\n" for p, k in rows]
    Path("data.ctf").write_text("".join(text))
    Path("f.cntk").write_text(CONFIG % (command, precision, keys))
    for old in Path().glob("m.dnn*"):
        old.unlink()
    bs.train("f.cntk")
    return bs.load("m.dnn")


def weights(model: bs.Model) -> dict[str, Any]:
    return {name: value.copy() for name, value in model.parameters.items()}


def test_gradients_pass_their_check_with_dropout_and_normalisation(folder: Path):
    plain = weights(train("dropoutRate = 0.3", precision="double"))
    checked = weights(train("dropoutRate = 0.3 ; gradientcheck = true", precision="double"))
    assert all((plain[name] == checked[name]).all() for name in plain), "checking changes nothing"


def test_a_wrong_gradient_does_not_pass(folder: Path, monkeypatch: pytest.MonkeyPatch):
    row = normalise.TABLE["net.normalise"]
    changed = (row[0], row[2], row[1], *row[3:])
    monkeypatch.setitem(normalise.TABLE, "net.normalise", changed)
    with pytest.raises(BrainScriptError, match="cannot pass gradient checker") as caught:
        train("gradientcheck = true", precision="double")
    assert caught.value.diagnostics[0].code == "BS0727"


def test_noise_and_masks_are_the_same_in_every_run(folder: Path):
    keys = "dropoutRate = 0:0.5 ; gaussianNoiseInjectStd = 0.01"
    first, second = weights(train(keys)), weights(train(keys))
    assert all((first[name] == second[name]).all() for name in first)
    without = weights(train("dropoutRate = 0:0.5"))
    assert np.abs(first["a.W"] - without["a.W"]).max() > 0.01
    assert (first["n.runMean"].ravel() != without["n.runMean"].ravel()).all()


def test_noise_has_the_deviation_asked_for(folder: Path):
    still = "learningRatesPerMB = 1e-8 ; minLearningRatePerSample = 1e-12 ; maxEpochs = 1"
    config = CONFIG.replace("learningRatesPerMB = 0.3 ; maxEpochs = 3 ;", "")
    rows = zip(*data(), strict=True)
    text = [f"|x {' '.join(map(str, p))} |y {' '.join(map(str, k))}\n" for p, k in rows]
    Path("data.ctf").write_text("".join(text))
    Path("f.cntk").write_text(config % ("t", "float", f"{still} ; gaussianNoiseInjectStd = 0.5"))
    bs.train("f.cntk")
    before, after = weights(bs.load("m.dnn.0")), weights(bs.load("m.dnn"))
    moved = np.concatenate([(after[n] - before[n]).ravel() for n in ("a.W", "z.W", "a.b", "z.b")])
    steps = -(-SAMPLES // 16)
    assert abs(moved.std() / (0.5 * np.sqrt(steps)) - 1) < 0.25
    assert abs(moved.mean()) < 0.5


def test_bnstat_replaces_statistics_by_means_over_the_data(folder: Path):
    train("batchNormalizationTimeConstant = 1#INF", command="t:s")
    model, again = weights(bs.load("m.dnn")), weights(bs.load("m.dnn.PBN"))
    a = data()[0].astype(np.float32) @ model["a.W"] + model["a.b"]
    np.testing.assert_allclose(again["n.runMean"].ravel(), a.mean(axis=0), rtol=1e-5, atol=1e-6)
    halves = [a[:50].var(axis=0, ddof=1), a[50:].var(axis=0, ddof=1)]
    np.testing.assert_allclose(again["n.runVariance"].ravel(), np.mean(halves, axis=0), rtol=1e-4)
    assert again["n.runCount"].ravel() == [200]
    assert (again["a.W"] == model["a.W"]).all()
    assert (again["n.runMean"] != model["n.runMean"]).all()


def test_bnstat_over_pictures(folder: Path):
    """Readers that give one minibatch a call; two sweeps over three grey pictures."""
    images = pytest.importorskip("PIL.Image")
    for number in range(3):
        picture = np.full((2, 2, 3), 40 * number, np.uint8)
        images.fromarray(picture).save(f"{number}.png")
    Path("map.txt").write_text("".join(f"{n}.png\t{n}\n" for n in range(3)))
    Path("f.cntk").write_text("""
        command = t:s
        modelPath = "m.dnn"
        t = {
            action = "train"
            BrainScriptNetworkBuilder = {
                x = Input {2:2:3} ; y = Input {3}
                n = BatchNormalizationLayer {spatialRank = 2} (x)
                z = LinearLayer {3} (n)
                ce = CrossEntropyWithSoftmax (y, z)
                featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
            }
            SGD = { minibatchSize = 3 ; maxEpochs = 1 ; learningRatesPerMB = 0.01 }
        }
        s = { action = "bnstat" ; minibatchSize = 3 ; itersPerNode = 2 }
        reader = [ readerType = "ImageReader" ; file = "map.txt"
            x = [ width = 2 ; height = 2 ; channels = 3 ] ; y = [ labelDim = 3 ] ]
    """)
    bs.train("f.cntk")
    again = weights(bs.load("m.dnn.PBN"))
    np.testing.assert_allclose(again["n.runMean"].ravel(), [40] * 3, rtol=1e-6)
    assert again["n.runCount"].ravel() == [6]
