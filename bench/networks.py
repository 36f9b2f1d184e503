"""The networks of the benches, with their shapes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from brainscript.dialects.registry import make_context


def network_of(*words: str) -> ModuleOp:
    """The network that `bs-opt` makes of a file and what else its command line says."""
    command = [sys.executable, "-m", "brainscript.tools.bs_opt", *words, "--emit", "net"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Parser(make_context(), text).parse_module()


def network_of_text(text: str) -> ModuleOp:
    """The network with these members."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "network.bs"
        source.write_text(text)
        return network_of(str(source))
