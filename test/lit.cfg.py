"""How lit runs the FileCheck tests: the commands of this tree, forked by one server for all."""

import atexit
import contextlib
import os
import shlex
import sys
import tempfile
from pathlib import Path

import lit.formats

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "test"))
from forkserver import COMMANDS, started  # noqa: E402 (found by the line above)

config.name = "brainscript"
config.test_format = lit.formats.ShTest()
config.test_source_root = str(root / "test")
config.test_exec_root = str(root / "build" / "lit")
config.suffixes = [".mlir", ".bs"]
config.excludes = ["Inputs", "configs"]
for name in ("PATH", "HOME", "BS_NATIVE", "BS_TARGET", "XDG_CACHE_HOME"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
config.environment["PYTHONPATH"] = str(root)
config.environment["BS_CRASH"] = "0"
config.environment["NO_COLOR"] = "1"
until_the_end = contextlib.ExitStack()
atexit.register(until_the_end.close)
folder = until_the_end.enter_context(tempfile.TemporaryDirectory())
run = shlex.join(until_the_end.enter_context(started(folder, config.environment)))
config.substitutions += [(rf"\b{command}\b", f"{run} {command}") for command in COMMANDS]
