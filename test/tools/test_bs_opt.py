"""`bs-opt` as a command: exit codes, files it leaves alone, diagnostics, crash reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.passes import registry
from brainscript.runtime.model import container
from brainscript.tools import bs_opt
from test.tools.commands import processor_time

ROOT = Path(__file__).resolve().parents[2]
HERE = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
EMPTY = "builtin.module {\n}\n"


@dataclass(frozen=True)
class Breaking(ModulePass):
    """A pass with a fault, to see what a user is told."""

    name = "test-breaking"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise ValueError("a fault inside")


def command(*words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "brainscript.tools.bs_opt", *words]
    return subprocess.run(line, input=text, capture_output=True, text=True, env=HERE)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "empty.mlir"
    path.write_text(EMPTY)
    return path


def test_help_is_quick_and_needs_no_compiler() -> None:
    times: list[float] = []
    for _ in range(3):
        start = processor_time()
        done = command("--help")
        times.append(processor_time() - start)
        assert done.returncode == 0
    assert min(times) < 0.4
    check = "import sys, brainscript, brainscript.tools.bs_opt, brainscript.tools.bs_jit;"
    check += "sys.exit(any(m in sys.modules for m in ('xdsl', 'llvmlite', 'numpy')))"
    done = subprocess.run([sys.executable, "-c", check], env=HERE)
    assert done.returncode == 0


def test_reads_standard_input_and_prints(module: Path) -> None:
    assert command("-", text=EMPTY).stdout == EMPTY
    assert command(str(module)).stdout == EMPTY


def test_what_was_printed_is_read_under_any_name(tmp_path: Path) -> None:
    source = "x = Input {3}\ny = Tanh (x)\noutputNodes = (y)\n"
    for level in ("bs", "net", "sched", "brainscript"):
        printed = command("-", "--language", "bs", "--emit", level, text=source).stdout
        (tmp_path / "printed.bs").write_text(printed)
        for done in (command("-", text=printed), command(str(tmp_path / "printed.bs"))):
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "code", "title"),
    [
        (["missing.mlir"], 3, "error[BS0904]: cannot read 'missing.mlir': no such file"),
        (["empty.mlir", "-p", "bs-inlien"], 2, "did you mean 'bs-inline'?"),
        (["empty.mlir", "-p", "bs-inline{"], 2, "error[BS0902]: bad pipeline"),
        (["model.xyz"], 2, "error[BS0905]: cannot tell the language of 'model.xyz'"),
        (["model.ll"], 2, "LLVM IR and assembly are the last levels: nothing reads them back"),
        (["--explain", "BS0900"], 2, "error[BS0914]: unknown code 'BS0900'"),
        (["empty.mlir", "--limit", "cals=3"], 2, "did you mean 'calls'?"),
        (["broken.mlir"], 1, "error[BS0903]: cannot parse this IR"),
        (["parameters.mlir"], 1, "error[BS0903]: cannot parse this IR"),
        (["label.mlir"], 1, "error[BS0903]: cannot parse this IR"),
        (["tile.mlir"], 1, "a tile has at least one row and one column"),
        (["old.ndl"], 1, "error[BS0352]: there is no function or macro 'Tahn'"),
    ],
)
def test_mistakes_are_diagnostics(
    words: list[str],
    code: int,
    title: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.mlir").write_text(EMPTY)
    (tmp_path / "model.xyz").write_text("0101")
    (tmp_path / "model.ll").write_text("\ndeclare i64 @llvm.smin.i64(i64, i64)\n")
    (tmp_path / "broken.mlir").write_text("builtin.module { %0 = }")
    (tmp_path / "parameters.mlir").write_text('%0 = "bs.nil"() : () -> !bs.value<[2]>')
    (tmp_path / "label.mlir").write_text('"test.op"() ({^2(%0 : index):}) : () -> ()')
    (tmp_path / "tile.mlir").write_text("%0 = kern.tile_zero : !kern.tile<0, 1, vector<16xf32>>")
    (tmp_path / "old.ndl").write_text("x = Tahn(y)")
    assert bs_opt.main([*words, "--color", "never"]) == code
    streams = capfd.readouterr()
    assert title in streams.err
    assert "Traceback" not in streams.err
    assert streams.out == ""


def test_output_is_replaced_only_on_success(module: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mlir"
    output.write_text("old")
    assert bs_opt.main([str(tmp_path / "missing.mlir"), "-o", str(output)]) == 3
    assert output.read_text() == "old"
    assert bs_opt.main([str(module), "-o", str(output)]) == 0
    assert output.read_text() == EMPTY


def test_full_disk_and_closed_pipe(module: Path) -> None:
    done = command(str(module), "-o", "/dev/full")
    assert (done.returncode, "No space left" in done.stderr) == (1, True)
    line = f"{sys.executable} -m brainscript.tools.bs_opt {module} > /dev/full"
    done = subprocess.run(
        line,
        shell=True,
        capture_output=True,
        text=True,
        env=HERE,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_diagnostics_as_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bs_opt.main([str(tmp_path / "none.mlir"), "--format", "json"]) == 3
    remark = json.loads(capfd.readouterr().err)
    assert (remark["schema"], remark["code"], remark["severity"]) == (1, "BS0904", "error")


def test_announced_diagnostics_must_come_true(tmp_path: Path) -> None:
    path = tmp_path / "bad.mlir"
    broken = "// expected-error@+1 {{cannot parse}}\nbuiltin.module { %0 = }\n"
    path.write_text(broken)
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 0
    path.write_text(broken.replace("cannot parse", "something else"))
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 1
    path.write_text("\n// expected-error@above {{cannot parse}}\nbuiltin.module { %0 = }\n")
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 1
    path.write_text("// expected-error {{never}}\n" + EMPTY)
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 1
    path.write_text(f"{EMPTY}// -----\n{broken}")
    assert bs_opt.main([str(path), "--verify-diagnostics", "--split-input-file"]) == 0


def test_all_parts_are_looked_at(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.bs"
    path.write_text("a = ^\n// -----\nb = 1\n// -----\n// expected-remark@unknown {{never}}\n")
    assert bs_opt.main([str(path), "--verify-diagnostics", "--split-input-file"]) == 1
    shown = capfd.readouterr().err
    assert "1 | a = ^" in shown
    lines = [line for line in shown.splitlines() if "BS0908" in line]
    assert lines == [
        "error[BS0908]: error was not announced",
        "error[BS0908]: expected remark was not raised",
    ]


def test_overrides_behind_options_and_folders_that_are_made(tmp_path: Path) -> None:
    config, made = tmp_path / "a.cntk", tmp_path / "new" / "folder" / "a.mlir"
    config.write_text("n = 2\ntrain = [ BrainScriptNetworkBuilder = { x = Input {$n$} } ]\n")
    assert bs_opt.main([str(config), "--emit", "net", "n=3", "-o", str(made)]) == 0
    assert "<[3], f32" in made.read_text()


def test_a_text_of_comments_is_empty(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "comments.mlir"
    path.write_text("// a comment\n  // another one\n")
    assert bs_opt.main([str(path)]) == 1
    assert "the text is empty" in capfd.readouterr().err


def test_a_remark_is_announced(tmp_path: Path) -> None:
    path = tmp_path / "a.cntk"
    builder = "train = [ BrainScriptNetworkBuilder = { x = Input {2} } ]\n"
    path.write_text("deviceId = 1 # expected-remark {{GPU 1 is not used}}\n" + builder)
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 0
    path.write_text("deviceId = 1 # expected-warning {{GPU 1 is not used}}\n" + builder)
    assert bs_opt.main([str(path), "--verify-diagnostics"]) == 1


def test_a_fault_inside_leaves_a_reproducer(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaking(_: str) -> type[Breaking]:
        return Breaking

    monkeypatch.setattr(registry, "load_pass", breaking)
    monkeypatch.setattr("brainscript.tools.passes.load_pass", breaking)
    monkeypatch.setitem(registry.PASSES, "test-breaking", "")
    monkeypatch.setenv("BS_CRASH_DIR", str(tmp_path))
    monkeypatch.delenv("BS_CRASH", raising=False)
    assert bs_opt.main([str(module), "-p", "test-breaking"]) == 70
    page = capfd.readouterr().err
    assert "internal error" in page
    assert "Traceback" not in page
    (folder,) = tmp_path.glob("bs-crash-*")
    assert "a fault inside" in (folder / "traceback.txt").read_text()
    assert EMPTY in (folder / "reproducer.mlir").read_text()
    again = [str(folder / "reproducer.mlir"), "--run-reproducer"]
    monkeypatch.setenv("BS_CRASH", "0")
    assert bs_opt.main(again) == 70


def test_a_model_file_prints_its_network(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    parameter = 'net.parameter @W : !net.t<[2], f32> {init = "constant", value = 0.0}'
    network = f"builtin.module {{\n{parameter}\n}}\n"
    container.save(tmp_path / "a.model", {"W": np.zeros(2, np.float32)}, {"bs.net": network})
    assert bs_opt.main([str(tmp_path / "a.model"), "--emit", "net"]) == 0
    assert "net.parameter @W" in capfd.readouterr().out
    (tmp_path / "old.dnn").write_bytes("BCN".encode("utf-16-le") + bytes(64))
    assert bs_opt.main([str(tmp_path / "old.dnn")]) == 1
    assert "BS0503" in capfd.readouterr().err
