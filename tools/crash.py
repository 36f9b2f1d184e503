"""The record of an internal error: everything that reproduces it, and never data or weights."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

_TEXT: dict[str, str] = {"encoding": "utf-8", "errors": "backslashreplace"}
PAGE = """\
{command}: internal error. This is a fault of brainscript, not of your input.

  what       {what}
  version    brainscript {version}, Python {python}, {system}
  command    {line}
  {report}

The folder holds the sources, the command line, the IR before the failing pass and the traceback,
but no data and no weights. Attach it when you report the fault.
Run the same again with:  {rerun}
"""


@dataclass
class CrashRecord:
    """What has been seen so far; written out only when something goes wrong inside."""

    command: str
    arguments: list[str]
    sources: dict[str, str] = field(default_factory=dict[str, str])
    _module: Callable[[], Any] | None = None
    _pipeline: str = ""
    _text_of: Callable[[Any], str] | None = None

    def source(self, name: str, text: str) -> None:
        """Remember the text of an input."""
        self.sources[name] = text

    def printer(self, text_of: Callable[[Any], str]) -> None:
        """Say how a module is turned into text."""
        self._text_of = text_of

    def before_pass(self, module: Callable[[], Any], pipeline: str) -> None:
        """Remember how the module before the pass is made again, and what is still to run."""
        self._module, self._pipeline = module, pipeline

    def passes_done(self) -> None:
        """Forget the module: the passes went well."""
        self._module, self._pipeline = None, ""

    def write(self, error: BaseException) -> Path | None:
        """Write the crash folder; None when `BS_CRASH=0` or when it cannot be written."""
        if os.environ.get("BS_CRASH") == "0":
            return None
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = Path(os.environ.get("BS_CRASH_DIR", ".")) / f"bs-crash-{stamp}-{os.getpid()}"
        try:
            folder.mkdir(parents=True)
            self._fill(folder, error)
        except OSError:
            return None
        return folder

    def _fill(self, folder: Path, error: BaseException) -> None:
        (folder / "traceback.txt").write_text("".join(traceback.format_exception(error)), **_TEXT)
        facts = {
            "command": self.command,
            "arguments": self.arguments,
            "versions": versions(),
            "pipeline": self._pipeline,
        }
        (folder / "facts.json").write_text(json.dumps(facts, indent=1), **_TEXT)
        for number, (name, text) in enumerate(self.sources.items()):
            (folder / f"source-{number}-{Path(name).name or 'input'}").write_text(text, **_TEXT)
        if self._module is not None and self._text_of is not None:
            with suppress(Exception):  # what made the fault may also stop what came before it
                text = f"// pipeline: {self._pipeline}\n{self._text_of(self._module())}"
                (folder / "reproducer.mlir").write_text(text, **_TEXT)

    def page(self, error: BaseException, folder: Path | None) -> str:
        """One page for the user."""
        reproducer = folder and folder / "reproducer.mlir"
        if reproducer and reproducer.exists():
            rerun = f"bs-opt --run-reproducer {shlex.quote(str(reproducer))}"
        else:
            rerun = shlex.join([self.command, *self.arguments])
        return PAGE.format(
            command=self.command,
            what=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            version=versions()["brainscript"],
            python=platform.python_version(),
            system=platform.platform(),
            line=shlex.join([self.command, *self.arguments]),
            report=f"report     {folder}" if folder else "report     not written",
            rerun=rerun,
        )


def versions() -> dict[str, str]:
    """The versions that matter to a report."""
    import brainscript

    found = {"brainscript": brainscript.__version__, "python": sys.version.split()[0]}
    for name in ("xdsl", "llvmlite", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found
