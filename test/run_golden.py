"""Compare `bs-jit` with recorded runs of CNTK, where a folder of such cases lies beside the tree.

`test/golden_open.txt` lists the cases that need parts which are not there yet; it only ever gets
shorter: a listed case that passes is a failure of this check, until its line is removed.
`test/golden_differences.txt` lists those where we do something else on purpose, with the reason.

All cases take some five minutes on two cores. `--third` runs a third of them, which third being
told by the commit, so that the next commit may run another; it is how `make check` runs them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from forkserver import started

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT.parent / "shared" / "golden"
OPEN = Path(__file__).with_name("golden_open.txt")
DIFFERENT = Path(__file__).with_name("golden_differences.txt")


def folders_of(third: bool) -> list[str]:
    """The folders of the cases, or of a third of them."""
    cases = sorted(p.parent for p in CASES.glob("*/*/expected.json"))
    if not third:
        return [str(p) for p in cases]
    command = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True).stdout
    wanted = zlib.crc32(commit) % 3
    print(f"third {wanted + 1} of 3, by the commit")
    return [str(p) for p in cases if zlib.crc32(p.name.encode()) % 3 == wanted]


def results(folders: list[str]) -> dict[str, str]:
    """The name of every case with the reason of its failure, empty when it passes."""
    with tempfile.TemporaryDirectory() as folder, started(folder, dict(os.environ)) as words:
        report = Path(folder) / "report.json"
        command = Path(folder) / "bs-jit"
        command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} bs-jit "$@"\n')
        command.chmod(0o755)
        checker = str(CASES / "check_golden.py")
        words = [sys.executable, checker, "--bs-jit", str(command), "--quiet"]
        limits = ["--jobs", "2", "--timeout", "60", "--json", str(report)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "BS_CRASH": "0"}
        subprocess.run([*words, *limits, *folders], env=environment, capture_output=True)
        cases = json.loads(report.read_text())["cases"]
    return {f"{case['area']}/{Path(case['name']).name}": case["reason"] for case in cases}


def main() -> int:
    """Run the cases; with `--update` rewrite the list of open ones, which may only shrink."""
    if not CASES.is_dir():
        print("no recorded runs beside this tree: 0 passed, 0 failed")
        return 0
    still_open = set(OPEN.read_text().split())
    found = results(folders_of("--third" in sys.argv))
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
