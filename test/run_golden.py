"""Compare `bs-jit` with recorded runs of CNTK, where a folder of such cases lies beside the tree.

`test/golden_open.txt` lists the cases that need parts which are not there yet; it only ever gets
shorter: a listed case that passes is a failure of this check, until its line is removed.
`test/golden_differences.txt` lists those where we do something else on purpose, with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT.parent / "shared" / "golden"
OPEN = Path(__file__).with_name("golden_open.txt")
DIFFERENT = Path(__file__).with_name("golden_differences.txt")


def results() -> dict[str, str]:
    """The name of every case with the reason of its failure, empty when it passes."""
    folders = sorted(str(p) for p in CASES.iterdir() if p.is_dir())
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = Path(folder) / "bs-jit"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m brainscript.tools.bs_jit "$@"\n')
        command.chmod(0o755)
        checker = str(CASES / "check_golden.py")
        words = [sys.executable, checker, "--bs-jit", str(command), "--quiet"]
        limits = ["--jobs", "2", "--timeout", "60", "--json", str(report)]
        environment = {"PYTHONPATH": str(ROOT), "BS_CRASH": "0"}
        subprocess.run(
            [*words, *limits, *folders], env={**os.environ, **environment}, capture_output=True
        )
        cases = json.loads(report.read_text())["cases"]
    return {f"{case['area']}/{Path(case['name']).name}": case["reason"] for case in cases}


def main() -> int:
    """Run all cases; with `--update` rewrite the list of open ones, which may only shrink."""
    if not CASES.is_dir():
        print("no recorded runs beside this tree: 0 passed, 0 failed")
        return 0
    still_open = set(OPEN.read_text().split())
    on_purpose = {line.split()[0] for line in DIFFERENT.read_text().splitlines()}
    found = results()
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
        f" {len(on_purpose)} different on purpose"
    )
    return int(bool(broken or mended))


if __name__ == "__main__":
    sys.exit(main())
