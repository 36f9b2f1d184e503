"""Signals, kills, full disks: what is saved stays whole, and a later run goes on bit for bit."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from test.tools.commands import SAMPLES, environment, leftovers, run, words_of, write_case

LONG = (
    ("epochSize = 0", "epochSize = 300000 ; numMBsToShowResult = 10000"),
    ("maxEpochs = 3", "maxEpochs = 12"),
)
KILLS = int(os.environ.get("BS_KILLS", "20"))
"""How often a run is killed; the long form of the test sets 200."""


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """`bs-jit` in `folder`, its log to be read while it runs."""
    return subprocess.Popen(
        words_of("bs-jit", *words),
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read the log up to the first line with this text."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"'{text}' is not in the log:\n{seen}")


def stopped(
    folder: Path, number: signal.Signals, moment: str, *words: str, pause: float = 0
) -> str:
    """The log of a run after the signal that ended it; a run that was faster is made anew."""
    while True:
        process = start(folder, "tiny.cntk", *words)
        wait_for(process, moment)
        time.sleep(pause)
        process.send_signal(number)
        assert process.stderr is not None
        log = process.stderr.read()
        if process.wait():
            assert process.returncode == 128 + number
            return log
        shutil.rmtree(folder / "out")


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.glob("m.model*"))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    write_case(folder, *LONG)
    assert run(folder, "bs-jit", "tiny.cntk").returncode == 0
    return files_of(folder / "out")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "Epoch[ 1 of 12]-Minibatch[1"),
        (signal.SIGTERM, "Epoch[ 3 of 12]-Minibatch[1"),
        (signal.SIGTERM, "Finished Epoch[ 1 of 12]"),
    ],
)
def test_a_signal_in_training(
    number: signal.Signals, moment: str, whole: dict[str, bytes], tmp_path: Path
) -> None:
    write_case(tmp_path, *LONG)
    log = stopped(tmp_path, number, moment)
    assert "Traceback" not in log
    assert not leftovers(tmp_path)
    assert not (tmp_path / "out" / "m.model").exists()
    assert run(tmp_path, "bs-jit", "tiny.cntk").returncode == 0
    assert files_of(tmp_path / "out") == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_compiling(number: signal.Signals, tmp_path: Path) -> None:
    write_case(tmp_path)
    pause = random.Random(int(number)).random() * 0.5
    log = stopped(tmp_path, number, "train command", "--no-cache", pause=pause)
    assert "Traceback" not in log
    assert "internal error" not in log
    assert not leftovers(tmp_path)
    assert run(tmp_path, "bs-jit", "tiny.cntk").returncode == 0


@pytest.mark.timeout(100 + 3 * KILLS)
def test_kills_at_any_moment(tmp_path: Path) -> None:
    """Stopped dead many times, the run ends with the parameters of one that was left alone."""
    case = (
        ("epochSize = 0", "epochSize = 40000 ; numMBsToShowResult = 2000"),
        ("maxEpochs = 3", "maxEpochs = 40"),
    )
    write_case(tmp_path, *case)
    assert run(tmp_path, "bs-jit", "tiny.cntk", "modelPath=whole/m.model").returncode == 0
    begun = time.monotonic()
    assert run(tmp_path, "bs-jit", "tiny.cntk", "modelPath=again/m.model").returncode == 0
    span = time.monotonic() - begun
    whole = files_of(tmp_path / "whole")
    assert files_of(tmp_path / "again") == whole
    moments, out = random.Random(20), tmp_path / "out"
    for _ in range(KILLS):
        process = start(tmp_path, "tiny.cntk")
        wait_for(process, "train command")
        time.sleep(moments.random() * span / 4)
        process.kill()
        process.communicate()
        if (out / "m.model").exists():
            finish(tmp_path, whole)
            shutil.rmtree(out)
    finish(tmp_path, whole)


def finish(folder: Path, whole: dict[str, bytes]) -> None:
    """Run the config to its end; its model and checkpoint must be those of the whole run."""
    done = run(folder, "bs-jit", "tiny.cntk")
    assert done.returncode == 0, done.stderr
    for name in ("m.model", "m.model.ckp"):
        assert (folder / "out" / name).read_bytes() == whole[name]


@contextmanager
def small_disk(folder: Path) -> Generator[bool]:
    """A file system of 64 KiB on `folder`, if this user may mount one."""
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    mounted = subprocess.run(line, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


IMPATIENT = ("--limit", "disk-full-seconds=0")


def test_a_full_disk_while_saving(tmp_path: Path) -> None:
    write_case(tmp_path)
    with small_disk(tmp_path / "out") as mounted:
        assert run(tmp_path, "bs-jit", "tiny.cntk").returncode == 0
        old = files_of(tmp_path / "out")
        if mounted:
            block = os.statvfs(tmp_path / "out")
            (tmp_path / "out" / "fill").write_bytes(b"0" * (block.f_bavail * block.f_bsize))
        done = subprocess.run(
            words_of("bs-jit", "tiny.cntk", "train=[makeMode=false]", *IMPATIENT),
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            preexec_fn=None if mounted else cap_files,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        reason = "No space left on device" if mounted else "File too large"
        assert reason in done.stderr
        assert "error[BS0508]" in done.stderr
        assert files_of(tmp_path / "out") == old
        assert not leftovers(tmp_path)


def test_a_run_waits_for_room_on_a_full_disk(tmp_path: Path) -> None:
    """Nothing is lost: when somebody makes room the run ends like one that met no full disk."""
    write_case(tmp_path)
    assert run(tmp_path, "bs-jit", "tiny.cntk", "modelPath=whole/m.model").returncode == 0
    with small_disk(tmp_path / "out") as mounted:
        if not mounted:
            pytest.skip("this user may not mount a small disk")
        fill, block = tmp_path / "out" / "fill", os.statvfs(tmp_path / "out")
        fill.write_bytes(b"0" * (block.f_bavail * block.f_bsize - 3 * block.f_bsize))
        process = start(tmp_path, "tiny.cntk")
        log = wait_for(process, "make room: the run waits for it")
        assert "warning[BS0508]" in log
        fill.unlink()
        assert process.stderr is not None
        process.stderr.read()
        assert process.wait() == 0
        assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def cap_files() -> None:
    """No file may grow beyond 64 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))


