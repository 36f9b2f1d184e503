"""`bs-jit` as a command: its words, its exit codes, what it leaves of a fault, its caches."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from brainscript.passes.registry import load_pass
from brainscript.tools import bs_jit, bs_opt
from test.tools.commands import (
    ROOT,
    environment,
    leftovers,
    processor_time,
    run,
    words_of,
    write_case,
)

UNSELECTABLE = """\
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define i32 @bs_step() {
  %r = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  ret i32 %r
}
"""
"""What LLVM ends its process on when it compiles for a CPU."""


@dataclass(frozen=True)
class Breaking(ModulePass):
    """A pass with a fault, in the place of one that works."""

    name = "net-gradient"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise ValueError("a fault inside")


@dataclass(frozen=True)
class BreakingLater(Breaking):
    """The same fault after the step has been made."""

    name = "net-fuse"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that all tests of this file may fill."""
    return tmp_path_factory.mktemp("cache")


def test_help_and_version(tmp_path: Path) -> None:
    times: list[float] = []
    for _ in range(3):
        start = processor_time()
        done = run(tmp_path, "bs-jit", "--help", variables=environment(tmp_path))
        times.append(processor_time() - start)
        assert done.returncode == 0
        assert "configFile=a.cntk+b.cntk" in done.stdout
    assert min(times) < 0.4
    done = run(tmp_path, "bs-jit", "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "bs-jit")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "usage: bs-jit"),
        (["none.cntk"], 3, "error[BS0101]: cannot read 'none.cntk'"),
        (["configFile=none.cntk"], 3, "error[BS0101]: cannot read 'none.cntk'"),
        (["tiny.cntk", "--dry-rnu"], 2, "unknown option '--dry-rnu'"),
        (["tiny.cntk", "--target", "mmx"], 2, "invalid choice: 'mmx'"),
        (["tiny.cntk", "--limit", "cals=1"], 2, "did you mean 'calls'?"),
        (["tiny.cntk", "--limit", "calls=\u00b2"], 2, "cannot set the limit 'calls=\u00b2'"),
        (["command=train"], 2, "error[BS0913]: no config given"),
        ([f"a={'x' * 5000}", "configFile=none.cntk"], 3, "error[BS0101]: cannot read 'none.cntk'"),
        (["export", "tiny.cntk"], 2, "the following arguments are required: -o"),
        (["."], 1, "error[BS0101]: cannot read '.': Is a directory"),
    ],
)
def test_wrong_command_lines(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    write_case(tmp_path)
    done = run(tmp_path, "bs-jit", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_files_and_overrides(tmp_path: Path, cache: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "more.cntk").write_text("train = [ SGD = [ minibatchSize = 8 ] ]\n")
    (tmp_path / "export").write_text((tmp_path / "tiny.cntk").read_text())
    place = f"--cache-dir={cache}"

    def finished(*words: str) -> int:
        done = run(tmp_path, "bs-jit", *words, place)
        assert done.returncode == 0, done.stderr
        return done.stderr.count("Finished Epoch")

    assert finished("tiny.cntk", "modelPath=a") == 3
    assert finished("configFile=tiny.cntk", "train=[SGD=[maxEpochs=2]]", "modelPath=b") == 2
    assert finished("configFile=tiny.cntk+more.cntk", "modelPath=c") == 3
    assert finished("./export", "modelPath=d") == 3
    models = {name: (tmp_path / name).read_bytes() for name in "abcd"}
    assert models["a"] == models["d"]
    assert len(set(models.values())) == 3
    assert finished("modelPath=e", "configFile=tiny.cntk") == 3
    assert not (tmp_path / "e").exists(), "what stands before configFile= is overridden by it"


def test_dry_run_needs_no_data(tmp_path: Path, cache: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "train.ctf").unlink()
    place = f"--cache-dir={cache}"
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", place)
    assert (done.returncode, "COMPLETED" in done.stderr) == (0, True)
    assert not (tmp_path / "out").exists()
    write_case(tmp_path, ("x = { dim = 2", "x = { dim = 3"))
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--dry-run", place)
    assert (done.returncode, "error[BS0605]" in done.stderr) == (1, True)


def test_dry_run_of_commands_that_build_on_each_other(tmp_path: Path, cache: Path) -> None:
    shutil.copy(ROOT / "examples" / "digits" / "digits.cntk", tmp_path)
    done = run(tmp_path, "bs-jit", "digits.cntk", "--dry-run", f"--cache-dir={cache}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("COMPLETED.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["digits.cntk"]
    done = run(tmp_path, "bs-jit", "digits.cntk", "--dry-run", "command=test")
    assert (done.returncode, "BS0501" in done.stderr) == (3, True)


def test_diagnostics_as_json(tmp_path: Path) -> None:
    write_case(tmp_path, ("Tanh", "Tahn"), ("readerType", "raederType"))
    done = run(tmp_path, "bs-jit", "tiny.cntk", "--format", "json")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("{")]
    remark = json.loads(line)
    assert (remark["schema"], remark["code"], remark["severity"]) == (1, "BS0301", "error")
    assert remark["span"]["line"] == 11
    assert "Tanh" in remark["help"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_is_closed_early(stream: str, tmp_path: Path, cache: Path) -> None:
    write_case(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        words_of("bs-jit", "tiny.cntk", f"--cache-dir={cache}"),
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=writer if stream == "stdout" else subprocess.PIPE,
        stderr=writer if stream == "stderr" else subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert done.returncode in (0, 141)
    assert "Traceback" not in (done.stderr or "")
    assert not (tmp_path / "crash").exists()


@pytest.mark.parametrize("broken", [Breaking, BreakingLater])
def test_a_fault_in_a_pass_can_be_run_again(
    broken: type[Breaking],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def load(name: str) -> type[ModulePass]:
        return broken if name == broken.name else load_pass(name)

    def make(*_: object) -> Breaking:
        return Breaking()

    write_case(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BS_CRASH_DIR", str(tmp_path / "crash"))
    monkeypatch.delenv("BS_CRASH", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("brainscript.tools.passes.load_pass", load)
        if broken is Breaking:
            patch.setattr("brainscript.tools.steps.NetGradient", make)
        assert bs_jit.main(["tiny.cntk", "--no-cache"]) == 70
        (folder,) = (tmp_path / "crash").iterdir()
        page = capfd.readouterr().err
        reproducer = folder / "reproducer.mlir"
        assert f"bs-opt --run-reproducer {reproducer}" in page
        assert "Traceback" not in page
        assert "a fault inside" in (folder / "traceback.txt").read_text()
        (source,) = folder.glob("source-*-tiny.cntk")
        assert "ParameterTensor" in source.read_text()
        assert json.loads((folder / "facts.json").read_text())["arguments"][0] == "tiny.cntk"
        monkeypatch.setenv("BS_CRASH", "0")
        assert bs_opt.main(["--run-reproducer", str(reproducer)]) == 70
    assert bs_opt.main(["--run-reproducer", str(reproducer)]) == 0
    assert "module" in capfd.readouterr().out


def test_a_kernel_that_ends_llvm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def emit(*_: object) -> str:
        return UNSELECTABLE

    def accept(_: str) -> None:
        pass

    write_case(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BS_CRASH_DIR", str(tmp_path / "crash"))
    monkeypatch.delenv("BS_CRASH", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("brainscript.tools.compile_step.emit_step", emit)
        patch.setattr("brainscript.codegen.compile.check_intrinsics", accept)
        assert bs_jit.main(["tiny.cntk", "--no-cache"]) == 70
    said = capfd.readouterr().err
    assert "error[BS0803]: LLVM could not compile a kernel" in said
    assert "Cannot select" in said
    (kept,) = (tmp_path / "crash").glob("bs-crash-*/*.ll")
    assert kept.read_text() == UNSELECTABLE
    assert str(kept) in said
    assert bs_jit.main(["tiny.cntk", "--no-cache"]) == 0


def test_damaged_cache_entries(tmp_path: Path) -> None:
    write_case(tmp_path)
    cache = tmp_path / "kept"
    words = ("tiny.cntk", "train=[makeMode=false]", f"--cache-dir={cache}")
    assert run(tmp_path, "bs-jit", *words).returncode == 0
    model = (tmp_path / "out" / "m.model").read_bytes()
    for pattern in ("*.program", "*.o"):
        for path in cache.glob("*.program" if pattern == "*.o" else "*.none"):
            path.unlink()
        entries = sorted(cache.glob(pattern))
        assert entries
        for index, path in enumerate(entries):
            data = path.read_bytes()
            path.write_bytes(data[: len(data) // 2] if index % 2 else data[:-9] + b"123456789")
        done = run(tmp_path, "bs-jit", *words)
        assert (done.returncode, done.stderr.count("warning[BS0814]")) == (0, len(entries))
        assert (tmp_path / "out" / "m.model").read_bytes() == model
        again = run(tmp_path, "bs-jit", *words)
        assert "warning" not in again.stderr
    assert not leftovers(tmp_path)


def test_caches_that_cannot_be_used(tmp_path: Path) -> None:
    write_case(tmp_path)
    (tmp_path / "file").write_text("")
    without = environment(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME"):
        without.pop(name, None)
    unusable = environment(tmp_path, HOME=str(tmp_path / "file"))
    unusable.pop("XDG_CACHE_HOME")
    for number, variables in enumerate((unusable, environment(tmp_path, XDG_CACHE_HOME="/proc/1"))):
        done = run(tmp_path, "bs-jit", "tiny.cntk", f"modelPath=m{number}", variables=variables)
        assert done.returncode == 0, done.stderr
    check = "from brainscript.codegen.cache import default_folder; print(default_folder())"
    done = subprocess.run([sys.executable, "-c", check], env=without, capture_output=True)
    assert done.returncode == 0
    done = run(tmp_path, "bs-jit", "tiny.cntk", "modelPath=n", "--cache-dir=file")
    assert done.returncode == 0
    assert "warning[BS0815]" in done.stderr


def test_a_config_that_changed_since_the_checkpoint_is_told(tmp_path: Path, cache: Path) -> None:
    config = tmp_path / "tiny.cntk"
    write_case(tmp_path)
    words = ("bs-jit", "tiny.cntk", f"--cache-dir={cache}")
    assert run(tmp_path, *words, "train=[SGD=[maxEpochs=1]]").returncode == 0
    text = config.read_text()
    config.write_text(text.replace("# ", "# the same: ").replace("h = Tanh", "h  =  Tanh"))
    shutil.move(tmp_path / "out/m.model", tmp_path / "out/m.model.1")
    done = run(tmp_path, *words, "train=[SGD=[maxEpochs=2]]")
    assert (done.returncode, "BS0736" in done.stderr) == (0, False)
    config.write_text(
        text.replace("(3:2)", "(4:2)").replace("(1:3)", "(1:4)").replace("Tanh", "Exp")
    )
    shutil.move(tmp_path / "out/m.model", tmp_path / "out/m.model.2")
    done = run(tmp_path, *words, "train=[SGD=[maxEpochs=3]]")
    assert done.returncode == 0
    assert "warning[BS0736]: BrainScriptNetworkBuilder is not the network of" in done.stderr
    assert "Starting from checkpoint. Loading network from 'out/m.model.2'" in done.stderr
    for difference in ("'W' is [4 x 2], in the model [3 x 2]", "'h' is Exp, in the"):
        assert difference in done.stderr
