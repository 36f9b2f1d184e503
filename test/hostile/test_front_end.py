"""Hostile texts through `bs-opt`: an exit code and a diagnostic, in bounded time and memory."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "BS_CRASH": "0"}
MOST_MEMORY = 500 << 10
"""In kilobytes."""


def bound_addresses() -> None:
    """Stop a runaway before the machine suffers; the stack of the worker thread is included."""
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))


def peak_of(process: int) -> int:
    """The kilobytes of memory that a process had at most, seen until it ends.

    What `getrusage` tells begins with the memory of the process that started it.
    """
    peak, ended = 0, os.WEXITED | os.WNOWAIT | os.WNOHANG
    while os.waitid(os.P_PID, process, ended) is None:
        status = Path(f"/proc/{process}/status")
        found = re.search(r"VmHWM:\s*(\d+)", status.read_text()) if status.exists() else None
        peak = max(peak, int(found[1])) if found else peak
        time.sleep(0.01)
    return peak


def bs_opt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`; no input may take more than a few seconds or much memory."""
    words = [sys.executable, "-m", "brainscript.tools.bs_opt", *arguments]
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        process = subprocess.Popen(
            words, cwd=folder, env=HERE, stdout=out, stderr=err, preexec_fn=bound_addresses
        )
        watchdog = Timer(60, process.kill)
        watchdog.start()
        peak = peak_of(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        result = subprocess.CompletedProcess(words, process.returncode, out.read(), err.read())
    assert used.ru_utime + used.ru_stime < 10
    assert peak < MOST_MEMORY
    assert "Traceback" not in result.stderr
    return result


@pytest.mark.parametrize(
    ("name", "data", "code", "said"),
    [
        ("parentheses.bs", b"a = " + b"(" * 100_000, 4, "BS0127"),
        ("records.bs", b"{ a = " * 100_000, 1, "BS0123"),
        ("members.bs", b"a = " + b"[ a = " * 100_000, 4, "BS0127"),
        ("brackets.cntk", b"a = " + b"[" * 100_000, 4, "BS0220"),
        ("latin.bs", b"# \xe4\na = 1", 1, "is not UTF-8"),
        ("zero.cntk", b"a = 1\0", 1, "NUL byte at offset 5"),
        ("itself.bs", b'include "itself.bs"', 1, "includes itself"),
        ("quote.bs", b"a = 'b", 1, "quote.bs:1:5"),
    ],
)
def test_texts_that_cannot_be_parsed(
    tmp_path: Path, name: str, data: bytes, code: int, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    result = bs_opt(tmp_path, name, "--parse-only")
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.bs", b""),
        ("comments.bs", b"\xef\xbb\xbf# nothing\r\n// here"),
        ("long.bs", b"a = 1" + b" + 1" * 100_000),
        ("numbers.bs", b"a = " + b"9" * 5000 + b" b = 1e999 c = 0x" + b"f" * 5000),
    ],
)
def test_odd_texts_that_are_legal(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    result = bs_opt(tmp_path, name, "--parse-only")
    assert (result.returncode, result.stderr) == (0, "")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert bs_opt(tmp_path, "none.bs", "--parse-only").returncode == 3
    (tmp_path / "folder.bs").mkdir()
    assert bs_opt(tmp_path, "folder.bs", "--parse-only").returncode == 1
    (tmp_path / "a.bs").write_text('include "none.bs"')
    assert bs_opt(tmp_path, "a.bs", "--parse-only").returncode == 3


def test_variables_that_double_thirty_times(tmp_path: Path) -> None:
    lines = ["a0 = 0123456789", *(f"a{i} = $a{i - 1}$$a{i - 1}$" for i in range(1, 31))]
    lines.append("train = [ BrainScriptNetworkBuilder = { x = '$a30$' } ]")
    (tmp_path / "f.cntk").write_text("\n".join(lines))
    result = bs_opt(tmp_path, "f.cntk", "--parse-only")
    assert result.returncode == 4
    assert "BS0210" in result.stderr