def test_a_full_disk_for_the_log(tmp_path: Path) -> None:
    write_case(tmp_path)
    done = run(tmp_path, "bs-jit", "tiny.cntk", "stderr=/dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    done = run(tmp_path, "bs-jit", "tiny.cntk", f"stderr={tmp_path}")
    assert done.returncode == 1
    assert "error[BS0724]" in done.stderr


@pytest.mark.parametrize("every", [0, 1, 10])
def test_a_criterion_that_becomes_infinite(every: int, tmp_path: Path) -> None:
    """Node, epoch and minibatch are those of the sample at fault, whatever the log shows."""
    rows = [f"|x {0.1 * i} 1 |y {1e30 if i == 29 else 0.5}\n" for i in range(SAMPLES)]
    write_case(tmp_path)
    (tmp_path / "train.ctf").write_text("".join(rows))
    shown = f"train=[SGD=[numMBsToShowResult={every}];reader=[randomize=false]]"
    done = run(tmp_path, "bs-jit", "tiny.cntk", shown)
    assert done.returncode == 1
    title = "the criterion 'ce' is infinite in epoch 1, minibatch 8"
    assert f"error[BS0708]: {title}\n" in done.stderr
    assert [p.name for p in sorted((tmp_path / "out").glob("m.model.?"))] == ["m.model.0"]


def peak_memory(folder: Path, *words: str) -> int:
    """The most memory, in KiB, that a run of `bs-jit` has had."""
    process = start(folder, "tiny.cntk", *words)
    assert process.stderr is not None
    log = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, log
    return used.ru_maxrss


@pytest.mark.parametrize(
    ("key", "few", "many"), [("epochSize", 4000, 400_000), ("maxEpochs", 2, 100)]
)
def test_memory_does_not_grow_with_the_run(key: str, few: int, many: int, tmp_path: Path) -> None:
    """A hundred thousand minibatches take no more than a thousand; an epoch leaves its name."""
    write_case(tmp_path)
    runs = [f"train=[makeMode=false;SGD=[{key}={count}]]" for count in (few, many)]
    run(tmp_path, "bs-jit", "tiny.cntk", runs[0])
    short, long = (peak_memory(tmp_path, words) for words in runs)
    assert long - short < 2048
