"""The minute that must always pass: one network from text to a trained model and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brainscript.tools import bs_jit, bs_opt

CONFIG = """\
command = train:test
modelPath = "{folder}/tiny.model"
makeMode = false
train = {{
    action = "train"
    BrainScriptNetworkBuilder = {{
        features = Input {{2}} ; labels = Input {{2}}
        model = Sequential (DenseLayer {{8, activation=Tanh}} : LinearLayer {{2}})
        z = model (features)
        ce = CrossEntropyWithSoftmax (labels, z)
        errs = ClassificationError (labels, z)
        criterionNodes = (ce) ; evaluationNodes = (errs) ; outputNodes = (z)
    }}
    SGD = {{ minibatchSize = 8 ; learningRatesPerMB = 2 ; momentumPerMB = 0.5 ; maxEpochs = 60 }}
    reader = {{ {reader} }}
}}
test = {{ action = "test" ; reader = {{ {reader} }} }}
"""
READER = """readerType = "CNTKTextFormatReader" ; file = "{folder}/xor.ctf"
    input = {{
        features = {{ dim = 2 ; format = "dense" }}
        labels   = {{ dim = 2 ; format = "dense" }}
    }}"""


def write_config(folder: Path) -> Path:
    """A config that learns exclusive or, and its data."""
    rows = [
        f"|features {a} {b} |labels {int(a == b)} {int(a != b)}" for a in (0, 1) for b in (0, 1)
    ]
    (folder / "xor.ctf").write_text("\n".join(rows * 8) + "\n")
    path = folder / "tiny.cntk"
    path.write_text(CONFIG.format(folder=folder, reader=READER.format(folder=folder)))
    return path


def test_a_network_learns_exclusive_or(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bs_jit.main([str(write_config(tmp_path))]) == 0
    log = capfd.readouterr().err
    found = re.search(r"Final Results: .*errs = ([\d.]+)% \* 32", log)
    assert found, log
    assert float(found[1]) == 0


@pytest.mark.parametrize(
    ("level", "word"),
    [
        ("ast", "DenseLayer"),
        ("bs", "bs.lambda"),
        ("net", "net.times"),
        ("gradient", "net.times_gradient_left"),
        ("sched", "sched.call"),
        ("kern", "kern.func"),
        ("llvm", "define"),
        ("asm", "mm0"),
    ],
)
def test_every_level_can_be_printed(
    level: str, word: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bs_opt.main([str(write_config(tmp_path)), "--emit", level]) == 0
    assert word in capfd.readouterr().out
