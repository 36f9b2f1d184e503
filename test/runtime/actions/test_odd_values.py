"""Values of actions that make no sense are refused: no hang, no other exception."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brainscript.diagnostic import BrainScriptError
from brainscript.runtime.actions import svd
from brainscript.runtime.actions.session import compiled_pattern
from brainscript.runtime.network import ParameterSpec
from brainscript.runtime.train.saving.files import ModelFiles
from test.runtime.conftest import CONFIG, Run

Go = Callable[..., Run]
KEYS = ("epochSize = -1", "minibatchSize = 0", "minibatchSize = 4:-7")
READER = "reader = { a = 1 }"


def refused(run: Go, text: str) -> str:
    """What is said of a second command behind training."""
    config = (CONFIG % "").replace("command = t", "command = t:x") + f"x = {{ {text} }}\n"
    with pytest.raises(BrainScriptError) as caught:
        run(config)
    first = caught.value.diagnostics[0]
    return f"{first.code} {first.title}"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("action", ["test", 'write" ; outputPath = "o'])
def test_amounts(run: Go, action: str, key: str):
    """An endless pass over the data, or minibatches of nothing."""
    found = refused(run, f'action = "{action}" ; {key} ; {READER}')
    assert found.startswith("BS0207")
    assert key.split()[0] in found


@pytest.mark.parametrize("command", ["dot '<IN>", "sh -c 'printf \\377 >&2; false'"])
def test_commands_of_plots(run: Go, command: str):
    """A quote that is never closed; a complaint that is no UTF-8."""
    found = refused(run, f'action = "plot" ; renderCmd = "{command}" ; outputFile = "a.png"')
    assert found.startswith("BS0721 renderCmd failed: ")


def test_patterns(run: Go):
    """Those that Python's own errors differ on."""
    for pattern in ("(", "a{99999999999999999999}"):
        with pytest.raises(ValueError, match=r"unterminated|repetition"):
            compiled_pattern(pattern)
        found = refused(run, f'action = "dumpNode" ; nodeNameRegex = "{pattern}"')
        assert found.startswith("BS0721") or pattern == "("
    Path("odd").write_bytes(b"\xff\xfe( 0.5\n")
    found = refused(run, 'action = "SVD" ; outputmodelPath = "s" ; SVDConfig = "odd"')
    assert found.startswith("BS0385")


def test_models_of_a_run_without_end(tmp_path: Path):
    """The files that are there are found, however many there might be."""
    files = ModelFiles(tmp_path / "m", 10**15)
    for name in ("m.0", "m.7", "m.70", "m.07", "m.x", "m.7.ckp", "n.9"):
        (tmp_path / name).touch()
    assert files.found() == [70, 7, 0]
    (tmp_path / "m").touch()
    assert files.found() == [10**15, 70, 7, 0]
    assert ModelFiles(tmp_path / "m", 7).found() == [7, 0]
    assert ModelFiles(tmp_path / "none" / "m", 7).found() == []


def test_matrices_with_infinities():
    """Such a matrix has no singular values."""
    spec = ParameterSpec("W", (2, 2), "f32")
    values = {"W": np.array([[1, np.inf], [0, 1]], np.float32)}
    with pytest.raises(BrainScriptError, match="'W' has elements that are not finite"):
        svd._factors([spec], values, [(compiled_pattern(""), 0.5)], 8)  # pyright: ignore[reportPrivateUsage]
