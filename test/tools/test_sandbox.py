"""`bs-jit --sandbox DIR`: what a config from a stranger may read and write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
command = train
modelPath = "m.model"
train = [
    action = "train"
    SimpleNetworkBuilder = [ layerSizes = 2:2 ; evalCriterion = ErrorPrediction ]
    SGD = [ epochSize = 0 ; minibatchSize = 2 ; maxEpochs = 1 ; learningRatesPerMB = 0.1 ]
    reader = [
        readerType = "CNTKTextFormatReader" ; file = "data.ctf"
        input = [ features = [ dim = 2 ; format = "dense" ] ; labels = [ dim = 2 ; format = "dense" ] ]
    ]
]
"""  # noqa: E501  # a config as people write it
DATA = "|features 1 2 |labels 0 1\n|features 3 4 |labels 1 0\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "COMPLETED."),
        (("modelPath=../out/m.model",), "error[BS0917]: '../out"),
        (("train=[reader=[file=../data.ctf]]",), "error[BS0917]: '../data.ctf' may not be read"),
        (("modelPath=link/m.model",), "error[BS0917]: 'link"),
    ],
)
def test_one_folder(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "out").mkdir()
    (inside / "link").symlink_to(tmp_path / "out")
    (inside / "f.cntk").write_text(CONFIG)
    for folder in (tmp_path, inside):
        (folder / "data.ctf").write_text(DATA)
    command = [sys.executable, "-m", "brainscript.tools.bs_jit", "--sandbox", ".", "--color=never"]
    done = subprocess.run(
        [*command, "configFile=f.cntk", *words],
        cwd=inside,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert said in done.stderr, done.stderr
    assert done.returncode == (1 if "error" in said else 0)
    assert list((tmp_path / "out").iterdir()) == []
