"""From a file of any kind to its text and language, and from IR text to a verified module."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from brainscript.diagnostic import (
    BrainScriptError,
    CommandLineError,
    Diagnostic,
    MissingFileError,
)
from brainscript.nearby import near_file
from brainscript.passes.ir_text import ir_text
from brainscript.runtime.model.loading import is_model, load_model

STDIN = "<stdin>"
EXTENSIONS = {
    ".cntk": "config",
    ".config": "config",
    ".cfg": "config",
    ".bs": "bs",
    ".ndl": "ndl",
    ".mel": "mel",
    ".mlir": "mlir",
}
PRINTED = "# Printed by bs-opt"
"""How the text that `--emit brainscript` writes begins."""
IR_MARKS = ("module {", "module attributes", '"builtin.', "bs.network", "net.network", "kern.func")
LAST_LEVELS = re.compile(r"^(define|declare) |^\t\.text$", re.MULTILINE)
"""Lines of LLVM IR and of assembly."""
LEVEL_MARKS = (
    ("bs.network", "bs"),
    ("kern.func", "kern"),
    ("sched.program", "sched"),
    ("net.write", "gradient"),
    ("net.accumulate", "gradient"),
)


@dataclass(frozen=True)
class Input:
    """One input: its name as the user wrote it, its text, and its language."""

    name: str
    text: str
    language: str


def read_input(name: str, language: str | None) -> Input:
    """Read the file `name`, or standard input for `-`, and tell its language.

    Raises MissingFileError when there is no such file, BrainScriptError when it cannot be read,
    CommandLineError when neither the extension nor the text tells the language.
    """
    if name == "-":
        text = _decoded(sys.stdin.buffer.read(), "standard input")
        return Input(STDIN, text, language or _language_of_text(text) or "bs")
    if is_model(name):
        return Input(name, _text_of_model(name), "mlir")
    text = _read(Path(name))
    return Input(name, text, language or _language_of_file(name, text))


def _text_of_model(name: str) -> str:
    model = load_model(name)
    return model.text if isinstance(model.text, str) else ir_text(model.module())


def level_of(module: ModuleOp) -> str:
    """The level of a module, by the operations in it."""
    names = {op.name for op in module.walk()}
    return next((level for mark, level in LEVEL_MARKS if mark in names), "net")


def _read(path: Path) -> str:
    try:
        return _decoded(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise MissingFileError(_unreadable(path, "no such file", near_file(path))) from None
    except OSError as error:
        raise BrainScriptError(_unreadable(path, error.strerror or str(error))) from None


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        title = f"cannot read '{name}': byte {error.start} is not UTF-8"
        raise BrainScriptError(Diagnostic("BS0904", title)) from None


def _unreadable(path: Path, reason: str, help: str = "") -> Diagnostic:
    return Diagnostic("BS0904", f"cannot read '{path}': {reason}", help=help)


def _language_of_file(name: str, text: str) -> str:
    extension = Path(name).suffix.lower()
    if text.lstrip().startswith("builtin.module"):
        return "mlir"
    if extension in EXTENSIONS:
        return EXTENSIONS[extension]
    if found := _language_of_text(text):
        return found
    title = f"cannot tell the language of '{name}'"
    help = "add --language config|bs|ndl|mel|mlir"
    if LAST_LEVELS.search(text):
        help = "LLVM IR and assembly are the last levels: nothing reads them back"
    raise CommandLineError(Diagnostic("BS0905", title, help=help))


def _language_of_text(text: str) -> str | None:
    if any(mark in text for mark in IR_MARKS):
        return "mlir"
    if text.startswith(PRINTED):
        return "bs"
    if any(word in text for word in ("NetworkBuilder", "command", "action")):
        return "config"
    return None
