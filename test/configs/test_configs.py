"""Configs as users of CNTK have them: each builds, and has as many parameters as counted by hand.

The line `# parameters: ...` of a config ends with the number; it counts what is learned.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from math import isfinite, prod
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from brainscript.dialects.net.base import plain
from brainscript.dialects.net.parameters import ParameterOp
from brainscript.frontend.source import Sources
from brainscript.tools import bs_jit, frontdoor
from brainscript.tools.crash import CrashRecord
from brainscript.tools.evaluate import evaluated_module

FOLDER = Path(__file__).parent
CONFIGS = sorted(FOLDER.glob("*/*.cntk"))
COUNTED = re.compile(r"^# parameters:.*(?:\n#  .*)*?= (\d+)$", re.MULTILINE)


EXPECTED = {"BS0728", "BS0204", "BS0607"}
"""One process trains whatever is parallel; a file of a Windows user has brackets too many; a mean
image is not there before a tool has made it."""


def _picture(draw: random.Random, number: int) -> str:
    values = " ".join(f"{draw.random():.2f}" for _ in range(784))
    label = " ".join("1" if k == number % 10 else "0" for k in range(10))
    return f"|features {values} |labels {label}\n"


def _vector(draw: random.Random, number: int) -> str:
    values = " ".join(f"{draw.random():.2f}" for _ in range(10))
    label = " ".join("1" if k == number % 3 else "0" for k in range(3))
    return f"|features {values} |labels {label}\n"


def _sentence(draw: random.Random, number: int) -> str:
    label = " ".join("1" if k == number % 5 else "0" for k in range(5))
    words = [f"{number} |x {draw.randrange(2000)}:1" for _ in range(draw.randint(2, 6))]
    return "\n".join([words[0] + f" |y {label}", *words[1:]]) + "\n"


TRAINED: dict[str, tuple[Callable[[random.Random, int], str], int]] = {
    "autoencoder": (_picture, 64),
    "mnist_simple": (_picture, 64),
    "mnist_lenet": (_picture, 64),
    "odd_text": (_vector, 60),
    "sequence_classifier": (_sentence, 40),
    "transfer": (_picture, 64),
}
"""The configs that are small enough to train: how a sample of their data is made, and how many."""


def counted(config: Path) -> int:
    """The number that the comment of a config ends with."""
    found = COUNTED.search(config.read_text("utf-8-sig").replace("\r\n", "\n"))
    assert found is not None, f"{config.name} does not say how many parameters it has"
    return int(found.group(1))


def learned(module: ModuleOp) -> int:
    """How many numbers training changes."""
    parameters = [op for op in module.ops if isinstance(op, ParameterOp)]
    return sum(prod(op.type.shape or ()) for op in parameters if _is_learned(op))


def _is_learned(op: ParameterOp) -> bool:
    rate = op.properties.get("learning_rate_multiplier")
    return rate is None or plain(rate) != 0


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.parent.name)
def test_it_has_the_parameters_counted_by_hand(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    expression, precision = frontdoor.network_of_config(config.name, [], None, Sources())
    module = evaluated_module(expression, precision, 0, False, CrashRecord("test", []))
    assert learned(module) == counted(config)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.parent.name)
def test_a_dry_run_is_content(
    config: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(config.parent.rglob("*"))
    monkeypatch.chdir(config.parent)
    assert bs_jit.main([config.name, "--dry-run", "--no-cache"]) == 0
    said = capfd.readouterr().err
    assert "COMPLETED." in said
    assert set(re.findall(r"(?:warning|error)\[(BS\d+)\]", said)) <= EXPECTED
    assert sorted(config.parent.rglob("*")) == before


@pytest.mark.parametrize("name", TRAINED)
def test_it_trains(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An epoch on data made here: the loss of the log is a number."""
    shutil.copytree(FOLDER / name, tmp_path, dirs_exist_ok=True)
    line, count = TRAINED[name]
    draw = random.Random(1)
    text = "".join(line(draw, number) for number in range(count))
    for place in ("train.ctf", "Train.ctf", "data/train.ctf"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text)
    monkeypatch.chdir(tmp_path)
    (config,) = tmp_path.glob("*.cntk")
    words = [config.name, "--no-cache", "train=[SGD=[maxEpochs=1]]"]
    assert bs_jit.main(words) == 0
    said = capfd.readouterr().err
    losses = re.findall(r"Finished Epoch.*?= ([-\d.e+]+)%? \* \d+;", said)
    assert losses
    assert all(isfinite(float(loss)) for loss in losses)
