"""How lit runs the FileCheck tests: `bs-opt` and `bs-jit` of this tree, with the running Python."""

import os
import sys
from pathlib import Path

import lit.formats

root = Path(__file__).resolve().parent.parent
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
python = sys.executable
config.substitutions += [
    (r"\bbs-opt\b", f"{python} -m brainscript.tools.bs_opt"),
    (r"\bbs-jit\b", f"{python} -m brainscript.tools.bs_jit"),
]
