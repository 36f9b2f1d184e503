"""What strangers get wrong, and what they are told: a config with one mistake put in at a time.

`strangers.txt` has the mistakes, each with the diagnostics in full: what is replaced, `=>`, by
what, `->`, what is said. `python -m test.frontend.test_strangers` writes what is said anew.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from brainscript.tools import bs_jit

HERE = Path(__file__).parent
TABLE = HERE / "strangers.txt"
CONFIG = (HERE / "strangers.cntk").read_text()
LINE = "=" * 80 + "\n"


def cases() -> Iterator[tuple[str, str, str]]:
    """What is replaced, by what, and what is said then."""
    for block in TABLE.read_text().split(LINE):
        old, _, rest = block.partition("\n=>\n")
        new, _, said = rest.partition("\n->\n")
        yield old, new, said


def told(old: str, new: str) -> str:
    """What a dry run of the config with this mistake says; the log is left out."""
    assert old in CONFIG
    Path("net.cntk").write_text(CONFIG.replace(old, new, 1))
    log = io.StringIO()
    with redirect_stderr(log):
        code = bs_jit.main(["net.cntk", "--dry-run", "--no-cache"])
    text = log.getvalue()
    starts = [at for mark in ("error[", "warning[") if (at := text.find(mark)) >= 0]
    return f"exit {code}\n{text[min(starts) :].strip()}\n"


CASES = list(cases())


@pytest.mark.parametrize(("old", "new", "said"), CASES, ids=[new[:40] for _, new, _ in CASES])
def test_a_mistake(
    old: str, new: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(old, new) == said


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = [f"{old}\n=>\n{new}\n->\n{told(old, new)}" for old, new, _ in CASES]
    TABLE.write_text(LINE.join(found))


if __name__ == "__main__":
    sys.exit(_write())
