"""The index of diagnostic codes: code -> (title, explanation). `bs-opt --explain CODE` prints it.

Each area has a module of its own here and a range of numbers: `language` BS01xx reading and
parsing; `evaluation` BS03xx, of which `builders` has BS035x and BS036x,
`editing` BS037x and BS038x; `config` BS02xx;
`network` BS04xx; `model` BS05xx; `data` BS06xx; `training` BS07xx; `codegen` BS08xx; `tools`
BS09xx.
"""

from importlib import import_module

AREAS = (
    "language",
    "evaluation",
    "builders",
    "editing",
    "config",
    "network",
    "model",
    "data",
    "training",
    "codegen",
    "tools",
)


def all_codes() -> dict[str, tuple[str, str]]:
    """Every code with its title and its explanation."""
    table: dict[str, tuple[str, str]] = {}
    for area in AREAS:
        table |= import_module(f"brainscript.codes.{area}").CODES
    return table
