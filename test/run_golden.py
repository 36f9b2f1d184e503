"""Compare `bs-jit` with recorded runs of CNTK, where a folder of such cases lies beside the tree.

`test/golden_open.txt` lists the cases that need parts which are not there yet; it only ever gets
shorter: a listed case that passes is a failure of this check, until its line is removed.
`test/golden_differences.txt` lists those where we do something else on purpose, with the reason.

All cases take some eight minutes on two cores. `--half` runs every second one, which half being
told by the commit, so that the next commit may run the other; it is how `make check` runs them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT.parent / "shared" / "golden"
SERVER = Path(__file__).with_name("forkserver.py")
OPEN = Path(__file__).with_name("golden_open.txt")
DIFFERENT = Path(__file__).with_name("golden_differences.txt")


def folders_of(half: bool) -> list[str]:
    """The folders of the cases, or of every second one."""
    cases = sorted(p.parent for p in CASES.glob("*/*/expected.json"))
    if not half:
        return [str(p) for p in cases]
    command = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True).stdout
    wanted = zlib.crc32(commit) % 2
    return [str(p) for p in cases if zlib.crc32(p.name.encode()) % 2 == wanted]


def results(folders: list[str]) -> dict[str, str]:
    """The name of every case with the reason of its failure, empty when it passes."""
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "socket") as words:
        report = Path(folder) / "report.json"
        command = Path(folder) / "bs-jit"
        command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        command.chmod(0o755)
        checker = str(CASES / "check_golden.py")
        words = [sys.executable, checker, "--bs-jit", str(command), "--quiet"]
        limits = ["--jobs", "2", "--timeout", "60", "--json", str(report)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "BS_CRASH": "0"}
        subprocess.run([*words, *limits, *folders], env=environment, capture_output=True)
        cases = json.loads(report.read_text())["cases"]
    return {f"{case['area']}/{Path(case['name']).name}": case["reason"] for case in cases}


@contextmanager
def started(path: Path) -> Generator[list[str]]:
    """The server that forks the runs, and the words that ask it for one."""
    command = [sys.executable, str(SERVER), "serve", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as server:
        try:
            while not path.exists() and server.poll() is None:
                time.sleep(0.01)
            yield [sys.executable, "-I", "-S", str(SERVER), "run", str(path)]
        finally:
            server.communicate()


def main() -> int:
    """Run the cases; with `--update` rewrite the list of open ones, which may only shrink."""
    if not CASES.is_dir():
        print("no recorded runs beside this tree: 0 passed, 0 failed")
        return 0
    still_open = set(OPEN.read_text().split())
    found = results(folders_of("--half" in sys.argv))
    on_purpose = {line.split()[0] for line in DIFFERENT.read_text().splitlines()} & found.keys()
    still_open &= found.keys()
    failing = {name for name, reason in found.items() if reason} - on_purpose
    if "--update" in sys.argv:
        OPEN.write_text("".join(f"{n}\n" for n in sorted(failing & (still_open or failing))))
    broken = sorted(failing - still_open)
    mended = sorted(still_open - failing)
    for name in broken:
        print(f"FAIL {name}: {found[name]}")
    for name in mended:
        print(f"passes now, remove it from {OPEN.name}: {name}")
    passed = len(found) - len(failing) - len(on_purpose)
    print(
        f"{passed} passed, {len(broken) + len(mended)} failed, {len(still_open)} still open,"
        f" {len(on_purpose)} different on purpose, {len(found)} run"
    )
    return int(bool(broken or mended))


if __name__ == "__main__":
    sys.exit(main())
