"""BrainScript, compiled: `load`, `compile`, `train`, imported on demand: importing is cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brainscript.tools.wiring import compile, load, train

__version__ = "0.1.0"
__all__ = ["__version__", "compile", "load", "train"]


def __getattr__(name: str) -> Any:
    """Fetch a function of the Python API at first use."""
    if name in ("compile", "load", "train"):
        from brainscript.tools import wiring

        return getattr(wiring, name)
    raise AttributeError(f"module 'brainscript' has no attribute '{name}'")
