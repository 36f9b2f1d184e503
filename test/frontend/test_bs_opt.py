"""The front end as `bs-opt` shows it: warnings on stderr beside the tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def test_one_bracket_too_many_is_shown_and_forgiven(tmp_path: Path) -> None:
    text = "train = [\n BrainScriptNetworkBuilder = { a = 1 }\n]\n]\n"
    (tmp_path / "f.cntk").write_text(text)
    command = [sys.executable, "-m", "brainscript.tools.bs_opt", "f.cntk", "--emit", "ast"]
    result = subprocess.run(command, cwd=tmp_path, env=HERE, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith(" new ComputationNetwork\n []\n  a =\n   1\n")
    assert "warning[BS0204]: one closing ']' too many\n --> f.cntk:4:1" in result.stderr


def test_overrides_are_the_variables_of_a_script(tmp_path: Path) -> None:
    (tmp_path / "m.ndl").write_text("L(a) = Exp(a)\n")
    (tmp_path / "f.ndl").write_text("x = Input($n$)\nh = L(x)\n")
    words = ["f.ndl", "n=3", "ndlMacros=m.ndl", "--emit", "ast"]
    command = [sys.executable, "-m", "brainscript.tools.bs_opt", *words]
    result = subprocess.run(command, cwd=tmp_path, env=HERE, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert "'Exp'" in result.stdout
