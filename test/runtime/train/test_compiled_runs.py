"""Compiled networks in processes of their own: restart, interruption, same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
CONFIG = """
command = t
modelPath = "m.dnn"
t = {
    action = "train"
    BrainScriptNetworkBuilder = {
        x = Input {4} ; y = Input {3}
        h = Dropout (Tanh (BatchNormalizationLayer {} (LinearLayer {8} (x))))
        z = LinearLayer {3} (h)
        ce = CrossEntropyWithSoftmax (y, z)
        featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (ce) ; outputNodes = (z)
    }
    reader = {
        readerType = "CNTKTextFormatReader" ; file = "data.ctf"
        input = { x = { dim = 4 ; format = "dense" } ; y = { dim = 3 ; format = "dense" } }
    }
    SGD = {
        minibatchSize = 16 ; learningRatesPerMB = 0.3:0.2*3:0.1
        L2RegWeight = 0.001 ; dropoutRate = 0.2:0:0.1
    }
}
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def write_case(folder: Path, samples: int) -> None:
    generator = np.random.default_rng(5)
    kinds = generator.integers(0, 3, samples)
    points = generator.normal(size=(samples, 4)) + kinds[:, None]
    rows = zip(points, np.eye(3, dtype=int)[kinds], strict=True)
    text = [f"|x {' '.join(map(str, p))} |y {' '.join(map(str, k))}\n" for p, k in rows]
    (folder / "data.ctf").write_text("".join(text))
    (folder / "f.cntk").write_text(CONFIG)


def start(folder: Path, cache: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "brainscript.tools.bs_jit", "--cache-dir", str(cache)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "configFile=f.cntk", *arguments],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    log = process.communicate(timeout=100)[1]
    assert process.returncode == code, log
    return log


def stopped(number: int, folder: Path, cache: Path, *arguments: str) -> subprocess.Popen[str]:
    """A run that gets a signal after an epoch; a busy machine may let it end before, then again."""
    while True:
        process = start(folder, cache, *arguments)
        while not (folder / "m.dnn.1").exists() and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(number)
        if process.wait(100):
            return process
        for path in folder.glob("m.dnn*"):
            path.unlink()


def test_three_epochs_and_three_more_equal_six(tmp_path: Path, cache: Path):
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
        write_case(tmp_path / name, 300)
    finish(start(tmp_path / "whole", cache, "t=[SGD=[maxEpochs=6]]"))
    parts = tmp_path / "parts"
    finish(start(parts, cache, "t=[SGD=[maxEpochs=3]]"))
    for name in ("m.dnn", "m.dnn.ckp"):
        (parts / name).rename(parts / name.replace("m.dnn", "m.dnn.3"))
    log = finish(start(parts, cache, "t=[SGD=[maxEpochs=6]]", "numCPUThreads=1"))
    assert "Starting from checkpoint. Loading network from 'm.dnn.3'." in log
    assert (parts / "m.dnn").read_bytes() == (tmp_path / "whole/m.dnn").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_some_moment_and_the_same_command_again(
    tmp_path: Path, cache: Path, number: signal.Signals
):
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
        write_case(tmp_path / name, 20000)
    arguments = "t=[SGD=[maxEpochs=8]]"
    finish(start(tmp_path / "whole", cache, arguments))
    parts = tmp_path / "parts"
    process = stopped(number, parts, cache, arguments)
    finish(process, -9 if number == signal.SIGKILL else 128 + number)
    finish(start(parts, cache, arguments))
    assert (parts / "m.dnn").read_bytes() == (tmp_path / "whole/m.dnn").read_bytes()
