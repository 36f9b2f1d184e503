"""The action `adapt`: from another model, with labels drawn towards what it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import brainscript as bs
from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.model import container
from test.runtime.conftest import CONFIG, Run
from test.runtime.fake_network import FakeReader, FakeStep

Go = Callable[..., Run]
ADAPT = """
command = t
modelPath = "new.dnn"
minibatchSize = 20
t = {
    action = "adapt" ; origModelFileName = "m.dnn" %s
    reader = { readerType = "CNTKTextFormatReader" ; randomize = false }
    SGD = { learningRatesPerMB = 0.5 ; momentumPerMB = 0 ; maxEpochs = 1 ; %s }
}
"""
KL = "adaptationRegType = KL ; adaptationRegWeight = %s"


def adapted(run: Go, section: str, sgd: str) -> dict[str, np.ndarray]:
    """The values of a model adapted from `m.dnn`."""
    for path in Path().glob("new.dnn*"):
        path.unlink()
    run(ADAPT % (section, sgd))
    return container.load("new.dnn").tensors


def by_hand(weight: float) -> dict[str, np.ndarray]:
    """One epoch from `m.dnn` with labels `weight * z + (1 - weight) * label`."""
    old = container.load("m.dnn").tensors
    w, b = old["z.W"].reshape(2, 3).copy(), old["z.b"].reshape(3).copy()
    data = FakeReader(randomize=False).data
    for begin in range(0, len(data), 20):
        x, label = data[begin : begin + 20, :2], data[begin : begin + 20, 2:]
        mixed = weight * (x @ old["z.W"].reshape(2, 3) + old["z.b"].reshape(3))
        mixed = mixed + (1 - weight) * label
        z = x @ w + b
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        w -= 0.5 / 20 * x.T @ (p - mixed)
        b -= 0.5 / 20 * (p - mixed).sum(axis=0)
    return {"z.W": w, "z.b": b}


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_labels_are_mixed_with_the_old_network(run: Go, weight: float):
    run(CONFIG % "")
    found = adapted(run, "; refNodeName = z", KL % weight)
    for name, value in by_hand(weight).items():
        np.testing.assert_allclose(found[name].reshape(value.shape), value, rtol=1e-4, atol=1e-5)


def test_without_a_weight_it_trains_on_from_the_old_model(run: Go):
    run(CONFIG % "")
    plain = adapted(run, "", "adaptationRegType = none")
    for name, value in by_hand(0.0).items():
        np.testing.assert_allclose(plain[name].reshape(value.shape), value, rtol=1e-4, atol=1e-5)


def test_an_adaptation_that_was_stopped_goes_on_from_its_own_model(
    run: Go, monkeypatch: pytest.MonkeyPatch
):
    run(CONFIG % "")
    text = (ADAPT % ("; refNodeName = z", KL % 0.5)).replace("maxEpochs = 1", "maxEpochs = 3")
    run(text)
    wanted = Path("new.dnn").read_bytes()
    for path in Path().glob("new.dnn*"):
        path.unlink()
    step, done = FakeStep.run, [0]

    def dying(self: FakeStep) -> None:
        step(self)
        done[0] += self.mode == "train"
        if done[0] == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FakeStep, "run", dying)
        with pytest.raises(KeyboardInterrupt):
            run(text)
    assert run(text).lines("Starting from checkpoint. Loading network from 'new.dnn.1'.")
    assert Path("new.dnn").read_bytes() == wanted


@pytest.mark.parametrize(
    ("section", "sgd", "code"),
    [
        ("", KL % 0.5, "BS0206"),
        ("; refNodeName = zz", KL % 0.5, "BS0719"),
        ("; refNodeName = ce", KL % 0.5, "BS0742"),
        ("; refNodeName = z", KL % 1.5, "BS0705"),
        ("; refNodeName = z", "adaptationRegType = KLL", "BS0705"),
    ],
)
def test_what_cannot_be_adapted(run: Go, section: str, sgd: str, code: str):
    run(CONFIG % "")
    with pytest.raises(BrainScriptError) as caught:
        run(ADAPT % (section, sgd))
    assert caught.value.diagnostics[0].code == code


def test_training_from_scratch_has_no_old_network(run: Go):
    with pytest.raises(BrainScriptError, match="for the action adapt only"):
        run(CONFIG % f"; {KL % 0.5}")


def test_the_label_of_a_brainscript_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its inputs all count as features; labels that are what it says leave it as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("d.ctf").write_text("|x 1 2 |y 1 0\n|x 3 1 |y 0 1\n")
    Path("f.cntk").write_text("""
        command = t:a
        minibatchSize = 2 ; maxEpochs = 1 ; learningRatesPerMB = 0.5
        reader = [ file = "d.ctf" ; input = [
            x = [ dim = 2 ; format = "dense" ] ; y = [ dim = 2 ; format = "dense" ] ] ]
        t = {
            action = "train" ; modelPath = "m.dnn" ; SGD = { }
            BrainScriptNetworkBuilder = {
                x = Input {2} ; y = Input {2}
                z = LinearLayer {2} (x) ; p = Softmax (z)
                ce = CrossEntropyWithSoftmax (y, z)
                featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (p)
            }
        }
        a = { action = "adapt" ; modelPath = "a.dnn" ; origModelFileName = "m.dnn" ; refNodeName = p
            SGD = { adaptationRegType = "KL" ; adaptationRegWeight = 1 } }
    """)
    bs.train("f.cntk")
    old, new = (bs.load(name).parameters["z.W"] for name in ("m.dnn", "a.dnn"))
    np.testing.assert_allclose(new, old, rtol=1e-6)
    assert np.abs(old - bs.load("m.dnn.0").parameters["z.W"]).max() > 0.01
